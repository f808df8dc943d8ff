"""Fractions as text: what is not all of it is never 100 %."""

import pytest

from percentages import certainty, percent, unbroken


@pytest.mark.parametrize(
    ("fraction", "places", "text"),
    [
        (0, 0, "0 %"),
        (0.987, 0, "99 %"),
        (0.9876, 1, "98.8 %"),
        (1, 1, "100.0 %"),
        (0.9999, 1, "99.9 %"),
        (0.9999, 2, "99.99 %"),
        (0.99999, 2, "99.99 %"),
        (0.996, 0, "99 %"),
    ],
)
def test_percent(fraction: float, places: int, text: str) -> None:
    assert percent(fraction, places) == text


def test_nothing_is_entirely_certain() -> None:
    assert certainty(0.5) == "50.0 %"
    assert certainty(0.9989) == "99.9 %"
    assert certainty(0.9999) == certainty(1.0) == "over 99.9 %"


def test_on_a_page_no_line_ends_within_a_percentage() -> None:
    assert unbroken(percent(0.76)) == "76\u00a0%"
    assert unbroken(certainty(1)) == "over 99.9\u00a0%"
