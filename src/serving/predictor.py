"""The models that serve: loaded once, checked, shared by pages and API, and swapped by replacing a reference."""

from __future__ import annotations

import hashlib
import io
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from frames.preprocessing import to_tensor
from learning.networks import DIGITS, NETWORKS, NOT_A_DIGIT, fold
from serving.prediction import MODELS, SHIPPED_VERSION, ModelMissing, Prediction, WeightsMissing, read_card


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
        return self.predict_all([frame])[0]

    def predict_all(self, frames: Sequence[np.ndarray]) -> list[Prediction]:
        """Read frames together, which takes each of them as long as all of them."""
        start = time.perf_counter()
        with torch.inference_mode():
            rows = self.network(to_tensor(np.stack(frames))).tolist()
        # Eleven numbers each: plain Python is done with them before a tensor operation has begun.
        return [self._answer(row, start) for row in rows]

    def _answer(self, logits: Sequence[float], start: float) -> Prediction:
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

    def serve(self, model: ServingModel) -> None:
        """From now on, read with that version of its network; readings that have begun end with the one before."""
        self._models = {name: self._models.get(name, model) for name in MODELS} | {model.name: model}

    def predict(self, frame: np.ndarray, model: str) -> Prediction:
        """Read a (28, 28) uint8 frame. Raises ModelMissing for a model that is not there."""
        return self.predict_all([frame], model)[0]

    def predict_all(self, frames: Sequence[np.ndarray], model: str) -> list[Prediction]:
        """Read frames together. Raises ModelMissing for a model that is not there."""
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
    """Load `name`.pt and `name`.json from `folder`, check them against each other, and read once to warm up."""
    if not (folder / f"{name}.pt").exists():
        raise WeightsMissing(f"There is no {name}.pt: run `python src/train_model.py`.")
    card = read_card(folder, name)
    try:
        weights = (folder / f"{name}.pt").read_bytes()
    except OSError as error:
        raise ModelMissing(f"{name}.pt cannot be read: run `python src/train_model.py`.") from error
    try:
        return load_version(name, SHIPPED_VERSION, weights, card.get("sha256", ""), card)
    except ModelMissing as error:
        raise ModelMissing(f"{name}.pt is damaged or of another kind: run `python src/train_model.py`.") from error


def load_version(name: str, version: int, weights: bytes, sha256: str, card: dict[str, Any]) -> ServingModel:
    """A version ready to serve: checked, folded, and warmed up by a first reading. Raises ModelMissing."""
    network = fold(checked_network(name, weights, sha256).eval())
    serving = ServingModel(name, version, network, card | {"model_version": version, "sha256": sha256})
    try:
        serving.predict(np.zeros((28, 28), np.uint8))
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ModelMissing(f"Version {version} of {name} cannot read: {error!r}.") from error
    return serving


def checked_network(name: str, weights: bytes, sha256: str | None = None, dropout: float = 0.0) -> nn.Module:
    """The network of that name with the state_dict in `weights`, as it is trained, in evaluation mode.

    Raises ModelMissing if they do not fit each other, the checksum, or ordinary numbers.
    """
    if sha256 is not None and hashlib.sha256(weights).hexdigest() != sha256:
        raise ModelMissing(f"The weights of {name} are not those that their checksum describes.")
    network: nn.Module = NETWORKS[name](dropout)
    try:
        state = torch.load(io.BytesIO(weights), weights_only=True, map_location="cpu")
        network.load_state_dict(state)
    except Exception as error:  # torch raises many kinds for a damaged file; all mean the same here
        raise ModelMissing(f"The weights of {name} do not fit its network.") from error
    if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
        raise ModelMissing(f"The weights of {name} are no ordinary numbers.")
    return network.eval()
