"""Which pieces of a mask are the digit's: first the likeliest choice, then others."""

from __future__ import annotations

import numpy as np

from frames.masks import Mask
from frames.strays import of_the_digit
from support.sketches import FOUR, THREE, painted

DIGIT: Mask = painted(THREE, scale=1, at=(90, 90)) < 128


def with_box(top: int, left: int, height: int, width: int) -> Mask:
    mask = DIGIT.copy()
    mask[top : top + height, left : left + width] = True
    return mask


def test_one_piece_leaves_no_choice() -> None:
    assert len(of_the_digit(DIGIT)) == 1


def test_what_comes_in_over_the_border_or_lies_far_away_goes_first() -> None:
    for mask in (with_box(0, 60, 12, 20), with_box(250, 250, 14, 14), with_box(0, 0, 280, 4), with_box(20, 20, 3, 3)):
        first = of_the_digit(mask)[0]
        assert np.array_equal(first, DIGIT)


def test_strokes_of_a_digit_belong_together() -> None:
    apart = painted(FOUR, pen=8) < 128
    apart[:, 125:132] = False
    assert np.array_equal(of_the_digit(apart)[0], apart)


def test_a_row_of_dots_is_no_dust() -> None:
    dots = np.zeros((200, 200), np.bool_)
    for x in range(20, 180, 12):
        dots[x : x + 3, 100:103] = True
    assert np.array_equal(of_the_digit(dots)[0], dots)
