"""What a visitor is told of their own hand."""

from __future__ import annotations

import numpy as np

from app_pages.hand import _story
from serving.hand_building import Known
from serving.personal import PersonalModel, Report

NOTHING = Report(0, 0, 0)


def model(labels: int, learned: bool = True, report: Report = NOTHING) -> PersonalModel:
    weights = np.full((labels, 10), float(learned), np.float32)
    empty = np.zeros((labels, 10), np.float32)
    return PersonalModel(
        ("cnn", 1, ""), empty.astype(np.uint8), empty[:, 0], weights, empty[0], empty, np.ones(labels, np.uint8), report
    )


def story(known: Known) -> str:
    assert known.model is not None
    return _story(known, known.model)


def test_the_panel_tells_figures_once_there_are_enough() -> None:
    assert "Each of your labels counts" in story(Known(model=model(2, report=Report(2, 2, 1))))
    told = story(Known(model=model(60, report=Report(40, 38, 35))))
    assert "Learned from 60 of your drawings, for you alone." in told
    assert "Of your last 40 drawings it reads 38 right; without your labels it would be 35." in told


def test_it_says_when_it_is_off_and_when_nothing_could_be_learned() -> None:
    assert "switched off" in story(Known(False, model(5)))
    assert "Nothing is learned from 8 of your drawings:" in story(Known(model=model(8, learned=False)))
