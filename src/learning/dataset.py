"""MNIST through torchvision, as whole tensors: 55,000 digits for training, 5,000 for validation, 10,000 for testing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torchvision.datasets import MNIST

VALIDATION_DIGITS = 5_000
# Never changed, and independent of the training seed: no digit validates one version and trains another.
VALIDATION_SEED = 20_240_229


class MnistMissing(Exception):
    """There is no MNIST in the data folder, and it could not be downloaded."""


class Digits(NamedTuple):
    """Images, uint8 N x 1 x 28 x 28 (0 paper, 255 ink), and labels, int64 N (0-9; 10 for "not a digit")."""

    images: Tensor
    labels: Tensor


class Mnist(NamedTuple):
    """The 55,000 digits to train on, the 5,000 to validate, and the 10,000 to test."""

    train: Digits
    validation: Digits
    test: Digits


def load_mnist(data_dir: str | Path = "data") -> Mnist:
    """MNIST from `data_dir`/MNIST/raw, downloaded into it the first time; raises MnistMissing."""
    try:
        known, test = (MNIST(str(data_dir), train=train, download=True) for train in (True, False))
    except (OSError, RuntimeError) as error:
        raise MnistMissing(
            "There is no MNIST in the data folder (DATA_DIR/MNIST/raw), and it could not be downloaded: connect to "
            "the network, or put its four files there."
        ) from error
    train, validation = split(Digits(known.data.unsqueeze(1), known.targets))
    return Mnist(train, validation, Digits(test.data.unsqueeze(1), test.targets))


def split(digits: Digits) -> tuple[Digits, Digits]:
    """MNIST's 60,000 training digits as those to train on and the 5,000 held out, always the same ones."""
    # NumPy promises that RandomState's numbers never change again; torch.randperm promises nothing across versions.
    order = torch.from_numpy(np.random.RandomState(VALIDATION_SEED).permutation(len(digits.labels)))
    held_out, rest = order[:VALIDATION_DIGITS].sort().values, order[VALIDATION_DIGITS:].sort().values
    return rows(digits, rest), rows(digits, held_out)


def rows(digits: Digits, index: Tensor) -> Digits:
    """The digits at `index` (int64, any length)."""
    return Digits(digits.images[index], digits.labels[index])


def as_input(images: Tensor) -> Tensor:
    """What the networks take: float32 in 0..1, from uint8 0..255, the shape kept."""
    return images.to(torch.float32).div_(255)


def concatenate(*parts: Digits) -> Digits:
    """The digits of all parts, in order."""
    return Digits(torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts]))
