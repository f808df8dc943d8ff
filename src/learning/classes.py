"""What the networks tell apart: the ten digits, and what is not a digit. A label is one of these eleven."""

from __future__ import annotations

DIGITS = 10
NOT_A_DIGIT = 10  # the eleventh column of logits, and the label of drawings that are no digit


def in_words(label: int) -> str:
    """A label as a sentence names it: "a 7", "an 8", "not a digit"."""
    if label == NOT_A_DIGIT:
        return "not a digit"
    return f"{'an' if label == 8 else 'a'} {label}"
