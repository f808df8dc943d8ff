"""What a model answers, as plain data: whoever only passes an answer on need not import torch for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """What a model reads in one frame. Probabilities, confidence and digit_score are calibrated, 0-1."""

    predicted_digit: int
    confidence: float
    probabilities: tuple[float, ...]
    digit_score: float
    is_digit: bool
    model: str
    model_version: int
    elapsed_ms: float
