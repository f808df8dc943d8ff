"""The models that serve: loaded once, checked, shared by pages and API, and swapped by replacing a reference."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from frames.preprocessing import to_tensor
from learning.card import ModelCard
from learning.networks import DIGITS, NOT_A_DIGIT, fold
from learning.registry import MODELS
from learning.weights import ModelInfo, ModelMissing, Weights, load_network, read_weights
from serving.prediction import Prediction


@dataclass(frozen=True)
class ServingModel:
    """A version of a model, ready to predict: batch norm folded, dropout off."""

    info: ModelInfo
    network: nn.Module

    def predict(self, frame: np.ndarray) -> Prediction:
        """Read a (28, 28) uint8 frame, 0 paper and 255 ink, as preprocessing makes it."""
        return self.predict_all([frame])[0]

    def predict_all(self, frames: Sequence[np.ndarray]) -> list[Prediction]:
        """Read frames as one batch; `elapsed_ms` of each is the time of the batch."""
        start = time.perf_counter()
        with torch.inference_mode():
            rows = self.network(to_tensor(np.stack(frames))).tolist()
        # Eleven numbers each: plain Python has finished before a tensor operation has begun.
        return [self._prediction(row, start) for row in rows]

    def _prediction(self, logits: Sequence[float], start: float) -> Prediction:
        card = self.info.card
        probabilities = softmax([logit / card.temperature for logit in logits[:DIGITS]])
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
    """The serving version of each model. Callers take a reference; a swap replaces it, and nobody waits."""

    def __init__(self, models: dict[str, ServingModel]) -> None:
        self._models = models

    @property
    def models(self) -> dict[str, ServingModel]:
        """The models that can be asked, the best first."""
        return self._models

    def serve(self, model: ServingModel) -> None:
        """From now on, predict with that version of its model; predictions under way end with the one before."""
        name = model.info.model
        self._models = {each: self._models.get(each, model) for each in MODELS} | {name: model}

    def predict(self, frame: np.ndarray, model: str) -> Prediction:
        """Read a (28, 28) uint8 frame. Raises ModelMissing for a model that is not there."""
        return self.predict_all([frame], model)[0]

    def predict_all(self, frames: Sequence[np.ndarray], model: str) -> list[Prediction]:
        """Read frames as one batch. Raises ModelMissing for a model that is not there."""
        serving = self._models.get(model)
        if serving is None:
            raise ModelMissing(f"There is no model {model!r}: train it with `python src/train_model.py`.")
        return serving.predict_all(frames)


def load_predictor(folder: Path | Mapping[str, Path], threads: int = 1) -> Predictor:
    """Load every model from one folder, or each from its own.

    Raises WeightsMissing where one has no weights, and ModelMissing where they are damaged or of another shape.
    """
    torch.set_num_threads(threads)
    folders = dict.fromkeys(MODELS, folder) if isinstance(folder, Path) else folder
    return Predictor({name: load_model(folders[name], name) for name in MODELS})


def load_model(folder: Path, name: str) -> ServingModel:
    """A model from its `name`.pt and `name`.json. Raises WeightsMissing and ModelMissing, as load_predictor does."""
    weights = read_weights(folder, name)
    try:
        return load_version(weights)
    except ModelMissing as error:
        raise ModelMissing(f"{name}.pt is damaged or of another kind: run `python src/train_model.py`.") from error


def load_version(weights: Weights) -> ServingModel:
    """A version ready to serve: checked, folded, and warmed up by a first prediction. Raises ModelMissing."""
    network = fold(load_network(weights.model, weights.data, weights.sha256))
    serving = ServingModel(weights.info, network)
    try:
        serving.predict(np.zeros((28, 28), np.uint8))
    except ArithmeticError as error:
        raise ModelMissing(f"Version {weights.version} of {weights.model} cannot predict: {error!r}.") from error
    return serving
