"""Digits beside each other are told from a digit and the pieces of the frame around it."""

from __future__ import annotations

from uuid import uuid4

import numpy as np
import pytest

from frames.drawing import Drawing
from frames.lattice import Box
from serving.prediction import Prediction
from serving.reading import Reading
from serving.side_by_side import are_side_by_side
from serving.whole_numbers import Digit, Numbers

WIDTH = 200
SEVEN, NINE = (40, 20, 50, 90), (110, 25, 55, 80)
DRAWING = Drawing(np.zeros((28, 28), np.uint8))


def part(box: Box, confidence: float = 0.99, score: float = 0.99, is_digit: bool = True) -> Digit:
    prediction = Prediction(7, confidence, (0.1,) * 10, score, is_digit, "cnn", 1, 1.0)
    return Digit(box, Reading(uuid4(), DRAWING, prediction, "upload", None))


def beside(*parts: Digit) -> bool:
    return are_side_by_side(Numbers((parts,)), WIDTH)


def test_two_digits_are_a_number() -> None:
    assert beside(part(SEVEN), part(NINE))
    assert beside(part(SEVEN), part(NINE), part((5, 5, 3, 3), score=0.1))


def test_one_at_the_side_may_be_a_digit_if_it_is_not_slim() -> None:
    assert beside(part((0, 20, 50, 90)), part(NINE))


@pytest.mark.parametrize(
    "other",
    [
        part(NINE, confidence=0.8),
        part(NINE, score=0.8),
        part(NINE, is_digit=False),
        part((110, 25, 10, 30)),
        part((0, 0, 4, 120)),
        part((195, 0, 4, 120)),
        part((0, 0, 190, 130)),
    ],
    ids=["unsure", "hardly a digit", "no digit", "much lower", "left edge", "right edge", "a frame around it"],
)
def test_a_digit_and_what_is_beside_it_are_none(other: Digit) -> None:
    assert not beside(part(SEVEN), other)


def test_nothing_is_no_number() -> None:
    assert not beside()
