"""Choosing what is meant in a picture: all versions of its ink are read in one batch, and the digit score decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from frames.drawing import Drawing
from serving.personal import Hands
from serving.prediction import Prediction
from serving.second_look import Predict, look_again

# How much likelier another version has to be a digit than the one that the picture itself suggests, in log-odds. Chosen
# on the drawings of the first fifteen people on paper of every kind, see benchmarks/paper_kinds.py: of 0 to 3, where a
# line has taken a part of a digit along, 1 finds most.
MARGIN = 1.0
CERTAIN = 1e-6  # from 0 and 1: of what is still nearer no score tells anything


class DrawingPrediction(NamedTuple):
    """A drawing, and what the model reads in it."""

    drawing: Drawing
    prediction: Prediction


def read_drawings(predict: Predict, drawings: Sequence[Drawing], hands: Hands = ()) -> list[DrawingPrediction]:
    """Read drawings, each in the version that is most like a digit, and look again at those in doubt.

    `hands` are empty or one for each drawing. What comes back has no alternatives left.
    """
    chosen = glance(predict, drawings, hands)
    frames, predictions = [each.drawing.frame for each in chosen], [each.prediction for each in chosen]
    read = look_again(predict, frames, predictions, hands)
    return [each._replace(prediction=prediction) for each, prediction in zip(chosen, read, strict=True)]


def glance(predict: Predict, drawings: Sequence[Drawing], hands: Hands = ()) -> list[DrawingPrediction]:
    """The same without the second look: all drawings and their alternatives are one batch."""
    versions = [[drawing, *drawing.alternatives] for drawing in drawings]
    frames = [version.frame for each in versions for version in each]
    owners = [hand for hand, each in zip(hands, versions, strict=True) for _ in each] if hands else []
    read = iter(predict(frames, owners))
    return [_chosen([DrawingPrediction(version, next(read)) for version in each]) for each in versions]


def _chosen(versions: list[DrawingPrediction]) -> DrawingPrediction:
    if len(versions) == 1:
        return versions[0]
    first, *others = versions
    best = max(others, key=lambda version: version.prediction.digit_score)
    chosen = best if _log_odds(best) > _log_odds(first) + MARGIN else first
    return chosen._replace(drawing=replace(chosen.drawing, alternatives=()))


def _log_odds(version: DrawingPrediction) -> float:
    score = min(max(version.prediction.digit_score, CERTAIN), 1 - CERTAIN)
    return math.log(score / (1 - score))
