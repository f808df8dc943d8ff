"""What the page says of a number: its text with what was said of its digits, what is doubtful, and what to do."""

from __future__ import annotations

from uuid import uuid4

import numpy as np
import pytest

from app_pages.number_words import PROMPT, about, doubtful, glyph, lines, name, note, spoken, told
from app_pages.whole_number import TOO_MANY, WholeNumber
from frames.drawing import Drawing
from learning.classes import NOT_A_DIGIT
from serving.prediction import Prediction
from serving.reading import Reading
from serving.whole_numbers import Digit, Numbers


def digit(read: int, confidence: float = 0.98, is_digit: bool = True) -> Digit:
    rest = (1 - confidence) / 9
    probabilities = tuple(confidence if n == read else rest for n in range(10))
    prediction = Prediction(read, confidence, probabilities, 0.9, is_digit, "cnn", 1, 2.0)
    frame = np.full((28, 28), read, np.uint8)
    return Digit((0, 0, 9, 9), Reading(uuid4(), Drawing(frame), prediction, "canvas", "visitor"))


def number(*of_lines: list[Digit], source: str = "canvas") -> WholeNumber:
    return WholeNumber(source, numbers=Numbers(tuple(map(tuple, of_lines)), (960, 480)))


def test_the_text_has_what_was_said_in_place_of_what_was_read() -> None:
    seven, scribble, two = digit(7), digit(3, is_digit=False), digit(2)
    shown = number([digit(1), seven, scribble], [two])
    assert lines(shown) == ["17?", "2"]
    assert spoken(shown) == "Read: 17?, 2"
    shown.say(seven, 4)
    shown.say(scribble, NOT_A_DIGIT)
    shown.say(two, 2)
    assert lines(shown) == ["14", "2"]
    shown.say(seven, None)
    assert lines(shown) == ["17", "2"]


def test_a_line_without_any_digit_is_left_out_unless_there_is_no_other() -> None:
    dust, more = digit(3, is_digit=False), digit(5, is_digit=False)
    shown = number([dust, more], [digit(2), dust])
    assert lines(shown) == ["", "2?"]
    assert spoken(shown) == "Read: 2?"
    assert lines(number([dust, more])) == ["??"]


def test_what_was_said_is_forgotten_with_the_ink_that_it_was_said_of() -> None:
    one = digit(1)
    shown = number([one])
    shown.say(one, 6)
    assert shown.label_of(one) == 6
    changed = Digit(one.box, Reading(one.reading.drawing_id, digit(4).reading.drawing, one.reading.prediction, "", ""))
    assert shown.label_of(changed) is None


@pytest.mark.parametrize(
    ("of", "label", "written"),
    [
        (digit(7), None, ("7", "")),
        (digit(7), 7, ("7", "✓")),
        (digit(7), 1, ("1", "was 7")),
        (digit(7), NOT_A_DIGIT, ("", "was 7")),
        (digit(7, 0.5), None, ("7", "doubtful")),
        (digit(7, is_digit=False), None, ("?", "doubtful")),
        (digit(7, is_digit=False), NOT_A_DIGIT, ("", "✓")),
        (digit(7, is_digit=False), 7, ("7", "was ?")),
    ],
)
def test_below_each_digit_stands_what_is_to_be_known_of_it(of: Digit, label: int | None, written: object) -> None:
    assert (glyph(of, label), note(of, label)) == written
    assert doubtful(of, label) == (note(of, label) == "doubtful")


def test_a_button_is_named_by_what_was_read_and_said() -> None:
    assert name(digit(8), 2, 4, None) == "Digit 2 of 4: read as 8, 98.0\u00a0% sure"
    assert name(digit(8), 2, 4, 3) == "Digit 2 of 4: read as 8, 98.0\u00a0% sure, you said a 3"
    assert (
        name(digit(8, is_digit=False), 1, 1, NOT_A_DIGIT)
        == "Digit 1 of 1: does not look like a digit, you said not a digit"
    )
    assert told(8) == "You said: an 8."
    assert told(None) == ""


def test_the_page_says_what_to_do() -> None:
    assert about(number()) == PROMPT
    assert about(number([digit(1)])) == "", "its answer stands beside it"
    assert about(number([digit(1), digit(2)])) == "Press a digit to correct it."
    assert about(number([digit(1), digit(2)]), keeps=False) == "Press a digit to see how sure the answer is."
    doubt = [digit(1), digit(2, 0.4)]
    assert about(number(doubt, source="upload")) == (
        "These are several digits. One is doubtful. Press a digit to correct it."
    )
    shown = number([*doubt, digit(5, is_digit=False)])
    assert about(shown).startswith("2 are doubtful. ")
    shown.say(doubt[1], 2)
    assert about(shown).startswith("One is doubtful. ")
    full = number()
    full.refusal = TOO_MANY
    assert (about(full), spoken(full)) == ("", "")
