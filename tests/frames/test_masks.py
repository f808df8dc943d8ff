"""Masks of ink: bounding boxes, the pen's width, and dust."""

from __future__ import annotations

import numpy as np
import pytest

from frames.masks import NoInk, border, bounding_box, pen_width, span, without_dust, without_isolated_pixels
from frames.preprocessing import frame_pixels
from support.sketches import THREE, THREE_FRAME, difference, painted


def test_a_span_reaches_from_the_first_to_the_last_and_notices_gaps() -> None:
    assert span(np.array([False, True, True, False])) == (slice(1, 3), False)
    assert span(np.array([True, False, True])) == (slice(0, 3), True)


def test_the_bounding_box_is_where_the_ink_is() -> None:
    mask = np.zeros((9, 9), np.bool_)
    mask[2, 3] = mask[5, 7] = True
    assert bounding_box(mask) == (slice(2, 6), slice(3, 8))


def test_an_empty_mask_has_no_ink() -> None:
    with pytest.raises(NoInk):
        span(np.zeros(4, np.bool_))
    with pytest.raises(NoInk):
        bounding_box(np.zeros((4, 4), np.bool_))


def test_the_border_is_the_four_sides() -> None:
    assert sorted(set(border(np.arange(9).reshape(3, 3)))) == [0, 1, 2, 3, 5, 6, 7, 8]


@pytest.mark.parametrize("pen", [8, 14, 20])
def test_the_pen_width_is_measured(pen: int) -> None:
    assert pen_width(painted(THREE, pen=pen) < 128) == pytest.approx(pen, rel=0.15)


def test_isolated_pixels_are_noise_only_if_there_are_many() -> None:
    mask = painted(THREE) < 128
    few, many = mask.copy(), mask.copy()
    few[2, 2] = True
    many[2:270:9, 2] = True
    assert np.array_equal(without_isolated_pixels(few), few)
    assert np.array_equal(without_isolated_pixels(many), mask)


def test_dust_is_removed_and_dots_as_wide_as_the_pen_stay() -> None:
    mask = painted(THREE, scale=1, at=(90, 90)) < 128
    speck, dot = mask.copy(), mask.copy()
    speck[2:4, 2:4] = True
    dot[2:18, 2:18] = True
    assert np.array_equal(without_dust(speck), mask)
    assert np.array_equal(without_dust(dot), dot)


@pytest.mark.parametrize("place", [(2, 2), (2, 277), (277, 140), (140, 1)])
def test_a_distant_speck_does_not_stretch_the_box(place: tuple[int, int]) -> None:
    sheet = painted(THREE, scale=1, at=(90, 90)).copy()
    clean = frame_pixels(sheet)
    sheet[place[0] : place[0] + 2, place[1] : place[1] + 2] = 0
    assert np.array_equal(frame_pixels(sheet), clean)


def test_noise_all_over_a_clean_drawing_is_removed() -> None:
    rng = np.random.default_rng(0)
    sheet = painted(THREE).copy()
    sheet[rng.random(sheet.shape) < 0.003] = 0
    assert difference(frame_pixels(sheet), THREE_FRAME) < 0.2
