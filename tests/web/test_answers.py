"""One truth about certainty: what the headline says is what the bars say, and no digit leads with that."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import numpy as np

from frames.drawing import Drawing
from serving.prediction import Personal, Prediction
from serving.reading import Reading
from web.answers import Words, hand_note, words_of

SURE = Prediction(1, 0.97, (0.003, 0.97, *(0.003375,) * 8), 0.99, True, "cnn", 1, 1.0)


def words(prediction: Prediction, other: Prediction | None = None) -> Words:
    return words_of(Reading(uuid4(), Drawing(np.zeros((28, 28), np.uint8)), prediction, "canvas", None, other))


def test_a_sure_answer_has_one_figure_everywhere() -> None:
    told = words(SURE)
    assert told.headline == "97.0\u00a0% sure"
    assert told.percents[1] == "97.0\u00a0%"
    assert told.sure
    assert not told.detail


def test_what_is_nearly_certain_is_100_percent_nowhere() -> None:
    told = words(replace(SURE, confidence=0.99999, probabilities=(0.00001, 0.99999) + (0.0,) * 8))
    assert told.headline == "over 99.9\u00a0% sure"
    assert told.percents[1] == "> 99.9\u00a0%"
    assert not any(text.startswith("100") for text in told.percents)


def test_a_doubtful_answer_names_both() -> None:
    told = words(replace(SURE, confidence=0.55, probabilities=(0.05, 0.55, *(0.0,) * 5, 0.4, 0.0, 0.0)))
    assert told.headline == "Not sure: 1 or 7?"
    assert not told.sure


def test_what_is_no_digit_leads_with_that_and_claims_no_certainty() -> None:
    told = words(replace(SURE, is_digit=False))
    assert told.headline == "This does not look like a digit."
    assert told.detail == "If it is one, perhaps a 1 or a 2."
    assert set(told.percents) == {""}, "90 % beside it would say the opposite"
    assert not told.sure


def test_an_answer_says_whose_hand_it_reads_and_what_that_changed() -> None:
    assert hand_note(SURE) == ""
    same = hand_note(replace(SURE, personal=Personal(23, 1, SURE.probabilities)))
    assert same == "Reads your hand: learned from 23 of your drawings."
    other = hand_note(replace(SURE, personal=Personal(1, 7, SURE.probabilities)))
    assert other == "Reads your hand: everybody's model says 7. Learned from one of your drawings."


def test_the_picture_is_a_data_url() -> None:
    assert words(SURE).picture.startswith("data:image/png;base64,iVBOR")


LINEAR = replace(SURE, model="linear")
SEVEN = replace(LINEAR, predicted_digit=7)
NO_DIGIT = replace(LINEAR, is_digit=False)


def test_where_the_other_model_reads_something_else_the_answer_says_so() -> None:
    assert words(SURE, SEVEN).detail == "The linear model reads 7."
    assert words(SEVEN, SURE).detail == "The CNN model reads 1."
    assert words(SURE, NO_DIGIT).detail == "The linear model sees no digit in it."
    neither = "If it is one, perhaps a 1 or a 2."
    assert words(replace(SURE, is_digit=False), SEVEN).detail == f"{neither} The linear model reads 7."
    assert words(SURE, SEVEN).headline == words(SURE).headline


def test_where_both_models_agree_nothing_is_said() -> None:
    assert words(SURE, LINEAR).detail == ""
    assert words(replace(SURE, is_digit=False), NO_DIGIT).detail == "If it is one, perhaps a 1 or a 2."
