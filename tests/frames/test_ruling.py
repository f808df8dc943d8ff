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
    return np.asarray(255 - painted(list(strokes), scale=1.2, at=(80, 70)), np.uint8)


def with_lines(ink: Pixels, *lines: tuple[int, int, int, int], width: int = 2, level: int = 255) -> Pixels:
    layer = Image.new("L", (ink.shape[1], ink.shape[0]))
    for line in lines:
        ImageDraw.Draw(layer).line(line, fill=level, width=width)
    return np.asarray(np.maximum(ink, np.asarray(layer)), np.uint8)


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


@pytest.mark.parametrize(("width", "pen"), [(1, 3), (3, 5), (4, 7)])
def test_a_stroke_along_a_frames_side_stays(width: int, pen: int) -> None:
    bar = with_lines(np.zeros((280, 280), np.uint8), (90, 60, 170, 60), (170, 60, 130, 180), width=pen)
    corners = [(60, 60, 200, 60), (60, 210, 200, 210), (60, 60, 60, 210), (200, 60, 200, 210)]
    cleared = without_rules(with_lines(bar, *corners, width=width), LOW)
    assert len(cleared.rules) == 4
    assert left(bar, cleared.ink) < 0.08


@pytest.mark.parametrize("pen", [2, 3, 5])
def test_a_stroke_along_all_of_a_side_stays_as_the_other_sides_are_thinner(pen: int) -> None:
    one = with_lines(np.zeros((280, 280), np.uint8), (60, 54, 60, 216), width=2 * pen)
    corners = [(60, 60, 120, 60), (60, 210, 120, 210), (60, 60, 60, 210), (120, 60, 120, 210)]
    cleared = without_rules(with_lines(one, *corners, width=pen), LOW)
    assert len(cleared.rules) == 4
    assert left(one, cleared.ink) < 0.1


@pytest.mark.parametrize("pen", [8, 12, 16])
def test_a_thin_frame_is_found_beside_broad_strokes_that_slope(pen: int) -> None:
    strokes = [(x - 4, 95, x + 4, 185) for x in (100, 140, 180)]  # half as long as the frame, and more ink than it has
    ink = with_lines(np.zeros((280, 280), np.uint8), *strokes, width=pen)
    frame = [(60, 60, 220, 60), (60, 220, 220, 220), (60, 60, 60, 220), (220, 60, 220, 220)]
    cleared = without_rules(with_lines(ink, *frame, width=1), LOW)
    assert len(cleared.rules) == 4
    assert left(ink, cleared.ink) < 0.02


def test_nothing_is_found_in_nothing() -> None:
    assert without_rules(np.zeros((30, 40), np.uint8), LOW).rules == ()
