"""Orders of the Review page: each is carried out once, in order, and an undo takes back the one that it names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app_pages.review_decisions import MAX_UNDO, Ledger, Order, carry_out, orders_of
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.writer import Writer
from support.labelling import say
from support.outage import Switch, opened, started


def waiting(writer: Writer, count: int = 3) -> list[UUID]:
    """Drawings whose labels wait, since the model finds them unlikely."""
    return [say(writer, 1)[0] for _ in range(count)]


def standing(database: Database, drawing: UUID) -> tuple[str, int]:
    with database.transaction() as cursor:
        cursor.execute("SELECT review, true_label::int FROM predictions WHERE drawing_id = %s", (drawing,))
        ((review, label),) = cursor.fetchall()
    return review, label


def events(database: Database) -> int:
    with database.transaction() as cursor:
        cursor.execute("SELECT count(*)::int FROM label_events WHERE who = 'admin'")
        ((count,),) = cursor.fetchall()
    return int(count)


def test_a_message_that_says_it_all_again_does_nothing_twice(database: Database, writer: Writer) -> None:
    first, second, third = waiting(writer)
    ledger = Ledger()
    approve, reject = Order("1", "approved", (first,)), Order("2", "rejected", (second,))
    relabel = Order("3", "4", (third,))
    for message in (
        [approve],
        [approve, reject],
        [approve, reject, relabel],
        [approve, reject, relabel],
        [approve],
        [relabel],
    ):
        carry_out(ledger, database, message)
    assert [standing(database, each) for each in (first, second, third)] == [
        ("approved", 1),
        ("rejected", 1),
        ("approved", 4),
    ]
    assert events(database) == 3
    assert ledger.outcome == "1 label changed to 4."
    assert ledger.seen == ["1", "2", "3"]


def test_two_messages_at_the_same_time_keep_the_orders_in_their_order(database: Database, writer: Writer) -> None:
    drawings = waiting(writer, 12)
    orders = [Order(str(n), "rejected" if n % 2 else "approved", (each,)) for n, each in enumerate(drawings)]
    ledger = Ledger()
    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(carry_out, ledger, database, orders[: n + 1]) for n in range(len(orders))]
        for each in done:
            each.result(60)
    with database.transaction() as cursor:
        cursor.execute("SELECT drawing_id FROM label_events WHERE who = 'admin' ORDER BY id")
        assert [drawing for (drawing,) in cursor.fetchall()] == drawings


def test_an_undo_takes_back_the_order_that_it_names_and_only_once(database: Database, writer: Writer) -> None:
    first, second, _ = waiting(writer)
    ledger = Ledger()
    both = [Order("1", "approved", (first,)), Order("2", "rejected", (second,))]
    undo = Order("3", "undo", (), "1")
    carry_out(ledger, database, [*both, undo])
    assert ledger.outcome == "Undone: 1 label approved."
    carry_out(ledger, database, [*both, undo, Order("4", "undo", (), "1")])
    assert ledger.outcome == "There is nothing to undo."
    assert [standing(database, each)[0] for each in (first, second)] == ["pending", "rejected"]
    assert [done.order for done in ledger.past] == ["2"]


def test_what_has_changed_since_is_left_as_it_is(database: Database, writer: Writer) -> None:
    first, *_ = waiting(writer)
    mine, theirs = Ledger(), Ledger()
    carry_out(mine, database, [Order("1", "approved", (first,))])
    carry_out(theirs, database, [Order("1", "rejected", (first,))])
    carry_out(mine, database, [Order("2", "undo", (), "1")])
    assert mine.outcome == "It has changed since, so it was left as it is."
    assert standing(database, first)[0] == "rejected"


def test_many_are_one_action_and_the_oldest_can_no_longer_be_undone(database: Database, writer: Writer) -> None:
    drawings = tuple(waiting(writer))
    ledger = Ledger()
    carry_out(ledger, database, [Order("1", "approved", drawings)])
    assert ledger.outcome == "3 labels approved."
    carry_out(ledger, database, [Order("2", "undo", drawings, "1")])
    assert {standing(database, each)[0] for each in drawings} == {"pending"}
    for n in range(MAX_UNDO + 1):
        carry_out(ledger, database, [Order(str(n + 3), "rejected", drawings[:1])])
    assert [ledger.past[0].order, len(ledger.past)] == ["4", MAX_UNDO]


def test_an_outage_says_how_many_decisions_it_cost(server: EmbeddedServer, tmp_path: Path, database: Database) -> None:
    switch = Switch(server)
    with opened(switch.dsn) as switched:
        writer = started(switched, tmp_path)
        first, second, _ = waiting(writer)
        ledger = Ledger()
        orders = [Order("1", "approved", (first,)), Order("2", "rejected", (second,))]
        switch.off(switched)
        carry_out(ledger, switched, orders)
        assert ledger.trouble.startswith("The database is unavailable, so your last 2 decisions were not saved.")
        switch.on(switched)
        assert standing(database, first)[0] == "pending"
        carry_out(ledger, switched, [Order("3", "approved", (first,))])
        assert (ledger.trouble, ledger.outcome) == ("", "1 label approved.")
        writer.close()


@pytest.mark.parametrize(
    "message",
    [
        None,
        "x",
        {"id": "1"},
        [None],
        [{"id": "1", "verdict": "approved"}],
        [{"id": "1", "verdict": "approved", "drawings": "no list of ids"}],
        [{"id": "1", "verdict": "approved", "drawings": [7]}],
        [{"id": "1", "verdict": "delete", "drawings": []}],
        [{"id": "1", "verdict": "11", "drawings": []}],
    ],
)
def test_what_is_no_order_is_left_out(message: object) -> None:
    assert orders_of(message) == []


def test_a_message_is_read_in_its_order() -> None:
    drawing = uuid4()
    message = [
        {"id": "a-1", "verdict": "7", "drawings": [str(drawing)]},
        {"id": "a-2", "verdict": "undo", "drawings": [str(drawing)], "of": "a-1"},
    ]
    assert orders_of(message) == [Order("a-1", "7", (drawing,)), Order("a-2", "undo", (drawing,), "a-1")]
