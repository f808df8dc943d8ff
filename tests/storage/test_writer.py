"""Group commits, a spool while the database is away, and nothing lost or doubled: against a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from logger import STATEMENTS, log_label, log_prediction, remove
from storage.database import Database, DatabaseAway
from storage.embedded import EmbeddedServer
from storage.spool import Spool
from storage.writer import BATCH, NotWritten, Writer
from support.running_app import wait_until
from test_logger import ME, everything, row


class Switch:
    """A server that can be away: it hands out the way to the real one, or fails."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server, self.on = server, True

    def start(self) -> str:
        if not self.on:
            raise OSError("refused")
        return self.server.start()

    def stop(self) -> None:
        pass


@pytest.fixture
def switch(database: Database, server: EmbeddedServer) -> Switch:
    return Switch(server)


@pytest.fixture
def shaky(switch: Switch) -> Iterator[Database]:
    """A second way into the test's database, with the switch in between."""
    database = Database(switch, pool_size=2, retry_seconds=0.02)
    database.open()
    assert database.wait_until_ready(60)
    yield database
    database.close()


def go_away(switch: Switch, database: Database) -> None:
    switch.on = False
    database._leave(database._pool, OSError("refused"))
    assert database.away


def come_back(switch: Switch, database: Database) -> None:
    switch.on = True
    assert database.wait_until_ready(60)


def count(database: Database, what: str) -> int:
    with database.transaction() as cursor:
        cursor.execute(f"SELECT {what} FROM predictions")  # noqa: S608 - the test's own words
        found = cursor.fetchone()
        assert found is not None
        return int(found[0])


def test_one_commit_serves_many(database: Database, tmp_path: Path) -> None:
    writer = Writer(database, Spool(tmp_path / "spool.sqlite"), STATEMENTS)
    futures = [log_prediction(writer, row()) for _ in range(BATCH)]
    assert not any(future.done() for future in futures)
    writer.open()
    wait(futures, 30)
    assert not any(future.result().spooled for future in futures)
    # xmin is the transaction that wrote a row.
    assert (count(database, "count(*)"), count(database, "count(DISTINCT xmin::text)")) == (BATCH, 1)
    writer.close()


def test_many_threads_are_each_told_of_their_own_row(database: Database, writer: Writer) -> None:
    def one(number: int) -> bool:
        drawing = row(predicted_digit=number % 10)
        log_prediction(writer, drawing).result(30)
        with database.transaction() as cursor:
            cursor.execute("SELECT predicted_digit FROM predictions WHERE drawing_id = %s", (drawing.drawing_id,))
            return cursor.fetchone() == (number % 10,)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(200)))


def test_an_entry_that_is_refused_fails_alone(database: Database, tmp_path: Path) -> None:
    writer = Writer(database, Spool(tmp_path / "spool.sqlite"), STATEMENTS)
    good = [log_prediction(writer, row()) for _ in range(3)]
    bad = log_prediction(writer, row(confidence=7.0))
    good += [log_prediction(writer, row()) for _ in range(3)]
    writer.open()
    with pytest.raises(NotWritten):
        bad.result(10)
    assert [future.result(10).spooled for future in good] == [False] * 6
    assert count(database, "count(*)") == 6
    writer.close()


def test_what_comes_while_the_database_is_away_is_kept_and_delivered_in_order(
    database: Database, shaky: Database, switch: Switch, tmp_path: Path
) -> None:
    writer = Writer(shaky, Spool(tmp_path / "spool.sqlite"), STATEMENTS)
    writer.open()
    before, meanwhile, gone = row(), row(image=b"another picture"), row()
    assert not log_prediction(writer, before).result(10).spooled
    go_away(switch, shaky)
    assert log_prediction(writer, meanwhile).result(10).spooled
    assert log_label(writer, meanwhile.drawing_id, 1, ME).result(10).spooled
    assert log_label(writer, meanwhile.drawing_id, 2, ME).result(10).spooled
    assert log_label(writer, before.drawing_id, 3, ME).result(10).spooled
    log_prediction(writer, gone).result(10)
    remove(writer, gone.drawing_id, ME).result(10)
    assert writer.spooled == 6
    assert count(database, "count(*)") == 1
    come_back(switch, shaky)
    wait_until(lambda: writer.spooled == 0, what="the delivery")
    assert everything(database, "drawing_id, true_label") == [(before.drawing_id, 3), (meanwhile.drawing_id, 2)]
    assert everything(database, "old_label, new_label", "label_events") == [(None, 1), (1, 2), (None, 3)]
    assert not log_prediction(writer, row()).result(10).spooled
    writer.close()


def test_a_new_process_delivers_what_the_last_one_kept(
    database: Database, shaky: Database, switch: Switch, tmp_path: Path
) -> None:
    go_away(switch, shaky)
    first = Writer(shaky, Spool(tmp_path / "spool.sqlite"), STATEMENTS)
    first.open()
    drawings = [row() for _ in range(2 * BATCH + 7)]
    wait([log_prediction(first, drawing) for drawing in drawings], 30)
    first.close()
    second = Writer(shaky, Spool(tmp_path / "spool.sqlite"), STATEMENTS)
    second.open()
    come_back(switch, shaky)
    wait_until(lambda: second.spooled == 0, what="the delivery")
    assert [found for (found,) in everything(database, "drawing_id")] == [drawing.drawing_id for drawing in drawings]
    second.close()


def test_a_delivery_that_is_repeated_changes_nothing(database: Database, writer: Writer) -> None:
    """What happens when the app is killed between the commit and the forgetting."""
    drawing = row()
    for _ in range(2):
        log_prediction(writer, drawing).result(10)
        log_label(writer, drawing.drawing_id, 5, ME).result(10)
    assert everything(database, "true_label") == [(5,)]
    assert everything(database, "new_label", "label_events") == [(5,)]


def test_a_spooled_entry_that_the_database_refuses_does_not_block_the_others(
    database: Database, shaky: Database, switch: Switch, tmp_path: Path
) -> None:
    go_away(switch, shaky)
    writer = Writer(shaky, Spool(tmp_path / "spool.sqlite"), STATEMENTS)
    writer.open()
    for drawing in (row(), row(source="telepathy"), row()):
        assert log_prediction(writer, drawing).result(10).spooled
    come_back(switch, shaky)
    wait_until(lambda: writer.spooled == 0, what="the delivery")
    assert count(database, "count(*)") == 2
    writer.close()


def test_nothing_acknowledged_is_lost_while_the_server_is_killed_again_and_again(tmp_path: Path) -> None:
    database = Database(EmbeddedServer(tmp_path, "digits"), pool_size=2, retry_seconds=0.05)
    database.open()
    assert database.wait_until_ready(60)
    writer = Writer(database, Spool(tmp_path / "spool.sqlite"), STATEMENTS)
    writer.open()
    acknowledged, going = [], threading.Event()

    def draw() -> None:
        while not going.is_set():
            drawing = replace(row(), drawing_id=uuid4())
            log_prediction(writer, drawing).result(60)
            acknowledged.append(drawing.drawing_id)
            time.sleep(0.005)

    hands = [threading.Thread(target=draw) for _ in range(3)]
    for hand in hands:
        hand.start()
    for _ in range(3):
        done = len(acknowledged)
        wait_until(lambda done=done: len(acknowledged) > done + 20, what="twenty more")  # type: ignore[misc]
        os.kill(int((tmp_path / "postgres/postmaster.pid").read_text().split("\n")[0]), signal.SIGKILL)
        wait_until(lambda: database.away is not None, what="the noticing")
        assert database.wait_until_ready(60), database.away
    going.set()
    for hand in hands:
        hand.join()
    wait_until(lambda: writer.spooled == 0, what="the delivery")
    kept = [found for (found,) in everything(database, "drawing_id")]
    assert len(kept) == len(set(kept)), "none is there twice"
    assert set(acknowledged) == set(kept), "none is missing"
    writer.close()
    database.close()


def test_when_neither_place_can_keep_it_the_caller_is_told(shaky: Database, switch: Switch, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    writer = Writer(shaky, spool, STATEMENTS)
    go_away(switch, shaky)
    spool.close()
    writer.open()
    with pytest.raises(NotWritten):
        log_prediction(writer, row()).result(10)
    with pytest.raises(DatabaseAway):
        shaky.ping()
