"""The insights' arithmetic, against values worked out elsewhere."""

from __future__ import annotations

import pytest

from app_pages.insight_numbers import compare, distance, interval, mean, milliseconds


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(0, 0, 0, 1), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (81, 263, 0.2553, 0.3662), (978, 1000, 0.9669, 0.9854)],
)
def test_intervals_are_wilsons(right: int, total: int, low: float, high: float) -> None:
    assert interval(right, total) == pytest.approx((low, high), abs=1e-4)


def test_milliseconds_lie_in_their_slot() -> None:
    assert milliseconds({}, 0.5) is None
    elapsed = {12: 50, 13: 45, 30: 5}  # 0.89 to 1.07 ms, to 1.28 ms, and 23.7 to 28.5 ms
    assert milliseconds(elapsed, 0.25) == pytest.approx(0.1 * 1.2**12.5)
    assert milliseconds(elapsed, 0.95) == pytest.approx(0.1 * 1.2**14)
    assert milliseconds(elapsed, 1) == pytest.approx(0.1 * 1.2**31)


def test_distances_are_those_of_the_cumulated_fractions() -> None:
    assert distance([0.5, 0.5, 0], [0.5, 0.5, 0]) == 0
    assert distance([0.5, 0.5, 0], [0, 0.5, 0.5]) == 0.5
    assert distance([1, 0, 0], [0, 0, 1]) == 1


def test_fractions_are_those_of_enough_drawings() -> None:
    found = compare("size", {3: 40, 5: 10}, {3: 49}, {"size": [0.05] * 20})
    assert found.today is not None
    assert (found.today[3], found.today[5], found.month) == (0.8, 0.2, None)
    assert mean("size", found.today) == pytest.approx(0.8 * 0.175 + 0.2 * 0.275)
