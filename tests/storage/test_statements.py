"""Tables that do not fit are an outage like any other; an entry's own fault is not: against a real PostgreSQL."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg2.extensions
import pytest

import logger
from logger import log_label, log_prediction
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.labels import Rules
from storage.spool import Entry
from storage.statements import Refused, Statements, _complete
from storage.writer import NotWritten, Writer
from support.outage import Disk, of_its_own, opened, run, started
from support.rows import ME, everything, row
from support.running_app import wait_until

COLUMN = "ALTER TABLE predictions ADD COLUMN extra integer NOT NULL", "ALTER TABLE predictions DROP COLUMN extra"
RENAMED = (
    "ALTER TABLE predictions RENAME COLUMN confidence TO certainty",
    "ALTER TABLE predictions RENAME COLUMN certainty TO confidence",
)
RETYPED = (
    "ALTER TABLE predictions DROP COLUMN elapsed_ms, ADD COLUMN elapsed_ms uuid",
    "ALTER TABLE predictions DROP COLUMN elapsed_ms, ADD COLUMN elapsed_ms real",
)
MISSING = "ALTER TABLE predictions RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO predictions"
RIGHTS = "REVOKE INSERT ON predictions FROM limited", "GRANT INSERT ON predictions TO limited"
NAMELESS = [
    ("ALTER TABLE installation RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO installation"),
    ("DELETE FROM installation", "INSERT INTO installation DEFAULT VALUES"),
]
NO_FIT = "The database's tables do not fit this version of the app."
NO_RIGHTS = "The app's database user lacks the rights that it needs."


@pytest.fixture(scope="module")
def own(server: EmbeddedServer) -> str:
    """A database whose tables may be changed, for a user who is no superuser."""
    dsn = of_its_own(server, "changing")
    run(dsn, "DROP ROLE IF EXISTS limited", "CREATE ROLE limited LOGIN", "GRANT CREATE ON SCHEMA public TO limited")
    with opened(dsn):  # which migrates it
        run(dsn, "GRANT ALL ON ALL TABLES IN SCHEMA public TO limited", "GRANT ALL ON SCHEMA public TO limited")
    return dsn


@pytest.fixture
def limited(own: str) -> Iterator[Database]:
    run(own, "TRUNCATE predictions, label_events")
    with opened(psycopg2.extensions.make_dsn(own, user="limited")) as database:
        yield database


@pytest.mark.parametrize(
    ("change", "reason"),
    [(COLUMN, NO_FIT), (RENAMED, NO_FIT), (RETYPED, NO_FIT), (MISSING, NO_FIT), (RIGHTS, NO_RIGHTS)],
    ids=["column", "renamed", "retyped", "missing", "rights"],
)
def test_tables_that_do_not_fit_are_an_outage_like_any_other(
    own: str, limited: Database, tmp_path: Path, change: tuple[str, str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    writer = started(limited, tmp_path)
    assert not log_prediction(writer, row()).result(10).spooled
    run(own, "DELETE FROM predictions", change[0])
    drawings = [row() for _ in range(3)]
    assert [log_prediction(writer, drawing).result(10).spooled for drawing in drawings] == [True] * 3
    assert log_label(writer, drawings[0].drawing_id, 4, ME).result(10).spooled
    time.sleep(1)
    assert writer.trouble == reason
    assert (writer.spooled, writer.spool.set_aside_count) == (4, 0)
    about_it = [record for record in caplog.records if record.name in ("storage.writer", "storage.database")]
    assert 1 <= len(about_it) <= 2, "it is said once, not at every attempt"
    run(own, change[1])
    wait_until(lambda: writer.spooled == 0 and writer.trouble is None, what="the delivery")
    assert [found for (found,) in everything(limited, "drawing_id")] == [drawing.drawing_id for drawing in drawings]
    assert not log_prediction(writer, row()).result(10).spooled
    assert writer.spool.set_aside_count == 0
    writer.close()


def test_a_full_disk_never_stops_writing_to_tables_that_fit_again(own: str, limited: Database, disk: Disk) -> None:
    run(own, COLUMN[0])
    try:
        writer = started(limited, disk.folder)
        first = row()
        assert log_prediction(writer, first).result(10).spooled
        time.sleep(1)  # the next attempt is not due for some time
        disk.fill()
    finally:
        run(own, COLUMN[1])
    assert not log_prediction(writer, row(image=b"x" * 4000)).result(10).spooled
    wait_until(lambda: writer.spooled == 0, what="the delivery")
    assert len(everything(limited, "id")) == 2
    writer.close()


@pytest.mark.parametrize(("unnamed", "named"), NAMELESS, ids=["no table", "no row"])
def test_a_database_without_a_name_gets_what_is_written_and_keeps_what_waits(
    own: str, limited: Database, tmp_path: Path, unnamed: str, named: str
) -> None:
    run(own, unnamed)
    try:
        writer = started(limited, tmp_path)
        assert not log_prediction(writer, row()).result(10).spooled
        assert writer.spool.owner is None
    finally:
        run(own, named)
    log_prediction(writer, row()).result(10)
    wait_until(lambda: writer.spool.owner is not None, what="the name")
    writer.close()


def test_attempts_on_tables_that_do_not_fit_become_rare(own: str, limited: Database, tmp_path: Path) -> None:
    writer = started(limited, tmp_path)
    run(own, COLUMN[0])
    try:
        log_prediction(writer, row()).result(10)
        time.sleep(3)
        before = attempts(own)
        time.sleep(3)
        assert attempts(own) - before <= 8, "one attempt takes up to four transactions"
    finally:
        run(own, COLUMN[1])
    writer.close()


def attempts(dsn: str) -> int:
    """How many transactions were rolled back so far: those of failed attempts."""
    with opened(dsn) as database, database.transaction() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")
        found = cursor.fetchone()
        assert found is not None
        return int(found[0])


def test_the_rows_of_a_batch_are_written_as_one_and_a_later_reading_of_a_drawing_wins(database: Database) -> None:
    entries = Statements(database, logger.statements(Rules()))
    first, second = row(), row()
    again, last = replace(first, predicted_digit=7), replace(first, predicted_digit=9)
    batch = [Entry("prediction", logger.parameters(each)) for each in (first, second, again, last)]
    assert entries.commit(batch) == [None] * 4
    assert everything(database, "drawing_id, predicted_digit") == [(first.drawing_id, 9), (second.drawing_id, 4)]
    with database.transaction() as cursor:
        statement = logger.statements(Rules())["prediction"]
        complete = _complete(cursor, statement, [each.parameters for each in batch])
    assert [each.count(b"INSERT") for each in complete] == [1, 1, 1], "a drawing twice in one would be refused"
    assert len(complete[0]) > len(complete[1])


def labelled(drawing: UUID, label: int) -> Entry:
    said = {"drawing_id": drawing, "label": label, "who": ME, "owner": None, "hasty": False, "crowded": False}
    return Entry("label", said)


def test_readings_between_labels_are_written_first_as_one_and_each_entry_gets_its_own_row(database: Database) -> None:
    entries = Statements(database, logger.statements(Rules()))
    drawn = [row() for _ in range(4)]
    batch = [
        entry
        for number, each in enumerate(drawn)
        for entry in (Entry("prediction", logger.parameters(each)), labelled(each.drawing_id, number))
    ]
    assert entries._order(batch) == [0, 2, 4, 6, 1, 3, 5, 7]
    rows = entries.commit(batch)
    assert rows[::2] == [None] * 4
    assert [found and found[0] for found in rows[1::2]] == [1] * 4
    assert everything(database, "drawing_id, true_label") == [(each.drawing_id, n) for n, each in enumerate(drawn)]


def test_a_reading_after_a_label_of_its_drawing_and_what_concerns_more_than_one_keep_their_places(
    database: Database,
) -> None:
    entries = Statements(database, logger.statements(Rules()))
    first, second = row(), row()
    again = replace(first, predicted_digit=7)
    readings = [Entry("prediction", logger.parameters(each)) for each in (first, again, second)]
    batch = [readings[0], labelled(first.drawing_id, 3), readings[1], readings[2]]
    assert entries._order(batch) == [0, 1, 2, 3]
    entries.commit(batch)
    kept = everything(database, "drawing_id, predicted_digit, true_label")
    assert kept == [(first.drawing_id, 7, 3), (second.drawing_id, 4, None)]
    somebody = Entry("label", {"visitor": ME})
    assert entries._order([somebody, *readings]) == [0, 1, 2, 3]


def test_an_entry_of_an_older_release_lacks_what_it_did_not_know_and_is_written(database: Database) -> None:
    entries = Statements(database, logger.statements(Rules()))
    known = logger.parameters(row())
    for name in ("shared_digit", "shared_probabilities", "strokes", "pen_width", "size", "slant"):
        del known[name]
    entries.commit([Entry("prediction", known), Entry("prediction", logger.parameters(row()))])
    assert everything(database, "shared_digit, strokes, slant") == [(None, None, None)] * 2
    with pytest.raises(Refused):
        entries.commit([Entry("prediction", {"drawing_id": known["drawing_id"]})])


@pytest.mark.parametrize("wrong", [lambda: row(visitor=None, model=None), lambda: row(confidence=None)])
def test_a_missing_value_of_its_own_is_the_entrys_fault(
    database: Database, writer: Writer, wrong: Callable[[], object]
) -> None:
    with pytest.raises(NotWritten):
        log_prediction(writer, wrong()).result(10)  # type: ignore[arg-type]
    assert writer.trouble is None
    assert writer.spooled == 0
