"""Every knob of a training, and the recipe of each model: one block of numbers to read and to change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Augmentation:
    """How far a digit may change; each value is the largest change, and 0 leaves that out."""

    rotation: float = 0.15  # radians, either way
    scale: float = 0.1  # height and width, each a factor 1 - scale .. 1 + scale
    shear: float = 0.2  # slant: pixels sideways per pixel upwards
    shift: float = 1.0  # pixels, either way
    elastic: float = 0.65  # pixels, standard deviation of the elastic distortion
    pen: float = 0.5  # fraction of the way to a pen one pixel wider or narrower on every side
    contrast: float = 0.2  # ink may lose this fraction of its darkness


@dataclass(frozen=True)
class TrainingConfig:
    """Every knob of a training run; the defaults are the shipped CNN's."""

    epochs: int = 22
    batch_size: int = 128
    optimizer: Literal["adamw", "sgd"] = "adamw"
    lr: float = 0.005  # the peak of the one-cycle schedule
    warmup: float = 0.2  # fraction of the steps before the peak
    weight_decay: float = 0.05
    momentum: float = 0.9  # of sgd
    dropout: float = 0.25
    label_smoothing: float = 0.0
    augmentation: Augmentation | None = field(default_factory=Augmentation)
    synthetic_digits: int = 20_000  # generated digits added to every epoch
    non_digits: int = 10_000  # generated rows labelled "not a digit" added to every epoch
    pool: int = 3  # epochs' worth of generated drawings that every epoch samples from
    averaging: float = 0.06  # fraction of all steps that the weights' moving average looks back over; 0: no average
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The knobs as plain values for a json."""
        return asdict(self)


CNN = TrainingConfig()
CNN_SMALL = replace(CNN, epochs=25)
CNN_FINE_TUNING = replace(CNN, epochs=4, lr=0.003, synthetic_digits=8_000, non_digits=500, pool=2, averaging=0.3)

# A line through 784 pixels has nothing to gain from rotated and distorted digits: it has no room for them.
LINEAR = TrainingConfig(
    epochs=30,
    dropout=0.0,
    batch_size=512,
    lr=0.01,
    weight_decay=0.01,
    averaging=0.0,
    augmentation=None,
    synthetic_digits=0,
    non_digits=0,
)
LINEAR_FINE_TUNING = replace(LINEAR, epochs=3, lr=0.001)
