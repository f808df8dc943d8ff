"""What a model answers, as plain data: whoever only passes an answer on need not import torch for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Personal:
    """What a personal model's answer is to be compared with: it was learned from so many `labels` of one's own."""

    labels: int
    shared_digit: int
    shared_probabilities: tuple[float, ...]


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
    personal: Personal | None = None
    """What everybody's model says, where a personal one answered; digit_score is always everybody's."""

    @property
    def changed(self) -> bool:
        """Whether a personal model answered otherwise than everybody's."""
        return self.personal is not None and self.personal.shared_digit != self.predicted_digit

    @property
    def best_two(self) -> tuple[int, int]:
        """The likeliest digit and its runner-up."""
        first, second = sorted(range(10), key=lambda digit: -self.probabilities[digit])[:2]
        return first, second
