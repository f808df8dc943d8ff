"""Time to a given accuracy: fit() against the training loop of most tutorials, in one run.

Both train on the same 55,000 digits and cores, and are evaluated on the test digits with the clock stopped. Nothing is
selected by it: the length of fit()'s runs is fixed beforehand, and the textbook loop just goes on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import mean, stdev
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from learning.dataset import Digits, Mnist
from learning.networks import ConvNet
from learning.recipes import Augmentation, TrainingConfig
from learning.training import accuracy, fit

_PLAIN = TrainingConfig(
    batch_size=128,
    lr=0.006,
    warmup=0.2,
    weight_decay=0.05,
    augmentation=None,
    dropout=0.0,
    synthetic_digits=0,
    non_digits=0,
)
# A run of fit() for each accuracy: as short as possible.
SPRINTS: dict[float, TrainingConfig] = {
    0.990: replace(_PLAIN, epochs=1),
    0.995: replace(
        _PLAIN, epochs=5,
        augmentation=Augmentation(rotation=0.1, shear=0.1, shift=1.0, elastic=0.4, pen=0.0, contrast=0.0),
    ),
}  # fmt: skip
TEXTBOOK_EPOCHS = 14  # where that loop usually stops


class Lap(NamedTuple):
    """Seconds of training, and the accuracy (0-1) on the test digits after them."""

    seconds: float
    accuracy: float


class Textbook(nn.Module):
    """Two convolutions, a pool, two dense layers and dropout: 1.2 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
            nn.Flatten(), nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        """Logits, N x 10."""
        logits: Tensor = self.layers(images)
        return logits


class Pictures(Dataset[tuple[Tensor, int]]):
    """Digits one at a time, each converted to a tensor and normalised on access."""

    def __init__(self, digits: Digits) -> None:
        self.digits = digits
        steps = [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]  # type: ignore[no-untyped-call]
        self.transform = transforms.Compose(steps)  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return len(self.digits.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.digits.images[index, 0].numpy())
        return self.transform(picture), int(self.digits.labels[index])


def textbook(mnist: Mnist, seed: int, epochs: int = TEXTBOOK_EPOCHS) -> Iterator[Lap]:
    """The textbook loop, a lap per epoch: Adadelta, batches of 64, a DataLoader, the learning rate x 0.7 an epoch."""
    torch.manual_seed(seed)
    network = Textbook()
    loader = DataLoader(Pictures(mnist.train), batch_size=64, shuffle=True)
    optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    seconds = 0.0
    for _ in range(epochs):
        start = time.perf_counter()
        network.train()
        for images, labels in loader:
            optimizer.zero_grad()
            F.cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        seconds += time.perf_counter() - start
        yield Lap(seconds, _right(network, mnist.test))


@torch.inference_mode()
def _right(network: nn.Module, digits: Digits) -> float:
    network.eval()
    inputs = digits.images.float().div(255).sub(0.1307).div(0.3081)
    best = torch.cat([network(batch).argmax(1) for batch in torch.split(inputs, 500)])
    return (best == digits.labels).float().mean().item()


def sprint(mnist: Mnist, target: float, seed: int) -> Lap:
    """One run of fit() as SPRINTS has it for `target`."""
    torch.manual_seed(seed)
    network = ConvNet()
    # The clock times training alone: validation after each epoch is part of neither loop.
    nothing = Digits(mnist.validation.images[:1], mnist.validation.labels[:1])
    history = fit(network, mnist.train, nothing, replace(SPRINTS[target], seed=seed))
    return Lap(history.seconds, accuracy(network, mnist.test))


def time_to(laps: list[Lap], target: float) -> float | None:
    """Seconds until the first lap that reached `target`; None if none did."""
    return next((lap.seconds for lap in laps if lap.accuracy >= target), None)


def spread(values: list[float], unit: str = "", digits: int = 1) -> str:
    """Mean and standard deviation as text: "12.3 ± 0.4 s"."""
    if not values:
        return "not reached"
    wide = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{wide}{unit}"


def table(ours: dict[float, list[Lap]], theirs: list[list[Lap]]) -> list[list[str]]:
    """The rows of the README's table: of each target, our runs beside the laps of the textbook loop's runs."""
    heads = ["time to", "fit(), seconds", "runs that got there", "accuracy at the end", "textbook, seconds"]
    rows = [[*heads, "times faster"]]
    for target, laps in ours.items():
        slow = [t for run in theirs if (t := time_to(run, target)) is not None]
        fast = [lap.seconds for lap in laps]
        there = sum(lap.accuracy >= target for lap in laps)
        times = f"{sum(slow) / len(slow) / (sum(fast) / len(fast)):.1f}" if slow else "-"
        reached = spread([lap.accuracy * 100 for lap in laps], " %", 2)
        rows.append([f"{target:.1%}", spread(fast), f"{there} of {len(laps)}", reached, spread(slow), times])
    return rows
