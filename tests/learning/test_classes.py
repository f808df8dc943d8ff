"""The eleven classes, and their words."""

from __future__ import annotations

from learning.classes import DIGITS, NOT_A_DIGIT, in_words
from learning.networks import ConvNet


def test_every_class_has_its_words() -> None:
    assert [in_words(digit) for digit in (0, 1, 7, 8)] == ["a 0", "a 1", "a 7", "an 8"]
    assert in_words(NOT_A_DIGIT) == "not a digit"


def test_what_is_not_a_digit_is_the_column_after_the_digits() -> None:
    assert NOT_A_DIGIT == DIGITS
    assert ConvNet().layers[-1].out_features == DIGITS + 1
