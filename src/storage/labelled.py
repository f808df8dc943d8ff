"""Labelled drawings on their way out: all of one moment, in batches, in an order that says nothing of their people.

A row has what a data set needs, and nothing that leads back to a person: no visitor, no id, no time but the month.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

import psycopg2

from storage.database import Connection, Database, DatabaseAway
from storage.labels import LABEL, Reason
from storage.outages import sentence
from storage.selection import READ_AS, Selection

WINDOW = 2_000  # rows of the table that one statement looks at, so that none takes long, whatever the filters
MOST = 10_000  # rows that one statement returns: only ids that somebody has chosen lie closer together
LONGEST_PAUSE = "10min"  # between two batches: a download that stalls for longer is ended by the server

# Ids are random, so their order is a shuffled one, and equal parts of their range have about as many rows each.
_RANGE = 2**128

# A seventh of the pictures, as of MNIST's. A picture decides for itself, so that one that was sent twice is never in
# both; whose it is plays no part.
_TEST = "(get_byte(sha256(image), 31) < 37)"
# What frames.preprocessing.to_png writes begins like this: the header of a grey PNG of 28x28 pixels.
_HEADER = "89504e470d0a1a0a0000000d494844520000001c0000001c0800"
_LOOKED_AT = f"""
FROM predictions
WHERE drawing_id >= %(low)s AND drawing_id <= %(high)s AND labelled_at IS NOT NULL AND review = ANY(%(reviews)s)
      AND substring(image FROM 1 FOR {len(_HEADER) // 2}) = decode('{_HEADER}', 'hex')
"""
_MONTH = "to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM')"
_CHECK = f"""
CASE WHEN review = 'pending' THEN 'waits' WHEN reviewer = 'admin' THEN 'person'
     WHEN review_reason = '{Reason.CORROBORATED}' THEN 'corroborated' ELSE 'plausible' END
"""

_DRAWINGS = f"""
SELECT drawing_id, image, {LABEL}, {_TEST}, {READ_AS}, (coalesce(shared_probabilities, probabilities))[{READ_AS} + 1],
       source, model, model_version, {_MONTH}, {_CHECK}, strokes
{_LOOKED_AT}
"""
_GROUPS = f"""
SELECT {LABEL}, {_TEST}, source, model, model_version, {_MONTH}, {_CHECK}, strokes IS NOT NULL, count(*)
{_LOOKED_AT}
"""


class LabelledDrawing(NamedTuple):
    """A drawing, a PNG of 28x28 pixels, with its label, 0-9 or NOT_A_DIGIT.

    `read_as` is what everybody's model read, with that `confidence` (0-1); `month` is like 2026-11, in UTC.
    `check` is how the label was checked: "person", decided on by an administrator; "corroborated" by the comparison
    with others'; "plausible", approved as nothing spoke against it; or "waits" for review. `strokes` are lists of
    points [x, y] in canvas pixels, None where there was no canvas.
    """

    image: bytes
    label: int
    test: bool
    read_as: int
    confidence: float
    source: str
    model: str
    model_version: int
    month: str
    check: str
    strokes: list[list[list[float]]] | None


class Group(NamedTuple):
    """What drawings that are counted together have in common."""

    label: int
    test: bool
    source: str
    model: str
    model_version: int
    month: str
    check: str
    has_strokes: bool


@dataclass(frozen=True)
class Wanted:
    """Which labelled drawings: of a selection, those approved for training, or all that are not rejected."""

    selection: Selection = field(default_factory=Selection)
    unreviewed: bool = False

    @property
    def reviews(self) -> list[str]:
        """The reviews that a label may have."""
        return ["approved", "pending"] if self.unreviewed else ["approved"]


@contextmanager
def snapshot(database: Database, wanted: Wanted) -> Iterator[Snapshot]:
    """The labelled drawings of this moment, however long reading them takes. Raises DatabaseAway, while reading too."""
    with database.connection() as connection:
        try:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = %s", (LONGEST_PAUSE,))
            yield Snapshot(connection, wanted)
        except psycopg2.Error as error:
            raise DatabaseAway(sentence(error)) from error


class Snapshot:
    """Labelled drawings as they were at one moment: each pass sees the same ones, in the same order."""

    def __init__(self, connection: Connection, wanted: Wanted) -> None:
        self._connection = connection
        self._selected, self._parameters = wanted.selection.where()
        self._parameters["reviews"] = wanted.reviews
        ((last,),) = self._rows("SELECT coalesce(max(id), 0) FROM predictions", {})
        self._windows = max(1, last // WINDOW)

    def groups(self) -> Counter[Group]:
        """How many drawings there are of each kind."""
        counts: Counter[Group] = Counter()
        sql = f"{_GROUPS} AND {self._selected} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
        for low, high in self._ranges():
            for *group, count in self._rows(sql, {"low": low, "high": high}):
                counts[Group(*group)] += count
        return counts

    def drawings(self, condition: str = "true") -> Iterator[list[LabelledDrawing]]:
        """The drawings in batches; `condition`, in the words of this module, leaves others out."""
        sql = f"{_DRAWINGS} AND {self._selected} AND {condition} ORDER BY drawing_id LIMIT {MOST}"
        for low, high in self._ranges():
            while rows := self._rows(sql, {"low": low, "high": high}):
                yield [LabelledDrawing(*row[1:]) for row in rows]
                if len(rows) < MOST:
                    break
                low = UUID(int=rows[-1][0].int + 1)

    def _ranges(self) -> Iterator[tuple[UUID, UUID]]:
        bounds = [_RANGE * n // self._windows for n in range(self._windows + 1)]
        return ((UUID(int=low), UUID(int=after - 1)) for low, after in pairwise(bounds))

    def _rows(self, sql: str, range_: dict[str, UUID]) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, self._parameters | range_)
            return cursor.fetchall()


DIGITS_TO_TRAIN = f"NOT not_a_digit AND NOT {_TEST}"
DIGITS_TO_TEST = f"NOT not_a_digit AND {_TEST}"
NO_DIGITS = "not_a_digit"
