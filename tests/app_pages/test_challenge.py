"""The challenge asks for each digit once and counts what was read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from app_pages.challenge import Challenge
from frames.drawing import Drawing
from learning.classes import NOT_A_DIGIT


def reading(digit: int, is_digit: bool = True) -> Any:
    """What the challenge looks at of a reading."""
    prediction = SimpleNamespace(predicted_digit=digit, is_digit=is_digit)
    drawing = Drawing(np.zeros((28, 28), np.uint8))
    return SimpleNamespace(drawing_id=uuid4(), prediction=prediction, drawing=drawing)


def test_each_digit_is_asked_for_once_and_the_order_is_not_always_the_same() -> None:
    assert all(sorted(Challenge().digits) == list(range(10)) for _ in range(5))
    assert len({tuple(Challenge().digits) for _ in range(20)}) > 1


def test_the_score_counts_what_was_read_as_it_was_asked_for() -> None:
    challenge = Challenge()
    for n, digit in enumerate(challenge.digits):
        assert (challenge.asked, challenge.finished) == (digit, False)
        said = challenge.drawn(reading((digit + (n < 3)) % 10, is_digit=n != 9))
    assert said.startswith(f"your {challenge.digits[9]} was read as not a digit. 6 of 10")
    assert (challenge.asked, challenge.finished, challenge.score) == (None, True, 6)
    assert challenge.attempts[9].read == NOT_A_DIGIT
    with pytest.raises(ValueError, match="All digits"):
        challenge.drawn(reading(0))


def test_what_is_taken_back_is_asked_for_again_and_only_the_last_can_be() -> None:
    challenge = Challenge()
    first, second = reading(challenge.digits[0]), reading(challenge.digits[1])
    challenge.drawn(first)
    challenge.drawn(second)
    challenge.taken_back(first.drawing_id)
    assert challenge.asked == challenge.digits[2]
    challenge.taken_back(second.drawing_id)
    assert challenge.asked == challenge.digits[1]
