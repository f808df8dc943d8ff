"""The insights' arithmetic, against values worked out elsewhere, and its sentences."""

from __future__ import annotations

import pytest

from app_pages.insight_words import SLOTS, Comparison, compare, distance, drift, interval, milliseconds


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


def spread(measure: str, slot: int) -> list[float]:
    return [float(n == slot) for n in range(SLOTS[measure].count)]


def test_distances_are_those_of_the_cumulated_fractions() -> None:
    assert distance([0.5, 0.5, 0], [0.5, 0.5, 0]) == 0
    assert distance([0.5, 0.5, 0], [0, 0.5, 0.5]) == 0.5
    assert distance(spread("size", 0), spread("size", 19)) == 1


def test_the_sentence_names_what_differs_and_in_which_direction() -> None:
    pen = Comparison("pen_width", spread("pen_width", 20), spread("pen_width", 12), spread("pen_width", 12))
    size = Comparison("size", spread("size", 5), spread("size", 10), None)
    slant = Comparison("slant", spread("slant", 20), spread("slant", 20), spread("slant", 18))
    assert drift([pen, size, slant]) == (
        "Today there are thicker pens and smaller drawings than in the thirty days before. "
        "Today there are thicker pens and more leaning to the right than in MNIST."
    )
    assert drift([slant._replace(mnist=None)]) == "People draw as in the thirty days before."


def test_few_drawings_say_nothing() -> None:
    few = compare("size", {3: 49}, {3: 1000}, None)
    assert few.today is None
    assert drift([few]).startswith("Fewer than 50 drawings today")
    enough = compare("size", {3: 40, 5: 10}, {}, {"size": [0.05] * 20})
    assert enough.today is not None
    assert (enough.today[3], enough.today[5], enough.month) == (0.8, 0.2, None)
    assert drift([enough]) == "Today there are smaller drawings than in MNIST."
