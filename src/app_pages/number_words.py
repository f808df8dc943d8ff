"""What the page says of a number and of each of its digits."""

from __future__ import annotations

from app_pages.whole_number import WholeNumber
from learning.classes import NOT_A_DIGIT, in_words
from percentages import certainty, unbroken
from serving.prediction import Prediction
from serving.whole_numbers import Digit
from web.answers import SURE

PROMPT = "Write a number: its digits are read one by one."


def glyph(digit: Digit, label: int | None) -> str:
    """What stands for a digit in the number: its label, what was read, or "?"; nothing for what is said to be none."""
    if label is not None:
        return "" if label == NOT_A_DIGIT else str(label)
    prediction = digit.reading.prediction
    return str(prediction.predicted_digit) if prediction.is_digit else "?"


def doubtful(digit: Digit, label: int | None) -> bool:
    """Whether nobody knows yet what it is."""
    prediction = digit.reading.prediction
    return label is None and not (prediction.is_digit and prediction.confidence >= SURE)


def note(digit: Digit, label: int | None) -> str:
    """What stands below a digit: whether it was labelled, and as something else than it was read as."""
    if label is None:
        return "doubtful" if doubtful(digit, label) else ""
    read = _read_as(digit.reading.prediction)
    if label == read:
        return "✓"
    return "was ?" if read == NOT_A_DIGIT else f"was {read}"


def name(digit: Digit, position: int, count: int, label: int | None) -> str:
    """The name of a digit's button, at `position` (from 1) of `count`."""
    prediction = digit.reading.prediction
    read = "does not look like a digit"
    if prediction.is_digit:
        read = f"read as {prediction.predicted_digit}, {unbroken(certainty(prediction.confidence))} sure"
    said = "" if label is None else f", you said {in_words(label)}"
    return f"Digit {position} of {count}: {read}{said}"


def told(label: int | None) -> str:
    """What was said of a digit."""
    return "" if label is None else f"You said: {in_words(label)}."


def lines(number: WholeNumber) -> list[str]:
    """The number as it is now, line by line; see glyph(). Of lines without any digit nothing is told beside others."""
    written = ["".join(glyph(digit, number.label_of(digit)) for digit in line) for line in number.numbers.lines]
    some = any(line.strip("?") for line in written)
    return [line if line.strip("?") or not some else "" for line in written]


def about(number: WholeNumber, keeps: bool = True) -> str:
    """What to do with the number that is shown, in a sentence or two."""
    digits = number.numbers.digits
    if not digits:
        return "" if number.refusal else PROMPT
    if len(digits) == 1:
        return ""
    several = "These are several digits. " if number.source != "canvas" else ""
    count = sum(doubtful(each, number.label_of(each)) for each in digits)
    doubt = f"{_counted(count)} doubtful. " if count else ""
    return f"{several}{doubt}Press a digit to {'correct it' if keeps else 'see how sure the answer is'}."


def _counted(count: int) -> str:
    return "One is" if count == 1 else f"{count} are"


def spoken(number: WholeNumber) -> str:
    """What a screen reader says when the number changes."""
    return f"Read: {', '.join(filter(None, lines(number)))}" if number.numbers.digits else ""


def _read_as(prediction: Prediction) -> int:
    return prediction.predicted_digit if prediction.is_digit else NOT_A_DIGIT
