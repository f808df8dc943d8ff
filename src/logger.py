"""The thin layer between the app and its table: one row per drawing, and a trace of every label.

Writing goes through the writer: each call returns a future that is done when the row is safe. Reading goes to the
database, and raises DatabaseAway where it is unavailable. Repeating a call changes nothing.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import metrics
from storage.database import Database
from storage.labels import LABEL, Rules, label_statement
from storage.removal import REMOVE
from storage.spool import Entry
from storage.statements import Statement
from storage.writer import Writer, Written


@dataclass(frozen=True)
class PredictionRow:
    """What is kept of a reading, by its columns in sql/; what has a default is not known of every one."""

    drawing_id: UUID
    predicted_digit: int
    confidence: float
    probabilities: tuple[float, ...]
    digit_score: float
    image: bytes
    source: str
    visitor: str | None
    model: str
    model_version: int
    elapsed_ms: float
    shared_digit: int | None = None
    shared_probabilities: tuple[float, ...] | None = None
    strokes: str | None = None
    pen_width: float | None = None
    size: float | None = None
    slant: float | None = None


@dataclass(frozen=True)
class RecentDrawing:
    """A visitor's drawing, as their list shows it. `true_label` is 0-9 or NOT_A_DIGIT; None while there is none."""

    drawing_id: UUID
    created_at: datetime
    predicted_digit: int
    true_label: int | None
    confidence: float
    image: bytes
    digit_score: float
    model: str
    model_version: int


_COLUMNS = [field.name for field in fields(PredictionRow)]
_READING = [name for name in _COLUMNS if name not in ("drawing_id", "source", "visitor")]
_ANSWER = [name for name in _READING if name not in ("image", "strokes", "pen_width", "size", "slant")]
_OPTIONAL = {field.name: None for field in fields(PredictionRow) if field.default is None}

# A drawing is read after every stroke, and each reading replaces the one before; its label and its owner stay. Another
# visitor's row is left as it is.
_LOG_PREDICTION = f"""
INSERT INTO predictions ({", ".join(_COLUMNS)}) VALUES {{rows}}
ON CONFLICT (drawing_id) DO UPDATE SET {", ".join(map("{0} = excluded.{0}".format, _READING))}
WHERE predictions.visitor IS NOT DISTINCT FROM excluded.visitor
"""  # noqa: S608 - the names stand above
_ROW = f"({', '.join(map('%({})s'.format, _COLUMNS))})"

# A new reading of a drawing that was kept before: one that was deleted meanwhile stays deleted.
_LOG_AGAIN = f"""
WITH changed AS (
    UPDATE predictions SET {", ".join(map("{0} = %({0})s".format, _ANSWER))}
    WHERE drawing_id = %(drawing_id)s AND visitor = %(visitor)s RETURNING 1
)
SELECT count(*) FROM changed
"""  # noqa: S608 - as above

_RECENT = f"""
SELECT drawing_id, created_at, predicted_digit, {LABEL}, confidence, image, digit_score, model, model_version
FROM predictions WHERE visitor = %s ORDER BY id DESC LIMIT %s
"""  # noqa: S608 - as above


def statements(rules: Rules) -> dict[str, Statement]:
    """The statements that the writer knows by name; the rules say which labels are approved at once."""
    return {
        "prediction": Statement(_LOG_PREDICTION, _OPTIONAL, row=_ROW),
        "again": Statement(_LOG_AGAIN, _OPTIONAL, returns=True),
        "label": label_statement(rules),
        "remove": REMOVE,
    }


def log_prediction(writer: Writer, row: PredictionRow) -> Future[Written]:
    """Write a reading; a second one of the same drawing replaces the first."""
    start, written = time.perf_counter(), writer.submit(Entry("prediction", parameters(row)))
    written.add_done_callback(lambda done: None if done.exception() else metrics.took("log", start))
    return written


def log_again(writer: Writer, row: PredictionRow) -> Future[Written]:
    """Write a new reading of a visitor's own, kept drawing; the row says how many (0 or 1) were found."""
    return writer.submit(Entry("again", parameters(row)))


def log_label(
    writer: Writer,
    drawing_id: UUID,
    label: int,
    who: str,
    owner: str | None = None,
    hasty: bool = False,
    crowded: bool = False,
) -> Future[Written]:
    """Write what a drawing, perhaps only an `owner`'s, really is (0-9 or NOT_A_DIGIT), and who said so; a LabelRow.

    Of its address, whether nameless labels from there are `hasty`, and new names `crowded`.
    """
    said = {"drawing_id": drawing_id, "label": label, "who": who, "owner": owner, "hasty": hasty, "crowded": crowded}
    written = writer.submit(Entry("label", said))
    written.add_done_callback(lambda done: metrics.count_label("failed" if done.exception() else done.result().outcome))
    return written


def remove(writer: Writer, drawing_id: UUID, visitor: str) -> Future[Written]:
    """Delete a visitor's own drawing, with its trace; a row of how many (0 or 1) there were, and what was removed."""
    return writer.submit(Entry("remove", {"drawing_id": drawing_id, "visitor": visitor}))


def parameters(row: PredictionRow) -> dict[str, Any]:
    """The parameters of the statement that writes a row."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(row).items()}


def recent(database: Database, visitor: str, limit: int = 12) -> list[RecentDrawing]:
    """A visitor's own newest drawings, newest first."""
    with database.transaction() as cursor:
        cursor.execute(_RECENT, (visitor, limit))
        return [RecentDrawing(*row) for row in cursor.fetchall()]
