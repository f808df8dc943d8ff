"""Which ink speaks for an answer: the signs, what is known exactly, and whether taking it away proves it right."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from frames.preprocessing import FRAME, frame_strokes
from learning.saliency import Floats, occlude, saliency
from support.digits import DIGITS
from support.hands import shipped

Score = Callable[[Sequence[np.ndarray]], np.ndarray]

DRAWN = [frame_strokes([np.array(stroke) * 480 for stroke in strokes]) for _, strokes in DIGITS]


def linear(weights: np.ndarray) -> Score:
    """A network with one weight per pixel: what each pixel says is known exactly."""
    return lambda frames: (np.array(frames, np.float64) / 255 * weights).sum((1, 2))


def explained(frame: np.ndarray, score: Score) -> Floats:
    frames, windows, _ = occlude(frame)
    losses = score([frame])[0] - score(list(frames)) if len(frames) else np.zeros(0)
    return saliency(frame, windows, losses)


def of_shipped(model: str, frame: np.ndarray) -> Score:
    """The log odds of a model's answer against its runner-up."""
    serving = shipped().models[model]
    first, second = serving.predict(frame).best_two

    def score(frames: Sequence[np.ndarray]) -> np.ndarray:
        probabilities = np.array([each.probabilities for each in serving.predict_all(frames)])
        logs = np.log(np.maximum(probabilities, 1e-300))
        difference: np.ndarray = logs[:, first] - logs[:, second]
        return difference

    return score


def test_a_linear_network_that_likes_the_left_and_not_the_right_is_explained_so() -> None:
    weights = np.where(np.arange(FRAME) < FRAME // 2, 1.0, -1.0)[None].repeat(FRAME, 0)
    frame = np.zeros((FRAME, FRAME), np.uint8)
    frame[12:16, 4:24] = 255
    told = explained(frame, linear(weights))
    assert (told[12:16, 4:11] > 0).all()
    assert (told[12:16, 17:24] < 0).all()
    assert np.allclose(told, -told[:, ::-1], atol=1e-4), "what is symmetric is explained symmetrically"


def test_the_amount_is_right_where_it_is_known() -> None:
    """With a weight of 2 everywhere, a window's loss is twice its ink: within full ink, twice a Gaussian's integral."""
    frame = np.full((FRAME, FRAME), 255, np.uint8)
    told = explained(frame, linear(np.full((FRAME, FRAME), 2.0)))
    assert told[10:18, 10:18] == pytest.approx(2 * 2 * math.pi * 1.5**2, rel=0.02)


def test_what_nothing_depends_on_says_nothing() -> None:
    assert not explained(DRAWN[0], lambda frames: np.full(len(frames), 7.0)).any()


def test_a_blank_frame_says_nothing_and_paper_neither() -> None:
    assert not explained(np.zeros((FRAME, FRAME), np.uint8), linear(np.ones((FRAME, FRAME)))).any()
    assert not explained(DRAWN[9], of_shipped("cnn", DRAWN[9]))[DRAWN[9] == 0].any()


def test_it_is_the_same_each_time_and_its_cost_is_bounded() -> None:
    frame = DRAWN[5]
    assert (explained(frame, of_shipped("cnn", frame)) == explained(frame, of_shipped("cnn", frame))).all()
    assert max(len(occlude(each).frames) for each in DRAWN) < 120
    assert len(occlude(np.full((FRAME, FRAME), 255, np.uint8)).frames) == 196


@pytest.mark.parametrize("model", ["cnn", "linear"])
def test_ink_that_spoke_for_the_answer_is_missed_more_than_as_much_that_spoke_against_it(model: str) -> None:
    """A quarter of the ink is erased, pixel by pixel, so with other holes than those that the map was made with."""
    for frame in DRAWN:
        score = of_shipped(model, frame)
        told = explained(frame, score)
        whole, without_for, without_against = score([frame, erased(frame, told), erased(frame, -told)])
        assert whole - without_for > whole - without_against
        assert without_for < whole


def erased(frame: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """A frame without the quarter of its ink that is worth most."""
    order = np.argsort(-np.where(frame > 0, worth, -np.inf), axis=None)
    gone = order[: int(np.searchsorted(frame.ravel()[order].cumsum(), frame.sum() / 4)) + 1]
    left = frame.copy()
    left.ravel()[gone] = 0
    return left
