"""What a model answers, as plain data: those who only pass an answer on need not load torch for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODELS = ("cnn", "linear")
"""The names of the models that can be asked, the better one first."""

SHIPPED_VERSION = 1
"""The version number of the weights in `model/`, in every installation."""


class ModelMissing(RuntimeError):
    """A model cannot serve; the message says which, and what to do."""


class WeightsMissing(ModelMissing):
    """There are no weights of a model at all."""


@dataclass(frozen=True)
class Prediction:
    """What a model reads in one frame. Probabilities, confidence and digit_score are calibrated and lie in 0-1."""

    predicted_digit: int
    confidence: float
    probabilities: tuple[float, ...]
    digit_score: float
    is_digit: bool
    model: str
    model_version: int
    elapsed_ms: float


def read_card(folder: Path, model: str) -> dict[str, Any]:
    """The .json beside a model's weights: what it is, how it was trained, how good it is. Raises ModelMissing.

    Its version and the weights' size in bytes are added to it.
    """
    try:
        card: dict[str, Any] = json.loads((folder / f"{model}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelMissing(f"{model}.json cannot be read: run `python src/train_model.py`.") from error
    try:
        size = (folder / f"{model}.pt").stat().st_size
    except OSError as error:
        raise ModelMissing(f"{model}.pt cannot be read: run `python src/train_model.py`.") from error
    return card | {"model_version": SHIPPED_VERSION, "size_bytes": size}
