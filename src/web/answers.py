"""An answer in words, for whoever paints it: the digit, how sure the model is, and what else to say of it.

The page has one renderer, which takes this from the page's script and from POST /api/strokes alike.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from learning.classes import in_words
from learning.registry import MODELS
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
        detail=_detail(prediction, reading.other),
        hand=hand_note(prediction),
        probabilities=[round(each, 4) for each in prediction.probabilities],
        percents=[_bar_text(prediction, digit) for digit in range(10)],
        picture=data_url(reading.drawing.png),
    )


def data_url(png: bytes) -> str:
    """A PNG as a data URL."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def headline(prediction: Prediction) -> str:
    """How sure the model is, in a few words."""
    if not prediction.is_digit:
        return "This does not look like a digit."
    if prediction.confidence < SURE:
        first, second = prediction.best_two
        return f"Not sure: {first} or {second}?"
    return f"{unbroken(certainty(prediction.confidence))} sure"


def _detail(prediction: Prediction, other: Prediction | None) -> str:
    differs = _difference(prediction, other)
    if prediction.is_digit:
        return differs
    first, second = prediction.best_two
    return f"If it is one, perhaps {in_words(first)} or {in_words(second)}. {differs}".strip()


def _difference(prediction: Prediction, other: Prediction | None) -> str:
    """What another model says, where it is something else."""
    if other is None or not (prediction.is_digit or other.is_digit):
        return ""
    name = f"The {in_a_sentence(other.model)} model"
    if not other.is_digit:
        return f"{name} sees no digit in it."
    if prediction.is_digit and other.predicted_digit == prediction.predicted_digit:
        return ""
    return f"{name} reads {other.predicted_digit}."


def in_a_sentence(model: str) -> str:
    """A model's name within a sentence, such as CNN or linear."""
    name = MODELS[model].display_name
    return name if name.isupper() else name.lower()


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
    labels, shared = drawings(prediction.personal.labels), prediction.personal.shared_digit
    if prediction.changed:  # what matters first, since a phone cuts the rest off
        return f"Reads your hand: everybody's model says {shared}. Learned from {labels}."
    return f"Reads your hand: learned from {labels}."


def drawings(count: int) -> str:
    """So many of the visitor's drawings, in words."""
    return f"{count} of your drawings" if count != 1 else "one of your drawings"
