"""A page of the history is as fast from a million drawings as from ten thousand, or from HISTORY_ROWS=10000000."""
# ruff: noqa: T201 - what is measured is printed

from __future__ import annotations

import os
import statistics
import time

import pytest

import storage.database
from storage.database import Database
from storage.history import FIRST, Cursor, Order, Place, history
from storage.selection import Selection
from support.many_drawings import SINGLE, SPAN, START, fill

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]

LARGEST = int(os.environ.get("HISTORY_ROWS", "1000000"))
SIZES = [size for size in (10**4, 10**5, 10**6, 10**7) if size <= LARGEST]
RUNS = 15
LIMIT = 50.0  # milliseconds; 2 to 8 were measured
MORE = 5.0  # milliseconds that the largest may take more than the smallest, or twice its time
NOISE = 2.0  # of a busy machine: so many times as long

Times = dict[tuple[str, Order], tuple[float, float]]


def test_a_page_takes_as_long_however_many_drawings_there_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.database, "ANSWER_TIMEOUT", 600.0)  # ANALYZE reads long
    measured: dict[int, Times] = {}
    for size in SIZES:
        with database.transaction() as cursor:
            cursor.execute("TRUNCATE predictions CASCADE")
        start = time.perf_counter()
        fill(database, size)
        print(f"\n{size:,} drawings, made in {time.perf_counter() - start:.0f} s; milliseconds in the median")
        measured[size] = {(name, order): times(database, name, order) for name in SINGLE for order in Order}
    small, large = measured[SIZES[0]], measured[SIZES[-1]]
    assert {each: long for each, long in large.items() if max(long) > LIMIT} == {}
    slower = {
        each: (before, after)
        for each in large
        for before, after in zip(small[each], large[each], strict=True)
        if after > max(2 * before, before + MORE) * NOISE
    }
    assert slower == {}


def times(database: Database, name: str, order: Order) -> tuple[float, float]:
    """Milliseconds for the first page and for one far back, in the median."""
    selection = SINGLE[name]
    first = took(database, selection, order, FIRST)
    far = took(database, selection, order, Cursor(halfway(selection)))
    print(f"{name:25} {order:9} first {first:6.1f}   far back {far:6.1f}")
    return first, far


def halfway(selection: Selection) -> Place:
    """A place halfway through the selected time, and near the end of the confidences, where most drawings are."""
    start, end = selection.since or START, selection.until or START + SPAN
    return Place(selection.percents[-2], start + (end - start) / 2, 0)


def took(database: Database, selection: Selection, order: Order, at: Cursor) -> float:
    """Milliseconds for a page, in the median."""
    every = []
    for _ in range(RUNS):
        start = time.perf_counter()
        history(database, selection, order, at)
        every.append((time.perf_counter() - start) * 1000)
    return statistics.median(every)
