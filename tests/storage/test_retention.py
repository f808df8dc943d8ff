"""Unlabelled drawings go for their age, labelled ones stay, and the tallies keep counting both.

Covers src/storage: retention, sweeping.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from metrics import REGISTRY
from storage.database import Database, DatabaseAway
from storage.embedded import EmbeddedServer
from storage.insights import figures
from storage.recounting import differences
from storage.retention import BATCH
from storage.sweeping import SWEEPING_LOCK, Sweeper
from storage.writer import Writer
from support.labelling import say
from support.rows import ME, everything, insert
from support.running_app import wait_until

NOW = datetime.now(UTC)
OLD, YOUNG = NOW - timedelta(days=91), NOW - timedelta(days=89)
LABELLED = {"labelled_at": NOW, "true_label": 7, "review": "approved"}


@pytest.fixture
def sweeper(database: Database) -> Iterator[Sweeper]:
    sweeper = Sweeper(database, 90)
    yield sweeper
    sweeper.close()


def test_old_unlabelled_drawings_go_and_nothing_else(database: Database, writer: Writer, sweeper: Sweeper) -> None:
    withdrawn, _ = say(writer, 4)
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE predictions SET true_label = NULL, labelled_at = NULL, review = 'unlabelled', created_at = %s",
            (OLD,),
        )
    insert(database, 3, created_at=OLD, confidence=0.3)
    insert(database, 2, created_at=OLD, source="api", visitor=None)
    stay = insert(database, created_at=OLD, **LABELLED)
    stay += insert(database, created_at=OLD, labelled_at=NOW, not_a_digit=True, review="pending")
    stay += insert(database, created_at=OLD, **LABELLED | {"review": "rejected"})
    stay += insert(database, 2, created_at=YOUNG)
    assert figures(database, OLD.date()).total.predictions == 11
    before = REGISTRY.get_sample_value("digit_reader_expired_drawings_total") or 0
    assert sweeper.sweep() == 6
    assert [drawing for (drawing,) in everything(database, "drawing_id")] == stay
    assert everything(database, "drawing_id", "label_events") == [], "the trace of a withdrawn label goes along"
    assert figures(database, OLD.date()).total.predictions == 11, "they are counted as before"
    assert differences(database) == [], "and a recount knows it"
    assert REGISTRY.get_sample_value("digit_reader_expired_drawings_total") == before + 6
    assert withdrawn not in stay
    assert sweeper.sweep() == 0


def test_without_a_number_of_days_everything_stays(database: Database) -> None:
    insert(database, created_at=datetime(2001, 1, 1, tzinfo=UTC))
    assert Sweeper(database, None).sweep() == 0
    assert len(everything(database, "id")) == 1


def test_more_than_a_batch_goes_and_one_replica_at_a_time_sweeps(database: Database, sweeper: Sweeper) -> None:
    for percent in (0.5, 0.9):
        insert(database, 2 * BATCH + 1, created_at=OLD, confidence=percent)
    with database.connection() as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (SWEEPING_LOCK,))
        assert sweeper.sweep() == 0
    assert wait_until(sweeper.sweep) == 4 * BATCH + 2  # a closed connection's lock goes a moment later


def test_a_drawing_that_is_just_being_labelled_is_passed_over(database: Database, sweeper: Sweeper) -> None:
    drawing, other = insert(database, 2, created_at=OLD)
    with database.transaction() as cursor:
        cursor.execute("SELECT 1 FROM predictions WHERE drawing_id = %s FOR UPDATE", (drawing,))
        assert sweeper.sweep() == 1, "nobody waits"
        cursor.execute(
            "UPDATE predictions SET labelled_at = now(), true_label = 7, review = 'pending' WHERE drawing_id = %s",
            (drawing,),
        )
    assert sweeper.sweep() == 0
    assert everything(database, "drawing_id") == [(drawing,)]
    assert other != drawing


def test_the_thread_sweeps_when_it_is_woken_and_outlives_an_outage(database: Database, server: EmbeddedServer) -> None:
    insert(database, created_at=OLD)
    away = Database(server, retry_seconds=0.05)  # not open yet
    sweeper = Sweeper(away, 90)
    with pytest.raises(DatabaseAway):
        sweeper.sweep()
    sweeper.open()
    sweeper.wake()
    away.open()
    wait_until(lambda: sweeper.wake() or not everything(database, "id"), what="the sweep")  # type: ignore[func-returns-value]
    sweeper.close()
    away.close(stop_server=False)


def test_drawing_and_labelling_go_on_meanwhile(database: Database, writer: Writer, sweeper: Sweeper) -> None:
    """Nothing that is written during a sweep fails or is lost, and the tallies stay exact."""
    chance = random.Random(0)
    for _ in range(8):
        insert(database, BATCH, created_at=OLD, visitor=ME, confidence=chance.random())
    done = threading.Event()

    def sweep() -> None:
        sweeper.sweep()
        done.set()

    threading.Thread(target=sweep, daemon=True).start()
    slowest, count = 0.0, 0
    while not done.is_set() or count < 5:
        start = time.perf_counter()
        assert say(writer, count % 10)[1] is not None
        slowest, count = max(slowest, time.perf_counter() - start), count + 1
    assert len(everything(database, "id")) == count
    assert slowest < 2, "seconds that a drawing and its label took"
    assert differences(database) == []
