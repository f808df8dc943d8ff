"""The models that serve: loaded once, checked, shared by pages and API, and swapped by replacing a reference."""

from __future__ import annotations

import hashlib
import io
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from networks import DIGITS, NETWORKS, NOT_A_DIGIT, fold
from prediction import MODELS, SHIPPED_VERSION, ModelMissing, Prediction, read_card
from preprocessing import to_tensor


@dataclass(frozen=True)
class ServingModel:
    """One version of a network, ready to read: batch norm folded, dropout off."""

    name: str
    version: int
    network: nn.Module
    card: dict[str, Any]
    """What the .json beside the weights says."""

    def predict(self, frame: np.ndarray) -> Prediction:
        """Read a (28, 28) uint8 frame, 0 paper and 255 ink, as preprocessing makes it."""
        start = time.perf_counter()
        with torch.inference_mode():
            logits = self.network(to_tensor(frame))[0].tolist()
        # Eleven numbers: plain Python is done with them before a tensor operation has begun.
        probabilities = softmax([logit / self.card["temperature"] for logit in logits[:DIGITS]])
        confidence = max(probabilities)
        score = self.card["digit_score"]
        digit_score = sigmoid(score["scale"] * evidence(logits) + score["offset"])
        return Prediction(
            predicted_digit=probabilities.index(confidence),
            confidence=confidence,
            probabilities=tuple(probabilities),
            digit_score=digit_score,
            is_digit=digit_score >= score["threshold"],
            model=self.name,
            model_version=self.version,
            elapsed_ms=(time.perf_counter() - start) * 1e3,
        )


def softmax(logits: Sequence[float]) -> list[float]:
    """The probabilities that logits stand for; they sum to 1."""
    most = max(logits)
    shares = [math.exp(logit - most) for logit in logits]
    whole = sum(shares)
    return [share / whole for share in shares]


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * (1 + math.tanh(x / 2))


def evidence(logits: Sequence[float]) -> float:
    """How much one row of logits speaks for a digit at all: `networks.digit_evidence`, for one row."""
    most = max(logits[:DIGITS])
    digits = most + math.log(sum(math.exp(logit - most) for logit in logits[:DIGITS]))
    return digits - logits[NOT_A_DIGIT] if len(logits) > DIGITS else digits


class Predictor:
    """The serving model of each network. Readers take the reference; a swap replaces it, and nobody waits."""

    def __init__(self, models: dict[str, ServingModel]) -> None:
        self._models = models

    @property
    def models(self) -> dict[str, ServingModel]:
        """The models that can be asked, the best first."""
        return self._models

    def predict(self, frame: np.ndarray, model: str) -> Prediction:
        """Read a (28, 28) uint8 frame. Raises ModelMissing for a model that is not there."""
        serving = self._models.get(model)
        if serving is None:
            raise ModelMissing(f"There is no model {model!r}: train it with `python src/train_model.py`.")
        return serving.predict(frame)


def load_predictor(folder: Path, threads: int = 1) -> Predictor:
    """Load every model of `folder`. Raises ModelMissing when one is missing, damaged or of another shape."""
    torch.set_num_threads(threads)
    return Predictor({name: load_model(folder, name) for name in MODELS})


def load_model(folder: Path, name: str) -> ServingModel:
    """Load `name`.pt and `name`.json from `folder`, check them against each other, and read once to warm up."""
    card = read_card(folder, name)
    try:
        weights = (folder / f"{name}.pt").read_bytes()
    except OSError as error:
        raise ModelMissing(f"{name}.pt cannot be read: run `python src/train_model.py`.") from error
    if hashlib.sha256(weights).hexdigest() != card.get("sha256"):
        raise ModelMissing(f"{name}.pt is not the file that {name}.json describes: run `python src/train_model.py`.")
    serving = ServingModel(name, SHIPPED_VERSION, build_network(name, weights), card)
    serving.predict(np.zeros((28, 28), np.uint8))
    return serving


def build_network(name: str, weights: bytes) -> nn.Module:
    """The network of that name with the state_dict in `weights`, ready to serve. Raises ModelMissing if they differ."""
    network: nn.Module = NETWORKS[name]()
    try:
        state = torch.load(io.BytesIO(weights), weights_only=True, map_location="cpu")
        network.load_state_dict(state)
    except Exception as error:  # torch raises many kinds for a damaged file; all mean the same here
        raise ModelMissing(f"{name}.pt does not fit its network: run `python src/train_model.py`.") from error
    return fold(network.eval())
