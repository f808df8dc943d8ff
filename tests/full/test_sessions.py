"""Hundreds of open pages on two cores: how soon each stroke is answered, and what the memory does.

The people who draw share the two cores with the app. Streamlit keeps a dropped session for two minutes, and 128 of them
at most, so that a page whose connection broke comes back as it was.
"""
# ruff: noqa: T201 - what is measured is printed, for the README

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from support.running_app import RunningApp
from support.visits import Visits, come_and_go, draw_together

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

TABS, SECONDS, EVERY = 200, 300.0, 2.0
VISITORS, AT_ONCE = 2000, 20
ANSWERED = 1.0  # second, for 95 strokes of 100
GROWTH, LEFT = 250, 100  # megabytes: while they draw, and after everybody has gone
FLAT = 60  # megabytes, from the second third to the last
SETTLED = 150.0  # seconds after which no dropped session is kept


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[RunningApp]:
    """An app on two cores that has seen a visitor: its own first page takes more than any other."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(cores)[:2]))
    try:
        app = RunningApp(tmp_path).start()
        warm_up = asyncio.run(draw_together(app.url, 4, 8, EVERY))
        assert warm_up.failed == []
        yield app
        app.stop()
    finally:
        os.sched_setaffinity(0, cores)


async def watched(app: RunningApp, tabs: int, seconds: float) -> tuple[Visits, list[float]]:
    """Draw together, and read the memory in megabytes each second."""
    memory: list[float] = []

    async def watch() -> None:
        while True:
            memory.append(app.memory())
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    visits = await draw_together(app.url, tabs, seconds, EVERY)
    watching.cancel()
    return visits, memory


def percentiles(seconds: list[float]) -> str:
    p50, p95, most = np.percentile(seconds, (50, 95, 100))
    return f"p50 {p50 * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms, max {most * 1e3:.0f} ms"


def test_two_hundred_people_draw_at_once(crowded: RunningApp) -> None:
    before = crowded.memory()
    visits, memory = asyncio.run(watched(crowded, TABS, SECONDS))
    drawn, third = visits.timings.answers, len(memory) // 3
    print(f"\n{TABS} tabs, {len(drawn)} strokes, {visits.labelled} labels in {len(memory)} s")
    print(f"stroke to answer: {percentiles(drawn)}; label to empty canvas: {percentiles(visits.timings.labels)}")
    middle, last = (max(memory[part * third : (part + 1) * third]) for part in (1, 2))
    print(f"memory: {before:.0f} MB before, {middle:.0f} in the second third, {last:.0f} in the last")
    assert visits.failed == []
    assert len(drawn) == TABS * round(SECONDS / EVERY)
    assert np.percentile(drawn, 95) < ANSWERED
    assert max(memory) - before < GROWTH
    assert last - middle < FLAT


def test_two_thousand_people_come_and_go(crowded: RunningApp) -> None:
    before = crowded.memory()
    begin = time.monotonic()
    visits = asyncio.run(come_and_go(crowded.url, VISITORS, AT_ONCE))
    took, full = time.monotonic() - begin, crowded.memory()
    time.sleep(SETTLED)
    asyncio.run(come_and_go(crowded.url, 1, 1))
    after = crowded.memory()
    print(f"\n{VISITORS} visitors in {took:.0f} s; memory: {before:.0f} MB, {full:.0f} at the end, {after:.0f} later")
    assert visits.failed == []
    assert after - before < LEFT
