"""Group commits, a spool while the database is unavailable, and nothing lost or doubled: against a real PostgreSQL."""

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

from logger import log_again, log_label, log_prediction, remove, statements
from storage import writer as writing_thread
from storage.database import Database, DatabaseAway
from storage.delivery import BATCH
from storage.embedded import EmbeddedServer
from storage.labels import Rules
from storage.spool import Entry, Spool
from storage.statements import Statement
from storage.writer import NotWritten, TooMuchToWrite, Writer
from support.outage import Disk, Switch, opened, started, writing
from support.rows import ME, everything, row
from support.running_app import wait_until


@pytest.fixture
def switch(database: Database, server: EmbeddedServer) -> Switch:
    return Switch(server)


@pytest.fixture
def shaky(switch: Switch) -> Iterator[Database]:
    """A second way into the test's database, with the switch in between."""
    with opened(switch.dsn) as database:
        yield database


def test_one_commit_serves_many(database: Database, tmp_path: Path) -> None:
    writer = writing(database, tmp_path)
    futures = [log_prediction(writer, row()) for _ in range(BATCH)]
    assert not any(future.done() for future in futures)
    writer.open()
    wait(futures, 30)
    assert not any(future.result().spooled for future in futures)
    # xmin is the transaction that wrote a row.
    assert (len(everything(database, "id")), len(set(everything(database, "xmin::text")))) == (BATCH, 1)
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


def test_an_entry_that_is_refused_fails_alone_and_in_one_plain_sentence(database: Database, tmp_path: Path) -> None:
    writer = writing(database, tmp_path)
    good = [log_prediction(writer, row()) for _ in range(3)]
    bad = log_prediction(writer, row(confidence=7.0))
    good += [log_prediction(writer, row()) for _ in range(3)]
    writer.open()
    with pytest.raises(NotWritten) as refused:
        bad.result(10)
    assert str(refused.value) == "The database does not accept this entry."
    assert [future.result(10).spooled for future in good] == [False] * 6
    assert len(everything(database, "id")) == 6
    assert writer.trouble is None
    writer.close()


def test_a_caller_that_gives_up_does_not_fail_the_others(database: Database, tmp_path: Path) -> None:
    writer = writing(database, tmp_path)
    futures = [log_prediction(writer, row()) for _ in range(3)]
    futures[0].cancel()
    writer.open()
    assert [future.result(10).spooled for future in futures] == [False] * 3
    writer.close()


class Faulty(dict[str, Statement]):
    """Statements with a mistake in the program."""

    def __getitem__(self, name: str) -> Statement:
        if name == "again":
            raise ZeroDivisionError
        return super().__getitem__(name)


def test_a_mistake_in_the_program_fails_its_own_batch_and_no_later_one(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(database, Spool(tmp_path / "spool.sqlite"), Faulty(statements(Rules())))
    writer.open()
    with pytest.raises(NotWritten, match="the app's log says why"):
        log_again(writer, row()).result(10)
    assert not log_prediction(writer, row()).result(10).spooled
    writer.spool.append([Entry("again", {})])
    assert log_prediction(writer, row()).result(10).spooled, "behind the one that cannot be delivered"
    assert writer.trouble is not None
    time.sleep(0.5)
    assert len([record for record in caplog.records if "the delivery from the spool failed" in record.message]) == 1
    writer.close()


# --- The database is unavailable --------------------------------------------------------------------------------------


def test_what_comes_while_the_database_is_unavailable_is_kept_and_delivered_in_order(
    database: Database, shaky: Database, switch: Switch, tmp_path: Path
) -> None:
    writer = started(shaky, tmp_path)
    before, meanwhile, gone = row(), row(image=b"another picture"), row()
    assert not log_prediction(writer, before).result(10).spooled
    switch.off(shaky)
    assert log_prediction(writer, meanwhile).result(10).spooled
    assert log_label(writer, meanwhile.drawing_id, 1, ME).result(10).spooled
    assert log_label(writer, meanwhile.drawing_id, 2, ME).result(10).spooled
    assert log_label(writer, before.drawing_id, 3, ME).result(10).spooled
    log_prediction(writer, gone).result(10)
    remove(writer, gone.drawing_id, ME).result(10)
    assert writer.spooled == 6
    assert len(everything(database, "id")) == 1
    switch.on(shaky)
    wait_until(lambda: writer.spooled == 0, what="the delivery")
    assert everything(database, "drawing_id, true_label") == [(before.drawing_id, 3), (meanwhile.drawing_id, 2)]
    assert everything(database, "old_label, new_label", "label_events") == [(None, 1), (1, 2), (None, 3)]
    assert not log_prediction(writer, row()).result(10).spooled
    writer.close()


def test_a_new_process_delivers_what_the_last_one_kept(
    database: Database, shaky: Database, switch: Switch, tmp_path: Path
) -> None:
    switch.off(shaky)
    first = started(shaky, tmp_path)
    drawings = [row() for _ in range(2 * BATCH + 7)]
    wait([log_prediction(first, drawing) for drawing in drawings], 30)
    first.close()
    second = started(shaky, tmp_path)
    switch.on(shaky)
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
    switch.off(shaky)
    writer = started(shaky, tmp_path)
    for drawing in (row(), row(source="telepathy"), row()):
        assert log_prediction(writer, drawing).result(10).spooled
    switch.on(shaky)
    wait_until(lambda: writer.spooled == 0, what="the delivery")
    assert len(everything(database, "id")) == 2
    assert writer.spool.set_aside_count == 1
    assert not log_prediction(writer, row()).result(10).spooled
    writer.close()


def test_nothing_acknowledged_is_lost_while_the_server_is_killed_again_and_again(tmp_path: Path) -> None:
    database = Database(EmbeddedServer(tmp_path, "digits"), pool_size=2, retry_seconds=0.05)
    database.open()
    assert database.wait_until_ready(60)
    writer = started(database, tmp_path)
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
        wait_until(lambda: database.away is not None, what="the outage")
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
    writer = Writer(shaky, spool, statements(Rules()))
    switch.off(shaky)
    spool.close()
    writer.open()
    with pytest.raises(NotWritten, match="neither the database nor the disk"):
        log_prediction(writer, row()).result(10)
    with pytest.raises(DatabaseAway):
        shaky.ping()
    switch.on(shaky)
    assert not log_prediction(writer, row()).result(10).spooled, "a closed spool is no reason to write nothing"


# --- The disk is full -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows_before", [0, 1])
def test_a_full_disk_never_stops_writing_to_a_database_that_is_back(
    database: Database, shaky: Database, switch: Switch, disk: Disk, rows_before: int
) -> None:
    switch.off(shaky)
    writer = started(shaky, disk.folder)
    for _ in range(rows_before):
        assert log_prediction(writer, row()).result(10).spooled
    disk.fill()
    lost = [log_prediction(writer, row(image=b"x" * 4000)) for _ in range(3)]
    for future in lost:
        with pytest.raises(NotWritten, match="neither the database nor the disk"):
            future.result(10)
    assert writer.spooled == rows_before
    switch.on(shaky)
    assert not log_prediction(writer, row()).result(10).spooled
    assert writer.spooled == 0
    assert len(everything(database, "id")) == rows_before + 1
    disk.free()
    assert not log_prediction(writer, row()).result(10).spooled
    wait_until(lambda: not writer.spool.behind, what="the emptied spool")
    switch.off(shaky)
    assert log_prediction(writer, row()).result(10).spooled, "there is room again"
    assert writer.spooled == 1
    switch.on(shaky)
    wait_until(lambda: writer.spooled == 0, what="the delivery")
    assert len(everything(database, "id")) == rows_before + 3
    writer.close()


def test_so_many_entries_wait_and_then_it_is_too_much(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_thread, "MAX_QUEUED", 3)
    writer = Writer(database, Spool(tmp_path / "spool.sqlite"), statements(Rules()))
    waiting = [log_prediction(writer, row()) for _ in range(3)]
    with pytest.raises(TooMuchToWrite):
        log_prediction(writer, row()).result(10)
    writer.open()
    assert not any(each.result(30).spooled for each in waiting)
    writer.close()
    assert len(everything(database, "drawing_id")) == 3
