"""From the spool to a real PostgreSQL: in order, and what no database would accept is set aside, not in the way."""

from __future__ import annotations

import json
import logging
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from logger import PredictionRow, log_prediction, statements
from storage.database import Database
from storage.delivery import BATCH
from storage.labels import Rules
from storage.spool import Spool
from storage.writer import Writer
from support.rows import ME, everything, row
from support.running_app import wait_until

Form = tuple[str | None, str, str]
"""An entry as it is in the file: its owner, statement and parameters."""

# What the first release made, and every version since.
LAYOUT = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS entries (
  number INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT, statement TEXT NOT NULL, parameters TEXT NOT NULL);
"""


def kept_by_an_older_version(file: Path, entries: list[Form]) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(LAYOUT)
        connection.executemany("INSERT INTO entries (owner, statement, parameters) VALUES (?, ?, ?)", entries)


def sql(file: Path, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(statement, parameters).fetchall()


def prediction(drawing: PredictionRow, **changes: Any) -> Form:
    """As the first release wrote it, and the second; `changes` that are None are left out."""
    parameters = vars(drawing) | {"drawing_id": {"uuid": str(drawing.drawing_id)}, **changes}
    parameters["image"] = {"bytes": b64encode(drawing.image).decode()}
    return None, "prediction", json.dumps({name: value for name, value in parameters.items() if value is not None})


def again(drawing: PredictionRow) -> Form:
    return None, "again", prediction(drawing)[2]


def label(drawing_id: UUID, digit: int, who: str = ME) -> Form:
    parameters = {"drawing_id": {"uuid": str(drawing_id)}, "label": digit, "who": who, "owner": None}
    return None, "label", json.dumps(parameters)


def removal(drawing_id: UUID) -> Form:
    return None, "remove", json.dumps({"drawing_id": {"uuid": str(drawing_id)}, "visitor": ME})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite"


@pytest.fixture
def owner(database: Database) -> str:
    with database.transaction() as cursor:
        cursor.execute("SELECT id::text FROM installation")
        found = cursor.fetchone()
        assert found is not None
        return str(found[0])


@contextmanager
def delivered(database: Database, file: Path) -> Iterator[Writer]:
    """A writer that has delivered what is in the file."""
    writer = Writer(database, Spool(file), statements(Rules()))
    writer.open()
    try:
        assert not log_prediction(writer, row()).result(10).spooled, "what comes now is not affected"
        wait_until(lambda: writer.spooled == 0, what="the delivery")
        yield writer
    finally:
        writer.close()


@pytest.mark.parametrize("owned", [True, False], ids=["owned", "before any database was seen"])
def test_every_form_that_was_ever_kept_is_delivered(database: Database, file: Path, owner: str, owned: bool) -> None:
    kept, other, gone = row(), row(image=b"another picture"), row()
    forms = [
        *(prediction(kept), label(kept.drawing_id, 4), label(kept.drawing_id, 9)),
        *(prediction(other), again(row(drawing_id=other.drawing_id, predicted_digit=1)), prediction(gone)),
        *(removal(gone.drawing_id), label(other.drawing_id, 4, "api")),
    ]
    kept_by_an_older_version(file, [(owner if owned else None, *form[1:]) for form in forms])
    with delivered(database, file) as writer:
        assert writer.spool.set_aside_count == 0
    found = everything(database, "drawing_id, predicted_digit, true_label")
    assert found[:2] == [(kept.drawing_id, 4, 9), (other.drawing_id, 1, 4)]
    assert len(found) == 3
    assert everything(database, "who, old_label, new_label", "label_events") == [
        *((ME, None, 4), (ME, 4, 9)),
        ("api", None, 4),
    ]


BAD_FORMS = {
    "without a parameter, as a version before it": (prediction(row(), elapsed_ms=None), "'elapsed_ms' is missing"),
    "of a statement that a later version had": ((None, "stroke", "{}"), "no statement 'stroke'"),
    "of broken JSON": ((None, "prediction", '{"drawing_id": '), "cannot be read"),
    "of another JSON": ((None, "prediction", "[1, 2]"), "cannot be read"),
    "of a broken id": ((None, "label", '{"drawing_id": {"uuid": "x"}}'), "cannot be read"),
    "refused by a CHECK": (prediction(row(source="telepathy")), "violates check constraint"),
    "out of range": (prediction(row(predicted_digit=10**6)), "out of range"),
    "with a NUL": (prediction(row(source="a\0b")), "NUL"),
    "with half a character": (prediction(row(source="\ud800")), "surrogates"),
    "of nested values": (prediction(row(), probabilities=[{"a": 1}]), "can't adapt"),
    "of a wrong type": (prediction(row(), predicted_digit=True), "is of type smallint"),
    "of an id that is none": (prediction(row(), drawing_id=5), "is of type uuid"),
    "of a value that is null": ((None, "prediction", prediction(row())[2].replace("1.5", "null")), "null value"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD_FORMS.values(), ids=BAD_FORMS.keys())
def test_what_no_database_would_accept_is_set_aside_and_the_others_are_delivered_in_order(
    database: Database, file: Path, bad: Form, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = [row() for _ in range(3)]
    kept_by_an_older_version(file, [prediction(good[0]), bad, prediction(good[1]), prediction(good[2])])
    with delivered(database, file) as writer:
        assert writer.spool.set_aside_count == 1
        assert writer.trouble is None
    found = [drawing_id for (drawing_id,) in everything(database, "drawing_id")]
    assert found[:3] == [drawing.drawing_id for drawing in good]
    assert len(found) == 4
    ((number, statement, parameters, why),) = sql(file, "SELECT number, statement, parameters, reason FROM set_aside")
    assert (number, statement, parameters) == (2, *bad[1:]), "as it came"
    assert reason in why
    assert len([record for record in caplog.records if "is set aside" in record.message]) == 1
    with delivered(database, file) as writer:
        assert writer.spool.set_aside_count == 1, "still there after a restart, and tried no more"


def test_one_that_is_alone_is_set_aside_as_well(database: Database, file: Path) -> None:
    kept_by_an_older_version(file, [prediction(row(), elapsed_ms=None)])
    with delivered(database, file) as writer:
        assert writer.spool.set_aside_count == 1


def test_many_bad_ones_among_many_good_ones(database: Database, file: Path) -> None:
    good = [row() for _ in range(BATCH + 50)]
    forms = [form for drawing in good for form in (prediction(drawing), (None, "stroke", "{}"))]
    kept_by_an_older_version(file, forms)
    with delivered(database, file) as writer:
        assert writer.spool.set_aside_count == len(good)
    found = [drawing_id for (drawing_id,) in everything(database, "drawing_id")]
    assert found[: len(good)] == [drawing.drawing_id for drawing in good]


def test_what_belongs_to_a_drawing_that_is_set_aside_stays_with_it(database: Database, file: Path) -> None:
    bad, known, mended = row(), row(), row()
    unknown = uuid4()
    forms = [
        *(prediction(bad, elapsed_ms=None), label(bad.drawing_id, 4), removal(bad.drawing_id)),
        *(prediction(known), prediction(known, elapsed_ms=None), label(known.drawing_id, 7)),
        *(prediction(mended, elapsed_ms=None), prediction(mended), label(mended.drawing_id, 5)),
        label(unknown, 3),
    ]
    kept_by_an_older_version(file, forms)
    with delivered(database, file) as writer:
        assert writer.spool.set_aside_count == 5
    aside = sql(file, "SELECT number, statement, reason LIKE '%same drawing%' FROM set_aside ORDER BY number")
    assert aside == [
        *((1, "prediction", 0), (2, "label", 1), (3, "remove", 1)),
        *((5, "prediction", 0), (7, "prediction", 0)),
    ]
    assert everything(database, "drawing_id, true_label")[:2] == [(known.drawing_id, 7), (mended.drawing_id, 5)]


def test_an_older_version_reads_and_empties_the_file_of_this_one(database: Database, file: Path, owner: str) -> None:
    kept_by_an_older_version(file, [prediction(row(), elapsed_ms=None)])
    with delivered(database, file):
        pass
    # What the versions before this one execute when they open the file, deliver from it and add to it.
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(LAYOUT)
    sql(file, "UPDATE entries SET owner = ? WHERE owner IS NULL", (owner,))
    drawing = row()
    sql(file, "INSERT INTO entries (owner, statement, parameters) VALUES (?, ?, ?)", (owner, *prediction(drawing)[1:]))
    read = "SELECT number, statement, parameters FROM entries WHERE owner = ? ORDER BY number LIMIT ?"
    ((number, *form),) = sql(file, read, (owner, 200))
    assert (number, *form) == (2, *prediction(drawing)[1:])
    sql(file, "DELETE FROM entries WHERE owner = ? AND number <= ?", (owner, 1))
    with delivered(database, file) as writer:
        assert writer.spool.set_aside_count == 1
    assert everything(database, "drawing_id")[1] == (drawing.drawing_id,)


def test_what_is_meant_for_another_database_stays(database: Database, file: Path) -> None:
    kept_by_an_older_version(file, [("another", *prediction(row())[1:]), ("another", "stroke", "{")])
    with delivered(database, file) as writer:
        assert writer.spool.set_aside_count == 0
    assert sql(file, "SELECT count(*) FROM entries") == [(2,)]
    assert len(everything(database, "id")) == 1


def test_a_delivery_says_once_what_it_has_done(
    database: Database, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    kept_by_an_older_version(file, [prediction(row()), prediction(row())])
    with delivered(database, file):
        pass
    assert [record.message for record in caplog.records if "from the spool" in record.message] == [
        "2 entries delivered from the spool, 0 left"
    ]
