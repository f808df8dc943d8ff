"""What a visitor is told of their own hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app_pages.hand import _story, hand_note
from serving.hand_building import Known
from serving.personal import PersonalModel, Report
from serving.prediction import Personal, Prediction

NOTHING = Report(0, 0, 0)
READING = Prediction(1, 0.9, (0.02, 0.9) + (0.01,) * 8, 0.99, True, "cnn", 1, 1.0)


def model(labels: int, learned: bool = True, report: Report = NOTHING) -> PersonalModel:
    weights = np.full((labels, 10), float(learned), np.float32)
    empty = np.zeros((labels, 10), np.float32)
    return PersonalModel(
        ("cnn", 1, ""), empty.astype(np.uint8), empty[:, 0], weights, empty[0], empty, np.ones(labels, np.uint8), report
    )


def story(known: Known) -> str:
    assert known.model is not None
    return _story(known, known.model)


def test_an_answer_says_whose_hand_it_reads_and_what_that_changed() -> None:
    assert hand_note(READING) == ""
    same = hand_note(replace(READING, personal=Personal(23, 1, READING.probabilities)))
    assert "Reads your hand: learned from 23 of your drawings." in same
    assert "Everybody's model" not in same
    other = hand_note(replace(READING, personal=Personal(1, 7, READING.probabilities)))
    assert "learned from one of your drawings. <b>Everybody's model says 7.</b>" in other


def test_the_panel_tells_figures_once_there_are_enough() -> None:
    assert "Every label counts" in story(Known(model=model(2, report=Report(2, 2, 1))))
    told = story(Known(model=model(60, report=Report(40, 38, 35))))
    assert "Learned from 60 of your drawings, for you alone." in told
    assert "Of your last 40 drawings 38 are read, 35 without it:" in told


def test_it_says_when_it_is_off_and_when_nothing_could_be_learned() -> None:
    assert "switched off" in story(Known(False, model(5)))
    assert "Nothing is learned from 8 of your drawings:" in story(Known(model=model(8, learned=False)))
