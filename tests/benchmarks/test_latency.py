"""The clock of the benchmark: what it times, and that every way of reading is timed."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.latency import canvases, measure, table
from learning.weights import SHIPPED_DIR


def test_percentiles_are_of_each_call_and_in_order() -> None:
    latency = measure(time.sleep, [0.001] * 9 + [0.02], rounds=3)
    assert 1 <= latency.p50 <= latency.p95 <= latency.p99
    assert latency.p95 >= 20


def test_the_canvases_are_what_a_page_sends() -> None:
    drawn = canvases(3)
    assert [canvas.shape for canvas in drawn] == [(280, 280, 4)] * 3
    assert all(canvas.dtype == np.uint8 and canvas[..., :3].min() == 0 and canvas.max() == 255 for canvas in drawn)


def test_every_step_is_in_the_table() -> None:
    rows = table(SHIPPED_DIR, count=4, rounds=1)
    assert len(rows) == 7
    assert all(0 < row.p50 <= row.p99 < 1000 for row in rows.values())
