"""Numbers to measure with, and how what was read of them is counted. Covers src/benchmarks: written_numbers."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from benchmarks import drawings
from benchmarks.number_reading import KINDS, edit_distance, interval, measure
from benchmarks.written_numbers import HEIGHT, PAPERS, PHOTO, WIDTH, canvas, photograph, written
from support.hands import serving


def test_numbers_are_of_two_to_six_digits_by_one_person_and_lie_on_the_canvas() -> None:
    people = drawings.made_up_writers(2, each=20)
    numbers = list(written(people, 8))
    assert [number.writer for number in numbers] == ["w00"] * 8 + ["w01"] * 8
    for number in numbers:
        assert 2 <= len(number.text) == len(number.digits) <= 6
        points = np.concatenate(number.strokes)
        assert points.min() >= 0
        assert (points <= (WIDTH, HEIGHT)).all()
        ink = np.asarray(canvas(number)) < 128
        assert ink.any()
        assert not ink[0].any()
        assert not ink[:, 0].any()
    assert [number.text for number in written(people, 8)] == [number.text for number in numbers]


def test_some_neighbours_touch_and_some_do_not() -> None:
    gaps = []
    for number in written(drawings.made_up_writers(3, each=30), 30):
        for one, other in pairwise(np.concatenate(digit) for digit in number.digits):
            nearest = np.sqrt(((one[:, None] - other[None]) ** 2).sum(2)).min()
            gaps.append(nearest / number.pen)
    touching = sum(gap < 1 for gap in gaps)
    assert 1 <= touching <= len(gaps) - 5


@pytest.mark.parametrize("paper", PAPERS)
def test_a_photograph_has_half_the_light_on_one_side(paper: str) -> None:
    number = next(written(drawings.made_up_writers(1, each=20), 1))
    shot = Image.open(io.BytesIO(photograph(number, paper, np.random.default_rng(0))))
    assert shot.size[0] == PHOTO
    light = np.asarray(shot.convert("L").resize((8, 8))).astype(float)
    assert 0.4 < light.min() / light.max() < 0.75


@pytest.mark.parametrize(
    ("one", "other", "steps"), [("", "", 0), ("12", "12", 0), ("12", "", 2), ("2026", "206", 1), ("12", "13\n4", 3)]
)
def test_the_edit_distance(one: str, other: str, steps: int) -> None:
    assert edit_distance(one, other) == edit_distance(other, one) == steps


def test_the_interval_is_of_people() -> None:
    assert interval(np.array([9, 9]), np.array([10, 10])) == (0.9, 0.9)
    low, high = interval(np.array([10, 0]), np.array([10, 10]))
    assert (low, high) == (0, 1)


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[1], KINDS[3]])
def test_every_kind_is_read(kind: str) -> None:
    tally = measure(serving(), drawings.made_up_writers(2, each=40), 3, kind)
    assert tally.numbers.tolist() == [3, 3]
    assert tally.right_digits.sum() > 0.7 * tally.digits.sum()
    assert 0 < tally.seconds < 5
