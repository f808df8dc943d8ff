"""An answer in words, for whoever paints it: the digit, how sure the model is, and what else to say of it.

The page has one renderer, which takes this from the page's script and from POST /api/strokes alike.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from frames.preprocessing import to_png
from learning.classes import in_words
from percentages import certainty, percent, unbroken
from serving.prediction import Prediction
from serving.reading import Reading

SURE = 0.8  # below it the answer comes with its runner-up


@dataclass(frozen=True)
class Words:
    """What the page shows of a reading. Where it `is_digit`, `percents` has a text for each digit."""

    digit: int
    name: str
    is_digit: bool
    sure: bool
    headline: str
    detail: str
    hand: str
    probabilities: list[float]
    percents: list[str]
    picture: str


def words_of(reading: Reading) -> Words:
    """A reading as the page shows it; `picture` is a data URL of the 28 x 28 pixels."""
    prediction = reading.prediction
    return Words(
        digit=prediction.predicted_digit,
        name=in_words(prediction.predicted_digit),
        is_digit=prediction.is_digit,
        sure=prediction.is_digit and prediction.confidence >= SURE,
        headline=headline(prediction),
        detail=_detail(prediction),
        hand=hand_note(prediction),
        probabilities=[round(each, 4) for each in prediction.probabilities],
        percents=[_bar_text(prediction, digit) for digit in range(10)],
        picture="data:image/png;base64," + base64.b64encode(to_png(reading.drawing.frame)).decode(),
    )


def headline(prediction: Prediction) -> str:
    """How sure the model is, in a few words."""
    if not prediction.is_digit:
        return "This does not look like a digit."
    if prediction.confidence < SURE:
        first, second = _best_two(prediction)
        return f"Not sure: {first} or {second}?"
    return f"{unbroken(certainty(prediction.confidence))} sure"


def _detail(prediction: Prediction) -> str:
    if prediction.is_digit:
        return ""
    first, second = _best_two(prediction)
    return f"If it is one, perhaps a {first} or a {second}."


def _best_two(prediction: Prediction) -> tuple[int, int]:
    first, second = sorted(range(10), key=lambda digit: -prediction.probabilities[digit])[:2]
    return first, second


def _bar_text(prediction: Prediction, digit: int) -> str:
    """The same certainty as in the headline; none beside the sentence that it is no digit."""
    if not prediction.is_digit:
        return ""
    probability = prediction.probabilities[digit]
    if digit == prediction.predicted_digit:
        return unbroken(certainty(probability)).replace("over ", "> ")
    return unbroken(percent(probability, 1))


def hand_note(prediction: Prediction) -> str:
    """What to say of an answer that a personal model gave; nothing where none did."""
    if prediction.personal is None:
        return ""
    labels = prediction.personal.labels
    learned = f"Reads your hand: learned from {drawings(labels)}."
    if prediction.changed:
        return f"{learned} Everybody's model says {prediction.personal.shared_digit}."
    return learned


def drawings(count: int) -> str:
    """So many of the visitor's drawings, in words."""
    return f"{count} of your drawings" if count != 1 else "one of your drawings"
