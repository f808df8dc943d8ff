"""fit(): the one training loop, for training from scratch and for fine-tuning alike."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from learning import synthetic
from learning.augmentation import augment
from learning.classes import DIGITS
from learning.dataset import Digits, as_input, concatenate, rows
from learning.networks import digit_logits
from learning.recipes import TrainingConfig

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from malloc.h


class Step(NamedTuple):
    """A finished batch. `epoch` and `step` count from 1; `accuracy` is that of the augmented batch."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float


class Epoch(NamedTuple):
    """A finished epoch. `train_accuracy` is over its augmented batches; `seconds` count from the start of fit()."""

    epoch: int
    loss: float
    train_accuracy: float
    validation_accuracy: float
    seconds: float


class History(NamedTuple):
    """The epochs of a run of fit(), and its seconds in all, the generation of drawings included."""

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

    The last epoch counts: `validation` is measured after each epoch and selects nothing. The same seed, data, machine
    and number of threads give the same weights.

    Raises ValueError where the config asks for non-digits and the network has no column for them.
    """
    if config.non_digits and predict(network, train.images[:1]).shape[1] == DIGITS:
        raise ValueError("This network has no column for non-digits: set non_digits=0.")
    start = time.perf_counter()
    keep_freed_memory()
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
    """The fraction (0-1) of digits that are read as their label."""
    best = digit_logits(predict(network, digits.images)).argmax(1)
    return (best == digits.labels).float().mean().item()


class _Rows:
    """The rows of each epoch: all the given ones, and as many generated ones as the config says."""

    def __init__(self, given: Digits, config: TrainingConfig, generator: Generator) -> None:
        self.given, self.config, self.generator = given, config, generator
        self.digits = synthetic.digits(config.synthetic_digits * config.pool, generator)
        self.non_digits = synthetic.non_digits(config.non_digits * config.pool, generator)

    def __len__(self) -> int:
        return len(self.given.labels) + self.config.synthetic_digits + self.config.non_digits

    def epoch(self) -> Digits:
        """One epoch's rows in a random order."""
        parts = [self.given, self._sample(self.digits), self._sample(self.non_digits)]
        together = concatenate(*parts)
        return rows(together, torch.randperm(len(together.labels), generator=self.generator))

    def _sample(self, pool: Digits) -> Digits:
        chosen = torch.randperm(len(pool.labels), generator=self.generator)
        return rows(pool, chosen[: len(pool.labels) // self.config.pool])


class _Run:
    """One run of fit(): network, optimiser, schedule and moving average."""

    def __init__(self, network: nn.Module, data: _Rows, config: TrainingConfig, generator: Generator) -> None:
        self.network, self.data, self.config, self.generator = network, data, config, generator
        self.steps = -(-len(data) // config.batch_size)
        self.optimizer = make_optimizer(network, config)
        total = max(3, self.steps * config.epochs)
        self.schedule: LRScheduler = OneCycleLR(
            self.optimizer,
            max_lr=[group["lr"] for group in self.optimizer.param_groups],
            total_steps=total,
            pct_start=max(config.warmup, 2 / total),  # OneCycleLR divides by zero with a single warm-up step
            cycle_momentum=False,
        )
        decay = max(0.0, 1 - 1 / (config.averaging * total)) if config.averaging else 0.0
        self.average = (
            AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)  # type: ignore[no-untyped-call]
            if decay
            else None
        )

    def epoch(self, number: int, progress: Callable[[Step], None] | None) -> tuple[float, float]:
        """Train on every row once; returns the mean loss and the accuracy."""
        self.network.train()
        losses, correct, count = 0.0, 0.0, 0
        images, labels = self.data.epoch()
        size = self.config.batch_size
        for step, (batch, truth) in enumerate(
            zip(torch.split(images, size), torch.split(labels, size), strict=True), 1
        ):
            loss, right = self._step(batch, truth)
            losses, correct, count = losses + loss * len(truth), correct + right * len(truth), count + len(truth)
            if progress:
                progress(Step(number, step, self.steps, loss, right))
        return losses / count, correct / count

    def _step(self, batch: Tensor, truth: Tensor) -> tuple[float, float]:
        inputs = as_input(batch)
        if self.config.augmentation:
            inputs = augment(inputs, self.config.augmentation, self.generator)
        logits = self.network(_channels_last(inputs))
        truth = truth.repeat(len(logits) // len(truth))  # an ensemble gives each member's
        loss = F.cross_entropy(logits, truth, label_smoothing=self.config.label_smoothing)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.schedule.step()
        if self.average:
            self.average.update_parameters(self.network)
        return loss.item(), (logits.argmax(1) == truth).float().mean().item()

    def result(self) -> nn.Module:
        """The network that would be returned now."""
        return self.average.module if self.average else self.network

    def finish(self) -> None:
        """Keep the result: the moving average, where there is one."""
        self.network.load_state_dict(self.result().state_dict())
        self.network.eval()


def mix(active: nn.Module, tuned: nn.Module, coefficient: float) -> nn.Module:
    """A new network whose weights are (1 - coefficient) * active + coefficient * tuned, the coefficient in 0-1.

    Interpolating between weights and their fine-tuning keeps more of both than either end does (WiSE-FT, Wortsman et
    al. 2022, https://arxiv.org/abs/2109.01903).
    """
    old, new = active.state_dict(), tuned.state_dict()
    mixed = deepcopy(tuned)
    mixed.load_state_dict(
        {
            name: old[name] + coefficient * (new[name] - old[name]) if new[name].is_floating_point() else new[name]
            for name in new
        }
    )
    return mixed.eval()


def keep_freed_memory() -> None:
    """Have glibc keep up to a gigabyte of freed memory (see mallopt(3)); other C libraries are left as they are.

    By default each batch's memory goes back to the kernel and is faulted in again, page by page: a fifth of the time.
    """
    with suppress(AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 32 << 20)
        mallopt(M_TRIM_THRESHOLD, 1 << 30)


def make_optimizer(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW or SGD with Nesterov momentum; weight decay on weights only, not on biases and norms."""
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
