"""What the insights page says of how people draw."""

from __future__ import annotations

from app_pages.insight_numbers import SLOTS, Comparison, compare
from app_pages.insight_words import drift


def spread(measure: str, slot: int) -> list[float]:
    return [float(n == slot) for n in range(SLOTS[measure].count)]


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
    assert drift([enough]) == "Today there are smaller drawings than in MNIST."
