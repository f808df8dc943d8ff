"""The models that serve: loaded once, checked, shared by pages and API, and swapped by replacing a reference."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from frames.preprocessing import to_tensor
from learning.card import ModelCard
from learning.classes import DIGITS, NOT_A_DIGIT
from learning.networks import ConvNet, describe, fold
from learning.registry import MODELS
from learning.weights import TRAIN, ModelInfo, ModelMissing, Weights, WeightsMissing, load_network, read_weights
from serving.personal import Hands, PersonalModel, VersionKey
from serving.prediction import Personal, Prediction


@dataclass(frozen=True)
class ServingModel:
    """A version of a model, ready to predict: batch norm folded, dropout off."""

    info: ModelInfo
    network: nn.Module

    @property
    def key(self) -> VersionKey:
        """Which weights these are: a personal model fits only those that it was fitted to."""
        return self.info.model, self.info.version, self.info.sha256

    def predict(self, frame: np.ndarray) -> Prediction:
        """Read a (28, 28) uint8 frame, 0 paper and 255 ink, as preprocessing makes it."""
        return self.predict_all([frame])[0]

    def predict_all(self, frames: Sequence[np.ndarray], hands: Hands = ()) -> list[Prediction]:
        """Read frames as one batch, each with its own personal model, if any; those of other versions are ignored.

        `elapsed_ms` of each is the time of the batch.
        """
        start = time.perf_counter()
        fitting = [hand if hand and hand.key == self.key else None for hand in hands or [None] * len(frames)]
        rows, descriptors = self._forward(frames, any(fitting))
        # Eleven numbers each: plain Python has finished before a tensor operation has begun.
        return [
            self._prediction(row, start, hand, descriptor)
            for row, hand, descriptor in zip(rows, fitting, descriptors, strict=True)
        ]

    def describe(self, frames: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """What a personal model is fitted to: descriptors, (n, d), and calibrated logits, (n, 10), both float32.

        Raises ModelMissing for a network that describes nothing.
        """
        if not isinstance(self.network, ConvNet):
            raise ModelMissing(f"{self.info.model} has no descriptors.")
        rows, descriptors = self._forward(frames, described=True)
        return np.stack(descriptors), np.array(rows, np.float32)[:, :DIGITS] / np.float32(self.info.card.temperature)

    def _forward(self, frames: Sequence[np.ndarray], described: bool) -> tuple[list[list[float]], list[Any]]:
        """The logits of frames, and their descriptors, or Nones."""
        with torch.inference_mode():
            images = to_tensor(np.stack(frames))
            if not described or not isinstance(self.network, ConvNet):
                return self.network(images).tolist(), [None] * len(frames)
            features = self.network.features(images)
            return self.network.classify(features).tolist(), list(describe(features).numpy())

    def _prediction(
        self, logits: Sequence[float], start: float, hand: PersonalModel | None, descriptor: np.ndarray | None
    ) -> Prediction:
        card = self.info.card
        calibrated = [logit / card.temperature for logit in logits[:DIGITS]]
        probabilities, personal = softmax(calibrated), None
        if hand is not None and descriptor is not None:
            personal = Personal(len(hand.labels), probabilities.index(max(probabilities)), tuple(probabilities))
            probabilities = softmax(hand.correct(descriptor, calibrated))
        confidence = max(probabilities)
        digit_score = score_digit(logits, card)
        return Prediction(
            predicted_digit=probabilities.index(confidence),
            confidence=confidence,
            probabilities=tuple(probabilities),
            digit_score=digit_score,
            is_digit=digit_score >= card.digit_score.threshold,
            model=self.info.model,
            model_version=self.info.version,
            elapsed_ms=(time.perf_counter() - start) * 1e3,
            personal=personal,
        )


def softmax(logits: Sequence[float]) -> list[float]:
    """The probabilities that logits stand for; they sum to 1."""
    largest = max(logits)
    exponentials = [math.exp(logit - largest) for logit in logits]
    total = sum(exponentials)
    return [exponential / total for exponential in exponentials]


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * (1 + math.tanh(x / 2))


def score_digit(logits: Sequence[float], card: ModelCard) -> float:
    """The digit score (0-1) of one row of logits."""
    return sigmoid(card.digit_score.scale * evidence(logits) + card.digit_score.bias)


def evidence(logits: Sequence[float]) -> float:
    """`networks.digit_evidence`, for one row of logits."""
    largest = max(logits[:DIGITS])
    digits = largest + math.log(sum(math.exp(logit - largest) for logit in logits[:DIGITS]))
    return digits - logits[NOT_A_DIGIT] if len(logits) > DIGITS else digits


class Predictor:
    """The serving version of each model. Callers take a reference; a swap replaces it, and nobody waits.

    `refused` says of a model why its files could not be loaded: the others serve without it.
    """

    def __init__(self, models: dict[str, ServingModel]) -> None:
        self._models = models
        self._refused: dict[str, ModelMissing] = {}
        self._changing = threading.Lock()

    @property
    def models(self) -> dict[str, ServingModel]:
        """The models that can be asked, the best first."""
        return self._models

    @property
    def refused(self) -> dict[str, ModelMissing]:
        """Why the files of a model could not be loaded; a version in the database may serve all the same."""
        return dict(self._refused)

    @property
    def missing(self) -> dict[str, str]:
        """The models that cannot be asked, each with a sentence that says why."""
        return {name: self._why_missing(name) for name in MODELS if name not in self._models}

    def serve(self, model: ServingModel) -> None:
        """From now on, predict with that version of its model; predictions under way end with the one before."""
        with self._changing:
            serving = self._models | {model.info.model: model}
            self._models = {name: serving[name] for name in MODELS if name in serving}

    def load(self, folder: Path, name: str) -> None:
        """Load a model's files and let them serve, unless they are refused: `refused` then says why."""
        try:
            self.serve(load_model(folder, name))
        except ModelMissing as error:
            self._refused[name] = error
        else:
            self._refused.pop(name, None)

    def report(self, name: str, why: str) -> None:
        """Say in other words, for as long as it lasts, why a model cannot be asked."""
        self._refused[name] = WeightsMissing(why)

    def model(self, name: str) -> ServingModel:
        """The version of a model that serves. Raises ModelMissing."""
        if name in self._models:
            return self._models[name]
        if name in MODELS:
            raise ModelMissing(self._why_missing(name))
        raise ModelMissing(f"There is no model {name!r}: the models are {', '.join(MODELS)}.")

    def predict(self, frame: np.ndarray, model: str) -> Prediction:
        """Read a (28, 28) uint8 frame. Raises ModelMissing for a model that is not there."""
        return self.predict_all([frame], model)[0]

    def predict_all(self, frames: Sequence[np.ndarray], model: str, hands: Hands = ()) -> list[Prediction]:
        """Read frames as one batch, see ServingModel. Raises ModelMissing for a model that is not there."""
        return self.model(model).predict_all(frames, hands)

    @property
    def reasons(self) -> list[str]:
        """Why no model can be asked, where none can: each reason once."""
        return list(dict.fromkeys(str(self._refused.get(name, _NOTHING_INTACT)) for name in MODELS))

    def _why_missing(self, name: str) -> str:
        why = self._refused.get(name, _NOTHING_INTACT)
        return f"The {MODELS[name].display_name} model cannot read at the moment. {why}"


_NOTHING_INTACT = f"No version of it is intact: to make one, {TRAIN}"


def load_predictor(folder: Path | Mapping[str, Path], threads: int = 1) -> Predictor:
    """Load every model from one folder, or each from its own; those that are missing or damaged are left out."""
    torch.set_num_threads(threads)
    predictor = Predictor({})
    for name in MODELS:
        predictor.load(folder if isinstance(folder, Path) else folder[name], name)
    return predictor


def load_model(folder: Path, name: str) -> ServingModel:
    """A model from its `name`.pt and `name`.json. Raises WeightsMissing where there are none, and ModelMissing."""
    weights = read_weights(folder, name)
    try:
        return load_version(weights)
    except ModelMissing as error:
        raise ModelMissing(f"{name}.pt is damaged or of another kind: {TRAIN}") from error


def load_version(weights: Weights) -> ServingModel:
    """A version ready to serve: checked, folded, and warmed up by a first prediction. Raises ModelMissing."""
    network = fold(load_network(weights.model, weights.data, weights.sha256))
    serving = ServingModel(weights.info, network)
    try:
        serving.predict(np.zeros((28, 28), np.uint8))
    except ArithmeticError as error:
        raise ModelMissing(f"Version {weights.version} of {weights.model} cannot predict.") from error
    return serving
