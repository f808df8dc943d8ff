"""History and Insights are as fast from a million drawings as from ten thousand, or from ROWS=10000000."""
# ruff: noqa: T201 - what is measured is printed

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import pytest

from storage import waiting
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.history import FIRST, Cursor, Order, Place, history
from storage.overview import Scope, Span, overview
from storage.selection import Selection
from support.many_drawings import SINGLE, SPAN, START, fill, settle

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]

LARGEST = int(os.environ.get("ROWS", "1000000"))
SIZES = [size for size in (10**4, 10**5, 10**6, 10**7) if size <= LARGEST]
RUNS = 25
LIMIT = 50.0  # milliseconds; 2 to 8 were measured
MORE = 5.0  # milliseconds that the largest may take more than the smallest, or twice its time


def test_a_page_takes_as_long_however_many_drawings_there_are(
    database: Database, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is printed is the median, and in brackets the fastest run, which is what a busy machine says most truly."""
    monkeypatch.setattr(waiting, "ANSWER_TIMEOUT", 600.0)  # ANALYZE reads long
    measured: dict[int, dict[str, float]] = {}
    for size in SIZES:
        with database.transaction() as cursor:
            cursor.execute("TRUNCATE predictions CASCADE")
        start = time.perf_counter()
        fill(database, size)
        settle(server)
        print(f"\n{size:,} drawings, made in {time.perf_counter() - start:.0f} s; milliseconds")
        measured[size] = {
            f"{name}, {order}, {page}": best
            for name in SINGLE
            for order in Order
            for page, best in fastest(database, name, order).items()
        } | {f"insights, {span}": insights(database, span) for span in Span}
    small, large = measured[SIZES[0]], measured[SIZES[-1]]
    assert {each: best for each, best in large.items() if best > LIMIT} == {}
    slower = {
        each: (small[each], best) for each, best in large.items() if best > max(2 * small[each], small[each] + MORE)
    }
    assert slower == {}


def fastest(database: Database, name: str, order: Order) -> dict[str, float]:
    """Milliseconds of the fastest run for the first page and for one far back, after all runs are printed."""
    selection = SINGLE[name]
    pages = {
        "first": took(database, selection, order, FIRST),
        "far back": took(database, selection, order, Cursor(halfway(selection))),
    }
    told = "   ".join(f"{page} {statistics.median(every):5.1f} ({min(every):4.1f})" for page, every in pages.items())
    print(f"{name:25} {order:9} {told}")
    return {page: min(every) for page, every in pages.items()}


def insights(database: Database, span: Span) -> float:
    """The same for all that the Insights page asks of a span."""
    every = runs(lambda: overview(database, Scope(span), START + SPAN))
    print(f"insights, {span:15} {statistics.median(every):5.1f} ({min(every):4.1f})")
    return min(every)


def halfway(selection: Selection) -> Place:
    """A place halfway through the selected time, and near the end of the confidences, where most drawings are."""
    start, end = selection.since or START, selection.until or START + SPAN
    return Place(selection.percents[-2], start + (end - start) / 2, 0)


def took(database: Database, selection: Selection, order: Order, at: Cursor) -> list[float]:
    """Milliseconds for a page, of each run."""
    return runs(lambda: history(database, selection, order, at))


def runs(work: Callable[[], object]) -> list[float]:
    """The milliseconds of each run."""
    every = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        every.append((time.perf_counter() - start) * 1000)
    return every
