"""A second look at what the network doubts: the mean over the frame and the same moved by up to two pixels.

This is test-time augmentation, and costs only doubtful drawings anything. A network that pools answers a little
otherwise wherever a digit lies. Shifts and doubt were chosen on MNIST's validation digits, enlarged or not, of which
three trainings misread a quarter fewer on average, and on the drawings of the first fifteen people: a tenth fewer. On
MNIST's test digits it is a tenth, and with the other fifteen people nothing. The linear model, which has a weight for
each place, gets worse by it, and so do digits that were cut out of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from frames.masks import Pixels
from learning.registry import DEFAULT_MODEL
from serving.personal import Hands
from serving.prediction import Prediction

DOUBT = 0.8  # confidence below which a frame is looked at again: one in a hundred
FARTHEST = 2  # pixels, either way
SHIFTS = [shift for shift in product(range(-FARTHEST, FARTHEST + 1), repeat=2) if any(shift)]  # down, to the right
SMALLEST = 1e-30  # probability: of less there is no logarithm

Predict = Callable[[Sequence[Pixels], Hands], list[Prediction]]


def look_again(
    predict: Predict, frames: Sequence[Pixels], predictions: Sequence[Prediction], hands: Hands = ()
) -> list[Prediction]:
    """The predictions of (28, 28) uint8 frames, those in doubt averaged with what `predict` says to the shifted frame.

    `hands` are empty or one for each frame. Probabilities are averaged as logits are, by their geometric mean; the
    digit score stays.
    """
    return [
        _averaged([each, *predict(list(shifted(frame)), [hand] * len(SHIFTS))]) if _is_doubtful(each) else each
        for frame, each, hand in zip(frames, predictions, hands or [None] * len(frames), strict=True)
    ]


def _is_doubtful(prediction: Prediction) -> bool:
    return prediction.model == DEFAULT_MODEL and prediction.confidence < DOUBT


def shifted(frame: Pixels) -> Iterator[Pixels]:
    """A frame moved by each of SHIFTS; what comes in is paper."""
    height, width = frame.shape
    padded = np.pad(frame, FARTHEST)
    for down, right in SHIFTS:
        top, left = FARTHEST - down, FARTHEST - right
        yield padded[top : top + height, left : left + width]


def _averaged(predictions: Sequence[Prediction]) -> Prediction:
    """The first of them, with the mean of their probabilities, everybody's where a personal model answered as well."""
    first, second, *_ = predictions
    if second.model_version != first.model_version:
        return first  # the model was swapped in between
    probabilities = _mean([each.probabilities for each in predictions])
    personal = first.personal
    if personal is not None:
        shared = _mean([each.personal.shared_probabilities for each in predictions if each.personal])
        personal = replace(personal, shared_digit=shared.index(max(shared)), shared_probabilities=shared)
    confidence = max(probabilities)
    return replace(
        first,
        predicted_digit=probabilities.index(confidence),
        confidence=confidence,
        probabilities=probabilities,
        elapsed_ms=first.elapsed_ms + second.elapsed_ms,
        personal=personal,
    )


def _mean(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The geometric mean of rows of probabilities, which sums to 1."""
    logits = np.log(np.maximum(rows, SMALLEST)).mean(0)
    odds = np.exp(logits - logits.max())
    return tuple((odds / odds.sum()).tolist())
