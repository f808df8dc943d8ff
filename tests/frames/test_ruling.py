"""Printed lines are found in ink and taken out of it, and what crosses them stays."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from frames.masks import Pixels
from frames.ruling import without_rules
from support.sketches import FOUR, SEVEN, THREE, painted

LOW = 25


def ink_of(*strokes: np.ndarray) -> Pixels:
    return 255 - painted(list(strokes), scale=1.2, at=(80, 70))


def with_lines(ink: Pixels, *lines: tuple[int, int, int, int], width: int = 2, level: int = 255) -> Pixels:
    layer = Image.new("L", (ink.shape[1], ink.shape[0]))
    for line in lines:
        ImageDraw.Draw(layer).line(line, fill=level, width=width)
    return np.maximum(ink, np.asarray(layer))


def left(ink: Pixels, cleared: Pixels) -> float:
    """The difference between two inks as a fraction of the first."""
    return float(np.abs(ink.astype(int) - cleared).sum() / ink.sum())


@pytest.mark.parametrize("strokes", [THREE, FOUR, SEVEN])
def test_without_lines_ink_stays_as_it_is(strokes: list[np.ndarray]) -> None:
    cleared = without_rules(ink_of(*strokes), LOW)
    assert cleared.rules == ()
    assert np.array_equal(cleared.ink, ink_of(*strokes))


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("turn", [-9, 0, 6])
def test_a_line_goes_and_what_crosses_it_stays(width: int, turn: int) -> None:
    ink = ink_of(*THREE)
    for line in ((0, 130 - turn, 279, 130 + turn), (120 - turn, 0, 120 + turn, 279)):
        cleared = without_rules(with_lines(ink, line, width=width), LOW)
        assert len(cleared.rules) == 1
        assert left(ink, cleared.ink) < 0.05


def test_all_squares_of_a_page_go() -> None:
    ink = ink_of(*THREE)
    squares = [(0, y, 279, y) for y in range(9, 280, 30)] + [(x, 0, x, 279) for x in range(20, 280, 30)]
    for level in (90, 255):
        cleared = without_rules(with_lines(ink, *squares, width=1, level=level), LOW)
        assert len(cleared.rules) == len(squares)
        assert left(ink, cleared.ink) < 0.08


def test_a_frame_around_the_digit_goes_and_a_line_without_corners_stays() -> None:
    ink = ink_of(*THREE)
    corners = [(60, 60, 200, 60), (60, 210, 200, 210), (60, 60, 60, 210), (200, 60, 200, 210)]
    assert left(ink, without_rules(with_lines(ink, *corners, width=3), LOW).ink) < 0.05
    underlined = with_lines(ink, (60, 210, 200, 210), width=3)
    assert np.array_equal(without_rules(underlined, LOW).ink, underlined)


def test_nothing_is_found_in_nothing() -> None:
    assert without_rules(np.zeros((30, 40), np.uint8), LOW).rules == ()
