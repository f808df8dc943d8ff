"""Why a drawing is read as it is: its ink, its strokes and its neighbours, asked of the very model that answered.

It takes some hundred readings, so it has a thread of its own, which asks for one explanation after the other in small
batches: the answers of those who draw meanwhile wait no longer than for a batch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import numpy as np

from frames.drawing import Drawing, from_strokes
from frames.masks import NoInk, Pixels
from learning.registry import DEFAULT_MODEL
from learning.saliency import Floats, occlude, saliency
from learning.weights import ModelMissing
from serving.hand_building import nearest
from serving.hands import HandCache
from serving.loading import ModelLoader
from serving.personal import PersonalModel
from serving.prediction import Prediction
from serving.reading import Reading
from serving.second_look import look_again
from storage import hands
from storage.database import Database, DatabaseAway
from storage.hands import Hand, OwnLabel

if TYPE_CHECKING:
    from serving.predictor import Predictor, ServingModel

BATCH = 8  # frames: 2 to 3 ms, for which another visitor's reading may wait
MAX_WAITING = 8  # explanations, of 30 to 60 ms each
MAX_STROKES = 6  # with more, none is left out to see what it did
MOST_LABELLED = 5  # drawings of one's own
SMALLEST = 1e-300  # a probability whose logarithm is finite
SAME_LOOK = 1e-4  # confidence: by less do two readings at one look differ, of the same drawing by the same model

Predict = Callable[[Sequence[Pixels]], list[Prediction]]


class Outdated(LookupError):
    """What is to be explained is no longer what the models say."""


class Busy(RuntimeError):
    """Too many explanations are asked for at once."""


@dataclass(frozen=True)
class Spot:
    """Where ink was taken away, row and column of the frame, and what is read without it."""

    centre: tuple[float, float]
    prediction: Prediction


@dataclass(frozen=True)
class Stroke:
    """What is read without one stroke, and by how much the answer's log odds are lower then."""

    prediction: Prediction
    loss: float


@dataclass(frozen=True)
class Explanation:
    """Why a drawing is read as it is.

    A digit is explained against its runner-up, by the log odds between the two; what is no digit by the log odds of the
    digit score, so that what speaks against its being a digit is below 0.
    """

    prediction: Prediction
    threshold: float
    """The digit score (0-1) from which on a drawing counts as a digit."""
    saliency: Floats
    """(28, 28), in nats: which ink speaks for the answer, or for its being a digit; see learning.saliency."""
    decisive: Spot | None
    """The spot without whose ink the answer would be another; of several the one that changes most."""
    strokes: tuple[Stroke, ...] = ()
    """Each stroke, where there are 2 to MAX_STROKES."""
    labelled: tuple[OwnLabel, ...] | None = ()
    """The nearest of the visitor's own labelled drawings; None where they cannot be looked up."""


def explain(drawing: Drawing, predict: Predict, threshold: float, answered: Prediction | None = None) -> Explanation:
    """Why a drawing is read as it is, or was if it was `answered`, its neighbours apart.

    `predict` takes one look at each frame. Where that is in doubt, the answer may be that of a second one (a number's
    digits have none); what is left out is always compared with the first.
    """
    (glance,) = (prediction,) = predict([drawing.frame])
    if answered is None or not math.isclose(answered.confidence, glance.confidence, abs_tol=SAME_LOOK):
        (prediction,) = look_again(lambda frames, _hands: predict(frames), [drawing.frame], [glance])
    score = _score_of(prediction)
    occlusions = occlude(drawing.frame)
    without = predict(list(occlusions.frames))
    losses = score(glance) - np.array([score(each) for each in without])
    same = {reads(prediction), reads(glance)}
    changed = [n for n, each in enumerate(without) if each.is_digit and reads(each) not in same]
    decisive = max(changed, key=lambda n: abs(losses[n]), default=None)
    return Explanation(
        prediction,
        threshold,
        saliency(drawing.frame, occlusions.windows, losses),
        None if decisive is None else Spot(occlusions.centre(decisive), without[decisive]),
        tuple(Stroke(each, score(glance) - score(each)) for each in predict(_without_each_stroke(drawing))),
    )


def reads(prediction: Prediction) -> int | None:
    """The digit that is read, or None for no digit."""
    return prediction.predicted_digit if prediction.is_digit else None


def _score_of(answer: Prediction) -> Callable[[Prediction], float]:
    """How much a prediction says what the answer says, in nats."""
    if not answer.is_digit:
        return lambda each: _log(each.digit_score) - _log(1 - each.digit_score)
    first, second = answer.best_two
    return lambda each: _log(each.probabilities[first]) - _log(each.probabilities[second])


def _log(probability: float) -> float:
    return math.log(max(probability, SMALLEST))


def _without_each_stroke(drawing: Drawing) -> list[Pixels]:
    """The frames of a drawing of several strokes without each of them in turn, as if it had not been drawn."""
    lines = [np.array(line, np.float64) for line in json.loads(drawing.strokes or "[]")]
    if not 2 <= len(lines) <= MAX_STROKES or drawing.canvas is None:
        return []
    side, pen = drawing.canvas

    def without(n: int) -> Pixels:
        try:
            return from_strokes(lines[:n] + lines[n + 1 :], side, pen).frame
        except NoInk:  # all that is left lies outside the canvas
            return np.zeros_like(drawing.frame)

    return [without(n) for n in range(len(lines))]


class Explainer:
    """Explains readings, one after the other, on a thread of its own."""

    def __init__(self, models: ModelLoader, known: HandCache, database: Database) -> None:
        self._models, self._known, self._database = models, known, database
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="explainer")
        self._room = BoundedSemaphore(MAX_WAITING)

    def close(self) -> None:
        """End after the explanation that is under way; the others are cancelled."""
        self._thread.shutdown(cancel_futures=True)

    def explain(self, reading: Reading) -> Future[Explanation]:
        """Why a drawing was read as it was. Raises Busy.

        The future raises Outdated where the models have changed since, and ModelMissing.
        """
        if not self._room.acquire(blocking=False):
            raise Busy("Too many explanations are asked for at once.")
        try:
            explained = self._thread.submit(self._explain, reading)
        except BaseException:
            self._room.release()
            raise
        explained.add_done_callback(lambda _: self._room.release())
        return explained

    def _explain(self, reading: Reading) -> Explanation:
        predictor, answered = self._models.predictor(), reading.prediction
        known = self._known.look(reading.visitor) if reading.visitor else None
        hand = known.model if known and known.active and answered.personal else None
        serving = predictor.model(answered.model)
        explanation = explain(
            reading.drawing,
            in_batches(serving, hand),
            serving.info.card.digit_score.threshold,
            answered,
        )
        now = explanation.prediction
        if (now.model_version, reads(now)) != (answered.model_version, reads(answered)):
            raise Outdated("The model has changed since.")
        return replace(explanation, labelled=self._labelled(reading, predictor))

    def _labelled(self, reading: Reading, predictor: Predictor) -> tuple[OwnLabel, ...] | None:
        """The visitor's own labelled drawings that are nearest to this one, and nobody else's."""
        if not reading.visitor:
            return ()
        if self._database.away:
            return None
        try:
            found = hands.hands(self._database, [reading.visitor]).get(reading.visitor, Hand([]))
            known = self._known.look(reading.visitor)
            serving = predictor.model(DEFAULT_MODEL)
            return tuple(nearest(found, known, serving, reading.drawing.frame, MOST_LABELLED))
        except (DatabaseAway, ModelMissing):
            return None


def in_batches(serving: ServingModel, hand: PersonalModel | None) -> Predict:
    """What reads any number of frames, BATCH at a time, perhaps with a personal model."""

    def predict(frames: Sequence[Pixels]) -> list[Prediction]:
        parts = [frames[first : first + BATCH] for first in range(0, len(frames), BATCH)]
        return [each for part in parts for each in serving.predict_all(part, [hand] * len(part))]

    return predict
