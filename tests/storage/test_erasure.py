"""A visitor's erasure leaves nothing of theirs: rows, traces, hand, and what waits or is set aside in the spool."""

from __future__ import annotations

from pathlib import Path

import logger
from storage import erasure, hands
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.erasure import AT_ONCE, erase
from storage.insights import figures
from storage.recounting import differences
from storage.spool import Entry
from storage.sweeping import Sweeper
from storage.writer import Writer
from support.labelling import reading, say
from support.outage import Switch, started
from support.rows import ME, YOU, everything, insert


def test_everything_of_mine_goes_and_nothing_of_yours(database: Database, writer: Writer) -> None:
    for who in (ME, YOU):
        drawing, _ = say(writer, 4, who, strokes="[[[1.5, 2.0], [3.25, 4.0]]]")
        logger.log_label(writer, drawing, 9, who).result(20)
        logger.log_prediction(writer, reading(visitor=who)).result(20)
        hands.enable(writer, who, False).result(20)
    assert erase(writer, ME).result(20).row == (1, 2, False)
    assert everything(database, "visitor") == [(YOU,), (YOU,)]
    assert everything(database, "who", "label_events") == [(YOU,), (YOU,)]
    with database.transaction() as cursor:
        cursor.execute("SELECT visitor FROM hands UNION ALL SELECT visitor FROM erasures")
        assert cursor.fetchall() == [(YOU,)]
    assert figures(database).total.predictions == 2, "they are counted no longer"
    assert differences(database) == []
    assert erase(writer, ME).result(20).outcome == "saved", "nothing is left, which is what was asked for"


def test_every_replica_hears_of_it(database: Database, writer: Writer) -> None:
    say(writer, 4)
    changes = hands.changes(database, 0.5)
    next(changes)  # listens from now on
    erase(writer, ME).result(20)
    assert next(changes) == [ME]


def test_what_is_too_much_for_one_statement_goes_in_the_background(database: Database, writer: Writer) -> None:
    insert(database, AT_ONCE + 700, visitor=ME)
    insert(database, 3, visitor=YOU)
    assert erase(writer, ME).result(20).row == (1, AT_ONCE, True)
    (later,) = insert(database, visitor=ME)
    sweeper = Sweeper(database, None)
    assert sweeper.sweep() == 700
    assert everything(database, "drawing_id")[-1] == (later,), "what is drawn afterwards stays"
    assert [visitor for (visitor,) in everything(database, "visitor")] == [YOU] * 3 + [ME]
    assert differences(database) == []
    with database.transaction() as cursor:
        cursor.execute("SELECT count(*) FROM erasures")
        assert cursor.fetchall() == [(0,)]


def test_what_waits_in_the_spool_goes_too(server: EmbeddedServer, database: Database, tmp_path: Path) -> None:
    switch = Switch(server)
    away = Database(switch, pool_size=2, retry_seconds=0.02)
    away.open()
    assert away.wait_until_ready(60)
    writer = started(away, tmp_path)
    try:
        switch.off(away)
        for who in (ME, YOU):
            logger.log_prediction(writer, reading(visitor=who)).result(20)
        assert erase(writer, ME).result(20).spooled
        after = reading()
        logger.log_prediction(writer, after).result(20)
        switch.on(away)
        logger.log_prediction(writer, reading(visitor=YOU)).result(20)
    finally:
        writer.close()
        away.close(stop_server=False)
    assert sorted(everything(database, "visitor")) == [(ME,), (YOU,), (YOU,)]
    assert (after.drawing_id,) in everything(database, "drawing_id")


def test_what_was_set_aside_in_the_spool_goes_too(writer: Writer) -> None:
    """Set aside is what no database accepts; it has the picture and the visitor like any other entry."""
    for who in (ME, YOU):
        writer.spool.append([Entry("prediction", logger.parameters(reading(visitor=who, predicted_digit=11)))])
    writer.submit(Entry("prediction", logger.parameters(reading(visitor=YOU)))).result(20)  # wakes the delivery
    assert writer.spool.set_aside_count == 2
    erase(writer, ME).result(20)
    assert writer.spool.set_aside_count == 1


def test_the_statement_is_the_apps_own() -> None:
    assert erasure.statements().keys() == {"erase"}
