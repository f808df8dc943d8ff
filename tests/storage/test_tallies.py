"""The tallies that the database keeps are those of the rows, whatever is done to the rows, by however many at once.

Covers src/storage: recounting.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg2
import pytest

from storage.database import Database, DatabaseAway
from storage.embedded import EmbeddedServer
from storage.insights import figures
from storage.recounting import Difference, differences, repair
from support.rows import insert

START = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
WRITERS = 8


def execute(database: Database, statement: str, *parameters: object) -> None:
    with database.transaction() as cursor:
        cursor.execute(statement, parameters or None)


def one(database: Database, query: str, *parameters: object) -> object:
    with database.transaction() as cursor:
        cursor.execute(query, parameters)
        (value,) = cursor.fetchone() or (None,)
    return value


def tallied(database: Database, condition: str = "true") -> object:
    query = f"SELECT coalesce(sum(drawings), 0)::int FROM current_tallies WHERE step = 'day' AND {condition}"  # noqa: S608 - the test's own
    return one(database, query)


@pytest.mark.parametrize("folded", [False, True])
def test_a_row_is_counted_as_it_is_now(database: Database, folded: bool) -> None:
    def fold() -> None:
        if folded:
            execute(database, "SELECT fold_tallies()")

    (drawing,) = insert(database, predicted_digit=4, source="upload")
    fold()
    assert tallied(database, "predicted = 4 AND personal = -1 AND label = -1 AND source = 'upload'") == 1
    change = "UPDATE predictions SET true_label = 9, labelled_at = now(), review = 'approved' WHERE drawing_id = %s"
    execute(database, change, drawing)
    fold()
    assert tallied(database, "label = 9") == 1
    execute(database, "UPDATE predictions SET review = 'rejected' WHERE drawing_id = %s", drawing)
    fold()
    assert tallied(database, "label = -1") == 1, "a rejected label counts as none"
    not_one = "UPDATE predictions SET true_label = NULL, not_a_digit = true, review = 'pending' WHERE drawing_id = %s"
    execute(database, not_one, drawing)
    fold()
    assert tallied(database, "label = 10") == 1
    assert tallied(database) == 1
    assert differences(database) == []
    execute(database, "DELETE FROM predictions WHERE drawing_id = %s", drawing)
    fold()
    assert tallied(database) == 0
    assert differences(database) == []


def test_what_everybodys_and_what_a_persons_model_read_are_counted_apart(database: Database) -> None:
    insert(database, predicted_digit=1, shared_digit=7, shared_probabilities=[0.02] * 7 + [0.8] + [0.03] * 2)
    assert tallied(database, "predicted = 7 AND personal = 1") == 1
    slots = "SELECT array_agg(slot) FROM current_distributions WHERE step = 'hour' AND measure = 'confidence'"
    assert one(database, slots) == [16], "the confidence is everybody's model's"


def test_measures_fall_into_their_slots(database: Database) -> None:
    insert(
        database, confidence=1, elapsed_ms=0.05, pen_width=0.129, size=1, slant=-12.5, predicted_digit=3, true_label=3,
        labelled_at=START, review="approved",
    )  # fmt: skip
    insert(database, confidence=0.5, elapsed_ms=1.0)
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT measure, outcome, slot FROM current_distributions WHERE step = 'month' ORDER BY measure, slot"
        )
        assert cursor.fetchall() == [
            ("confidence", -1, 10), ("confidence", 1, 19), ("elapsed", -1, 0), ("elapsed", -1, 12),
            ("pen_width", -1, 12), ("size", -1, 19), ("slant", -1, 15),
        ]  # fmt: skip


def test_rows_that_go_for_their_age_stay_counted_and_others_do_not(database: Database) -> None:
    old, gone = insert(database, 2, created_at=START)
    with database.transaction() as cursor:
        cursor.execute("SET LOCAL digit_reader.expiring = 'on'")
        cursor.execute("DELETE FROM predictions WHERE drawing_id = %s", (old,))
    execute(database, "DELETE FROM predictions WHERE drawing_id = %s", gone)
    assert figures(database, START.date()).total.predictions == 1
    assert differences(database) == []
    execute(database, "SELECT fold_tallies()")
    assert figures(database, START.date()).total.predictions == 1
    assert differences(database) == []


def test_what_was_imported_is_not_counted(database: Database) -> None:
    (drawing,) = insert(database, source="import")
    insert(database)
    change = "UPDATE predictions SET true_label = 9, labelled_at = now(), review = 'approved' WHERE drawing_id = %s"
    execute(database, change, drawing)
    assert tallied(database) == 1
    execute(database, "DELETE FROM predictions WHERE drawing_id = %s", drawing)
    assert tallied(database) == 1
    assert differences(database) == []


def test_a_difference_is_found_and_repaired(database: Database) -> None:
    insert(database, 3, created_at=START)
    execute(database, "SELECT fold_tallies()")
    execute(database, "UPDATE tallies SET drawings = drawings + 2 WHERE step = 'day'")
    execute(database, "DELETE FROM distributions WHERE step = 'hour' AND measure = 'confidence'")
    day = datetime(2026, 3, 1, tzinfo=UTC)
    found = differences(database)
    assert Difference("tallies", ("day", day, "cnn", 1, "canvas", 7, -1, -1), -2) in found
    assert [(each.table, each.missing) for each in found] == [("tallies", -2), ("distributions", 3)]
    assert repair(database) == 2
    assert differences(database) == []
    assert tallied(database) == 3


@pytest.fixture
def wide(server: EmbeddedServer, database: Database) -> Iterator[Database]:
    """A database with a connection for each writer."""
    wide = Database(server, pool_size=WRITERS)
    wide.open()
    assert wide.wait_until_ready(60)
    yield wide
    wide.close(stop_server=False)


class Hand:
    """Inserts, labels, rejects, reads anew, deletes, lets rows expire, and folds, in an order of chance."""

    def __init__(self, database: Database, seed: int) -> None:
        self._database, self._chance = database, random.Random(seed)
        self._rows: list[UUID] = []
        self.error: Exception | None = None

    def write_until(self, end: float) -> None:
        deeds = [self.insert, self.insert, self.insert, self.label, self.label, self.read_anew, self.delete, self.fold]
        try:
            while time.monotonic() < end:
                self._chance.choice(deeds)()
        except (DatabaseAway, psycopg2.Error) as error:
            self.error = error

    def insert(self) -> None:
        at = START + timedelta(hours=self._chance.randrange(48))
        count, digit = self._chance.randrange(1, 5), self._chance.randrange(10)
        self._rows += insert(self._database, count, created_at=at, predicted_digit=digit)

    def label(self) -> None:
        said = "UPDATE predictions SET true_label = %s, labelled_at = now(), review = %s WHERE drawing_id = ANY (%s)"
        review = self._chance.choice(["approved", "rejected"])
        execute(self._database, said, self._chance.randrange(10), review, self._some())

    def read_anew(self) -> None:
        read = "UPDATE predictions SET predicted_digit = %s, confidence = %s WHERE drawing_id = ANY (%s)"
        execute(self._database, read, self._chance.randrange(10), self._chance.random(), self._some())

    def delete(self) -> None:
        some = self._some()
        with self._database.transaction() as cursor:
            if self._chance.random() < 0.5:
                cursor.execute("SET LOCAL digit_reader.expiring = 'on'")
            cursor.execute("DELETE FROM predictions WHERE drawing_id = ANY (%s)", (some,))
        self._rows = [each for each in self._rows if each not in some]

    def fold(self) -> None:
        execute(self._database, "SELECT fold_tallies()")

    def _some(self) -> list[UUID]:
        return self._chance.sample(self._rows, min(len(self._rows), 3))


def test_eight_writers_at_once_lose_no_count_and_no_deadlock_stops_them(wide: Database) -> None:
    hands, end = [Hand(wide, seed) for seed in range(WRITERS)], time.monotonic() + 4
    threads = [threading.Thread(target=each.write_until, args=(end,)) for each in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.error for each in hands] == [None] * WRITERS
    assert differences(wide) == []
    rows = one(wide, "SELECT count(*)::int FROM predictions")
    expired = one(wide, "SELECT sum(expired)::int FROM current_tallies WHERE step = 'day'")
    assert isinstance(rows, int)
    assert isinstance(expired, int)
    assert rows > 100
    assert expired > 0
    assert tallied(wide) == rows + expired


def test_rows_fold_by_themselves(database: Database) -> None:
    """Though nobody reads: what a reader has to add up stays short."""
    for _ in range(20):
        insert(database, 1000)
    waiting = one(database, "SELECT count(*) FROM tally_changes")
    assert isinstance(waiting, int)
    assert waiting <= 1000, "a thousand changes are always followed by folding"
    assert tallied(database) == 20_000
