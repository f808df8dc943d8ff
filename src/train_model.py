"""python src/train_model.py [--model cnn|linear|cnn-small|all] [--epochs N] ...: train what the app serves.

Writes model/cnn.pt and model/linear.pt (state_dicts) and a .json beside each that says what it is. Exits with 2 and one
sentence when something is amiss.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from command_line import command, number
from frames.slots import ink_fractions
from learning.card import ModelCard
from learning.dataset import Mnist, MnistMissing, load_mnist
from learning.evaluation import NotFinite, evaluate, fit_digit_score, fit_temperature
from learning.figures import confusion_figure
from learning.machine import machine
from learning.recipes import TrainingConfig
from learning.registry import MODELS, TRAINABLE
from learning.training import History, Step, accuracy, fit
from learning.weights import write_weights

# ---------------------------------------------------------------------------------------------------------------------
# The command line: a flag that is left out keeps the value of the model's recipe (learning/recipes.py), so the plain
# command reproduces the shipped weights. Invalid values are refused here, before minutes are spent on them.
# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The flags of this command."""
    made = command("train_model.py", __doc__)
    made.add_argument("--model", choices=[*TRAINABLE, "all"], default="all", help="all: those that serve")
    made.add_argument("--epochs", type=number(int, 1, 10_000))
    made.add_argument("--lr", type=number(float, 0, 100, include_low=False), help="the peak of the one-cycle schedule")
    made.add_argument("--optimizer", choices=["adamw", "sgd"])
    made.add_argument("--dropout", type=number(float, 0, 0.95), help="before the last layer")
    made.add_argument("--batch-size", type=number(int, 2, 55_000))
    made.add_argument("--seed", type=number(int, 0, 2**32 - 1))
    made.add_argument("--data-dir", type=Path, default=Path("data"), help="where MNIST is, or is downloaded to")
    made.add_argument("--output", type=Path, default=Path("model"), help="the folder for the .pt and .json files")
    made.add_argument("--log-dir", type=Path, help="write TensorBoard scalars, graph and confusion matrix below it")
    return made


def recipe(name: str, arguments: argparse.Namespace) -> TrainingConfig:
    """The model's recipe, with the knobs that were given on the command line."""
    knobs = ("epochs", "lr", "optimizer", "dropout", "batch_size", "seed")
    given = {knob: value for knob in knobs if (value := getattr(arguments, knob)) is not None}
    return replace(TRAINABLE[name].recipe, **given)


# ---------------------------------------------------------------------------------------------------------------------
# Training: one call of fit(), with a progress bar. The test digits are measured once, after the last epoch: choosing
# the best epoch by them would report luck.
# ---------------------------------------------------------------------------------------------------------------------


def train(name: str, config: TrainingConfig, mnist: Mnist) -> tuple[nn.Module, History]:
    """A network trained from scratch by `config`."""
    torch.manual_seed(config.seed)
    network = TRAINABLE[name].build(config.dropout)
    with tqdm(unit="batch", desc=name, file=sys.stderr) as bar:

        def show(step: Step) -> None:
            bar.total = step.steps * config.epochs
            bar.set_postfix(epoch=step.epoch, loss=f"{step.loss:.3f}", accuracy=f"{step.accuracy:.1%}", refresh=False)
            bar.update()

        history = fit(network, mnist.train, mnist.validation, config, show)
    return network, history


# ---------------------------------------------------------------------------------------------------------------------
# The model card: all that is needed to understand the weights without loading them, and to reproduce them. Temperature
# and digit score are fitted on validation digits, so that "98 % sure" means right 98 times in a hundred.
# ---------------------------------------------------------------------------------------------------------------------


def describe(model: str, network: nn.Module, config: TrainingConfig, history: History, mnist: Mnist) -> ModelCard:
    """The card of a trained network."""
    temperature = fit_temperature(network, mnist.validation)
    tested = evaluate(network, mnist.test, temperature)
    return ModelCard(
        architecture=model,
        parameters=sum(p.numel() for p in network.parameters()),
        test_accuracy=tested.accuracy,
        validation_accuracy=accuracy(network, mnist.validation),
        train_accuracy=accuracy(network, mnist.train),
        per_digit_accuracy=tested.per_digit,
        nll=tested.nll,
        ece=tested.ece,
        temperature=temperature,
        digit_score=fit_digit_score(network, mnist.validation),
        data=f"MNIST: {len(mnist.train.labels)} digits to train on, {len(mnist.validation.labels)} to validate, "
        f"{len(mnist.test.labels)} to test; per epoch {config.synthetic_digits} generated digits and "
        f"{config.non_digits} generated non-digits",
        seed=config.seed,
        knobs=config.as_dict(),
        history=tuple(epoch._asdict() for epoch in history.epochs),
        wall_seconds=round(history.seconds, 1),
        trained_at=datetime.now(UTC).replace(microsecond=0),
        ink=ink_fractions(mnist.train.images[::6, 0].numpy()),
        **machine(),
    )


# ---------------------------------------------------------------------------------------------------------------------
# TensorBoard: the scalars of every epoch, the network's graph, the confusion matrix. It is not among the app's
# requirements, so it is looked for before the training, not after it.
# ---------------------------------------------------------------------------------------------------------------------


def tensorboard(folder: Path) -> Any:
    """A SummaryWriter on `folder`; exits with a sentence where the packages are missing."""
    try:
        import matplotlib  # noqa: F401 - both are optional packages
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        sys.exit(_sentence(f"--log-dir needs tensorboard and matplotlib ({error}): pip install tensorboard matplotlib"))
    return SummaryWriter(str(folder))


def log(writer: Any, name: str, network: nn.Module, history: History, mnist: Mnist) -> None:
    """Write one trained network's scalars, graph and confusion matrix."""
    for epoch in history.epochs:
        for what in ("loss", "train_accuracy", "validation_accuracy"):
            writer.add_scalar(f"{name}/{what}", getattr(epoch, what), epoch.epoch)
    measured = evaluate(network, mnist.test)
    writer.add_scalar(f"{name}/test_accuracy", measured.accuracy, history.epochs[-1].epoch)
    writer.add_figure(f"{name}/confusion", confusion_figure(measured.confusion))
    writer.add_graph(network, torch.zeros(1, 1, 28, 28))
    writer.flush()


def main(arguments: list[str] | None = None) -> int:
    """Train the models that were asked for; returns the exit code."""
    asked = parser().parse_args(arguments)
    try:
        mnist = load_mnist(asked.data_dir)
        writer = tensorboard(asked.log_dir) if asked.log_dir else None
        for name in MODELS if asked.model == "all" else [asked.model]:
            config = recipe(name, asked)
            network, history = train(name, config, mnist)
            card = describe(name, network, config, history, mnist)
            write_weights(asked.output, name, network, card)
            print(f"{name}: {card.test_accuracy:.2%} of the test digits, {history.seconds:.0f} s", flush=True)
            if writer:
                log(writer, name, network, history, mnist)
    except (MnistMissing, NotFinite, OSError) as error:
        return _sentence(str(error))
    return 0


def _sentence(text: str) -> int:
    print(f"train_model.py: {text}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
