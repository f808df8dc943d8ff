"""The history's pages are the log sorted and cut, whatever comes and goes between two of them."""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID

import pytest

from storage.database import Database
from storage.history import FIRST, PAGE, Cursor, HistoryPage, Order, history, page_statement
from storage.selection import Selection
from support.many_drawings import SINGLE, fill
from support.past_drawings import EVEN, SELECTIONS, START, Past, fits, log, past
from support.plans import explain

SIZE = 7  # drawings of a page
# Rows read for a page of however many drawings. Of the newest, one of each percent, then hardly more than are shown;
# a page of each where fewer percents than that have any. Of the most doubtful, a page of each percent where the planner
# takes the list for too short to stop early.
MOST = {Order.NEWEST: 101 + PAGE * (PAGE + 2), Order.DOUBTFUL: 102 * (PAGE + 1)}
INDEXES = {
    "all": "predictions_history",
    "read": "predictions_read_as",
    "label": "predictions_label",
    "outcome": "predictions_outcome",
    "confidence": "predictions_history",
    "source": "predictions_source",
    "version": "predictions_version",
    "date": "predictions_history",
    "mine": "predictions_visitor_history",
}


def some(count: int, seed: int = 1) -> list[Past]:
    chance = random.Random(seed)
    return [past(chance, number) for number in range(count)]


def ids(page: HistoryPage) -> list[UUID]:
    return [each.drawing_id for each in page.drawings]


def ordered(drawings: list[Past], selection: Selection, order: Order) -> list[UUID]:
    """All that a selection leaves, sorted in plain Python; the drawings stand as they were written."""
    numbered = [(number, each) for number, each in enumerate(drawings) if fits(each, selection)]
    numbered.sort(key=lambda each: (each[1].created_at, each[0]), reverse=True)
    if order == Order.DOUBTFUL:
        numbered.sort(key=lambda each: each[1].percent)
    return [each.drawing_id for _, each in numbered]


@pytest.mark.parametrize("order", Order)
def test_the_pages_are_the_log_sorted_and_cut_forwards_and_backwards(database: Database, order: Order) -> None:
    drawings = some(300)
    log(database, drawings)
    for name, selection in SELECTIONS.items():
        expected = ordered(drawings, selection, order)
        cut = [expected[start : start + SIZE] for start in range(0, len(expected), SIZE)] or [[]]
        pages = [history(database, selection, order, FIRST, SIZE)]
        while pages[-1].on:
            pages.append(history(database, selection, order, pages[-1].on, SIZE))
        assert [ids(page) for page in pages] == cut, name
        back = [pages[-1]]
        while back[-1].back:
            back.append(history(database, selection, order, back[-1].back, SIZE))
        assert [ids(page) for page in reversed(back)] == cut, name


@pytest.mark.parametrize("order", Order)
def test_what_comes_and_goes_between_two_pages_leaves_nothing_out_and_shows_nothing_twice(
    database: Database, order: Order
) -> None:
    drawings, seen, gone = some(120), list[UUID](), set[UUID]()
    log(database, drawings)
    expected = ordered(drawings, Selection(), order)
    cursor: Cursor | None = FIRST
    for n in range(100):
        page = history(database, Selection(), order, cursor or FIRST, SIZE)
        seen += ids(page)
        cursor = page.on
        if cursor is None:
            break
        # The last one shown goes, where the next page begins; so does one still to come; others come at both ends.
        gone |= {seen[-1], expected[-1 - 2 * n]}
        with database.transaction() as statement:
            statement.execute("DELETE FROM predictions WHERE drawing_id = ANY(%s)", (list(gone),))
        log(database, some(3, seed=100 + n))
    assert len(seen) == len(set(seen))
    stayed = [each for each in expected if each not in gone]
    assert [each for each in seen if each in set(stayed)] == stayed


@pytest.mark.parametrize("order", Order)
def test_beyond_the_end_is_the_page_at_the_end(database: Database, order: Order) -> None:
    drawings = some(20)
    log(database, drawings)
    first = history(database, Selection(), order, FIRST, SIZE)
    second = history(database, Selection(), order, first.on or FIRST, SIZE)
    kept = ids(second)
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM predictions WHERE NOT drawing_id = ANY(%s)", (kept,))
    assert second.back
    assert second.on
    assert ids(history(database, Selection(), order, second.back, SIZE)) == kept
    assert ids(history(database, Selection(), order, second.on, SIZE)) == kept
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM predictions")
    empty = history(database, Selection(), order, second.on, SIZE)
    assert (empty.drawings, empty.back, empty.on) == ([], None, None)


def test_a_drawing_comes_with_what_everybodys_model_read_and_with_what_ones_own_answered(database: Database) -> None:
    plain, other = some(2)
    other = Past(**vars(other) | {"own": 8, "digit": 3, "confidence": 0.5, "created_at": START - timedelta(days=1)})
    plain = Past(**vars(plain) | {"own": None, "digit": 4, "confidence": 0.25, "label": 10, "review": "pending"})
    log(database, [plain, other])
    newest, older = history(database, Selection()).drawings
    assert (newest.read_as, newest.own_digit, newest.confidence, newest.label) == (4, None, 0.25, 10)
    assert newest.probabilities == [0.25 if digit == 4 else 0 for digit in range(10)]
    assert (older.read_as, older.own_digit, older.confidence) == (3, 8, 0.5)
    assert older.probabilities != pytest.approx(EVEN)
    assert older.image == other.drawing_id.bytes
    assert (newest.review, newest.source, newest.model, newest.version) == (
        "pending",
        plain.source,
        plain.model,
        plain.version,
    )


def test_every_filter_in_either_order_has_its_index_and_reads_hardly_more_than_a_page(database: Database) -> None:
    fill(database, 20_000)
    for name, selection in SINGLE.items():
        for order in Order:
            first = history(database, selection, order)
            for at in (FIRST, first.on, Cursor(None, before=True)):
                if at is not None:
                    done = explain(database, *page_statement(selection, order, at, PAGE))
                    told = f"{name}, {order}, {at}: {done}"
                    assert INDEXES[name.split(":")[0]] in done.indexes, told
                    assert done.scanned == set(), told
                    assert done.rows <= MOST[order], told
