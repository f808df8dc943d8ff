"""Of the versions of a picture, the one that is clearly most like a digit is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from frames.drawing import Drawing
from serving.choosing import glance, read_drawings
from serving.personal import Hands
from serving.prediction import Prediction
from serving.second_look import SHIFTS


def frame(score: float) -> np.ndarray:
    return np.full((28, 28), round(score * 250), np.uint8)


def predict(frames: Sequence[np.ndarray], _hands: Hands = ()) -> list[Prediction]:
    """Takes a frame's first pixel for its digit score."""
    scores = [float(each[0, 0]) / 250 for each in frames]
    return [Prediction(round(10 * score) % 10, 1.0, (0.1,) * 10, score, True, "cnn", 1, 0.1) for score in scores]


def chosen(*scores: float) -> float:
    first, *others = (Drawing(frame(score)) for score in scores)
    ((drawing, prediction),) = read_drawings(predict, [Drawing(first.frame, alternatives=tuple(others))])
    assert drawing.alternatives == ()
    assert drawing.frame[0, 0] == round(prediction.digit_score * 250)
    return prediction.digit_score


@pytest.mark.parametrize(
    ("scores", "expected"),
    [((0.4,), 0.4), ((0.1, 0.9), 0.9), ((0.9, 0.92), 0.9), ((0.2, 0.6, 0.96), 0.96), ((1.0, 1.0), 1.0)],
)
def test_another_version_has_to_be_clearly_more_like_a_digit(scores: tuple[float, ...], expected: float) -> None:
    assert chosen(*scores) == pytest.approx(expected)


def test_each_drawing_gets_its_own_and_all_are_one_batch() -> None:
    batches = []

    def counting(frames: Sequence[np.ndarray], hands: Hands) -> list[Prediction]:
        batches.append((len(frames), len(hands)))
        return predict(frames)

    two = Drawing(frame(0.2), alternatives=(Drawing(frame(0.9)),))
    read = read_drawings(counting, [Drawing(frame(0.5)), two, Drawing(frame(0.7))], [None, None, None])
    assert [each.prediction.digit_score for each in read] == pytest.approx([0.5, 0.9, 0.7])
    assert batches == [(4, 4)]


def test_only_the_version_that_is_chosen_is_looked_at_again() -> None:
    batches = []

    def doubting(frames: Sequence[np.ndarray], _hands: Hands) -> list[Prediction]:
        batches.append(len(frames))
        return [replace(each, confidence=0.5) for each in predict(frames)]

    drawing = Drawing(frame(0.2), alternatives=(Drawing(frame(0.9)), Drawing(frame(0.1))))
    ((chosen_one, _),) = read_drawings(doubting, [drawing])
    assert chosen_one.frame is drawing.alternatives[0].frame
    assert batches == [3, len(SHIFTS)]
    batches.clear()
    assert len(glance(doubting, [drawing])) == 1
    assert batches == [3]
