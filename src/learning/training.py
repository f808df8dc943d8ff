"""fit(): the one training loop, for the first version, for every later one, and for fine-tuning from given weights."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from learning import synthetic
from learning.augmentation import Augmentation, augment
from learning.dataset import Digits, as_input, rows
from learning.networks import DIGITS, digit_logits

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from malloc.h


@dataclass(frozen=True)
class TrainingConfig:
    """Every knob of a training run; the defaults are the shipped ConvNet's."""

    epochs: int = 25
    batch_size: int = 128
    optimizer: Literal["adamw", "sgd"] = "adamw"
    lr: float = 0.005  # the peak of the one-cycle schedule
    warmup: float = 0.2  # share of the steps before the peak
    weight_decay: float = 0.05
    momentum: float = 0.9  # of sgd
    dropout: float = 0.25
    label_smoothing: float = 0.0
    augmentation: Augmentation | None = field(default_factory=Augmentation)
    synthetic_digits: int = 20_000  # generated digits added to every epoch
    non_digits: int = 8_000  # generated rows labelled "not a digit" added to every epoch
    pool: int = 3  # epochs' worth of generated drawings that every epoch draws its own from
    averaging: float = 0.06  # share of all steps that the weights' moving average looks back over; 0: no average
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The knobs as plain values for a json."""
        return asdict(self)


RECIPES = {
    "cnn": TrainingConfig(),
    # A line through 784 pixels has nothing to gain from turned and bent digits: it has no room for them.
    "linear": TrainingConfig(
        epochs=30,
        dropout=0.0,
        batch_size=512,
        optimizer="adamw",
        lr=0.01,
        weight_decay=0.01,
        averaging=0.0,
        augmentation=None,
        synthetic_digits=0,
        non_digits=0,
    ),
}


class Step(NamedTuple):
    """One batch done: numbers count from 1, the accuracy is that of the batch as augmented."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float


class Epoch(NamedTuple):
    """One epoch done; `train_accuracy` is over the batches as augmented, seconds count from the start of fit()."""

    epoch: int
    loss: float
    train_accuracy: float
    validation_accuracy: float
    seconds: float


class History(NamedTuple):
    """What fit() did: its epochs, and its seconds in all, the generating of drawings included."""

    epochs: list[Epoch]
    seconds: float


def fit(
    network: nn.Module,
    train: Digits,
    validation: Digits,
    config: TrainingConfig,
    progress: Callable[[Step], None] | None = None,
) -> History:
    """Train `network` in place on `train` (labels 0-9, or 10 for "not a digit") and leave it in evaluation mode.

    The last epoch counts: `validation` is looked at after each epoch and chooses nothing. The same seed, rows, machine
    and number of threads give the same weights.

    Raises ValueError for non-digits without a column for them, as LinearNet has none.
    """
    if config.non_digits and predict(network, train.images[:1]).shape[1] == DIGITS:
        raise ValueError("This network has no column for what is no digit: set non_digits=0.")
    start = time.perf_counter()
    keep_memory()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)  # dropout draws from the global generator
        generator = Generator().manual_seed(config.seed)
        run = _Run(network, _Rows(train, config, generator), config, generator)
        epochs: list[Epoch] = []
        for number in range(1, config.epochs + 1):
            loss, right = run.epoch(number, progress)
            seconds = time.perf_counter() - start
            epochs.append(Epoch(number, loss, right, accuracy(run.result(), validation), seconds))
        run.finish()
    return History(epochs, time.perf_counter() - start)


@torch.inference_mode()
def predict(network: nn.Module, images: Tensor, batch_size: int = 1000) -> Tensor:
    """The logits, N x 10 or N x 11, of uint8 images N x 1 x 28 x 28, with dropout off and batch norm fixed."""
    was_training = network.training
    network.eval()
    logits = torch.cat([network(_channels_last(as_input(batch))) for batch in torch.split(images, batch_size)])
    network.train(was_training)
    return logits


def accuracy(network: nn.Module, digits: Digits) -> float:
    """The share (0..1) of digits whose likeliest of the ten is the label."""
    best = digit_logits(predict(network, digits.images)).argmax(1)
    return (best == digits.labels).float().mean().item()


class _Rows:
    """The rows of each epoch: all of the given ones, and as many generated ones as the config says."""

    def __init__(self, given: Digits, config: TrainingConfig, generator: Generator) -> None:
        self.given, self.config, self.generator = given, config, generator
        self.digits = synthetic.digits(config.synthetic_digits * config.pool, generator)
        self.others = synthetic.non_digits(config.non_digits * config.pool, generator)

    def __len__(self) -> int:
        return len(self.given.labels) + self.config.synthetic_digits + self.config.non_digits

    def epoch(self) -> Digits:
        """One epoch's rows in a random order."""
        parts = [self.given, self._some(self.digits), self._some(self.others)]
        together = Digits(torch.cat([p.images for p in parts]), torch.cat([p.labels for p in parts]))
        return rows(together, torch.randperm(len(together.labels), generator=self.generator))

    def _some(self, pool: Digits) -> Digits:
        chosen = torch.randperm(len(pool.labels), generator=self.generator)
        return rows(pool, chosen[: len(pool.labels) // self.config.pool])


class _Run:
    """One run of fit(): network, optimiser, schedule and moving average, an epoch at a time."""

    def __init__(self, network: nn.Module, data: _Rows, config: TrainingConfig, generator: Generator) -> None:
        self.network, self.data, self.config, self.generator = network, data, config, generator
        self.steps = -(-len(data) // config.batch_size)
        self.optimizer = make_optimizer(network, config)
        total = max(3, self.steps * config.epochs)
        self.schedule: LRScheduler = OneCycleLR(
            self.optimizer,
            max_lr=[group["lr"] for group in self.optimizer.param_groups],
            total_steps=total,
            pct_start=max(config.warmup, 2 / total),  # it divides by nothing where only one step warms up
            cycle_momentum=False,
        )
        decay = max(0.0, 1 - 1 / (config.averaging * total)) if config.averaging else 0.0
        self.average = (
            AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)  # type: ignore[no-untyped-call]
            if decay
            else None
        )

    def epoch(self, number: int, progress: Callable[[Step], None] | None) -> tuple[float, float]:
        """Go once over the rows; the mean loss and the share right."""
        self.network.train()
        losses, hits, count = 0.0, 0, 0
        images, labels = self.data.epoch()
        size = self.config.batch_size
        for step, (batch, truth) in enumerate(
            zip(torch.split(images, size), torch.split(labels, size), strict=True), 1
        ):
            loss, right = self._step(batch, truth)
            losses, hits, count = losses + loss * len(truth), hits + right, count + len(truth)
            if progress:
                progress(Step(number, step, self.steps, loss, right / len(truth)))
        return losses / count, hits / count

    def _step(self, batch: Tensor, truth: Tensor) -> tuple[float, int]:
        inputs = as_input(batch)
        if self.config.augmentation:
            inputs = augment(inputs, self.config.augmentation, self.generator)
        logits = self.network(_channels_last(inputs))
        loss = F.cross_entropy(logits, truth, label_smoothing=self.config.label_smoothing)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.schedule.step()
        if self.average:
            self.average.update_parameters(self.network)
        return loss.item(), int((logits.argmax(1) == truth).sum())

    def result(self) -> nn.Module:
        """The network as it would be handed over now."""
        return self.average.module if self.average else self.network

    def finish(self) -> None:
        """Hand the weights over: those of the moving average, where there is one."""
        self.network.load_state_dict(self.result().state_dict())
        self.network.eval()


def keep_memory() -> None:
    """Have glibc keep freed memory up to a gigabyte (see mallopt(3)); other C libraries stay as they are.

    It would give every batch's memory back to the kernel, and be handed it again page by page: a fifth of the time.
    """
    with suppress(AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 32 << 20)
        mallopt(M_TRIM_THRESHOLD, 1 << 30)


def make_optimizer(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW or SGD with Nesterov momentum; weight decay on the weights alone, not on offsets and norms."""
    learned = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, config.lr, config.momentum, nesterov=config.momentum > 0)
    return torch.optim.AdamW(groups, config.lr)


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
