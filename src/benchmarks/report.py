"""The accuracy report: accuracy, mistakes, calibration, and what each part of the pipeline adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.drawings import FRAMERS, Drawn, canvas, frames
from frames.preprocessing import frame_strokes
from learning.card import ModelCard
from learning.dataset import Digits, Mnist
from learning.evaluation import evaluate
from learning.figures import confusion_figure, reliability_figure
from learning.networks import ConvNet, digit_logits
from learning.recipes import CNN
from learning.registry import MODELS
from learning.training import accuracy, fit, predict
from learning.weights import load_network, read_weights
from percentages import percent

MAX_MISTAKES = 40  # shown in one figure

Table = list[list[str]]


def overview(networks: dict[str, nn.Module], cards: dict[str, ModelCard], mnist: Mnist, drawn: Drawn) -> Table:
    """A row per network: accuracy, calibration, and accuracy on drawings."""
    images = frames(canvas(d) for d in drawn.drawings)
    vectors = torch.from_numpy(np.stack([frame_strokes(d) for d in drawn.drawings]))[:, None]
    table = [["network", "parameters", "MNIST test", "NLL", "ECE", "drawings", "drawings as strokes"]]
    for name, network in networks.items():
        measured = evaluate(network, mnist.test, cards[name].temperature)
        row = [name, f"{cards[name].parameters:,}", percent(measured.accuracy, 2), f"{measured.nll:.4f}"]
        read = [percent(accuracy(network, Digits(seen, drawn.labels)), 2) for seen in (images, vectors)]
        table.append([*row, f"{measured.ece:.4f}", *read])
    return table


CONDITIONS: dict[str, Sequence[dict[str, Any]]] = {
    "pen width": [{"pen": float(p)} for p in (6, 10, 14, 18, 22, 26, 32)],
    "size": [{"size": s} for s in (0.15, 0.25, 0.45, 0.65, 0.8, 0.9)],
    "position": [{"place": p} for p in ((0.0, 0.0), (1.0, 0.0), (0.5, 0.5), (0.0, 1.0), (1.0, 1.0))],
}


def conditions(networks: dict[str, nn.Module], drawn: Drawn, what: str) -> Table:
    """Accuracy on the same drawings with other pens, sizes or positions."""
    table = [[what, *networks]]
    for condition in CONDITIONS[what]:
        images = frames(canvas(d, **condition) for d in drawn.drawings)
        name = ", ".join(str(v) for v in condition.values())
        table.append([name, *(percent(accuracy(n, Digits(images, drawn.labels)), 2) for n in networks.values())])
    return table


def preprocessing_ablation(networks: dict[str, nn.Module], drawn: Drawn) -> Table:
    """Accuracy on drawings anywhere on the canvas, by the preprocessing."""
    dice = np.random.default_rng(0)
    images = [
        canvas(d, size=dice.uniform(0.3, 0.8), place=(dice.uniform(), dice.uniform())) for d in drawn.drawings
    ]  # fmt: skip
    table = [["preprocessing", *networks]]
    for name, framer in FRAMERS.items():
        seen = frames(images, framer)
        table.append([name, *(percent(accuracy(n, Digits(seen, drawn.labels)), 2) for n in networks.values())])
    return table


def augmentation_ablation(mnist: Mnist, drawn: Drawn, epochs: int) -> Table:
    """The CNN trained for `epochs` on plain MNIST, with augmentation, and with synthetic digits as well."""
    images = frames(canvas(d) for d in drawn.drawings)
    full = replace(CNN, epochs=epochs)
    geometric = replace(full, synthetic_digits=0, non_digits=0)
    table = [["augmentation", "MNIST test", "drawings"]]
    for name, config in {
        "none": replace(geometric, augmentation=None),
        "geometric": geometric,
        "geometric and styles": full,
    }.items():
        torch.manual_seed(config.seed)
        network = ConvNet(config.dropout)
        fit(network, mnist.train, mnist.validation, config)
        read = accuracy(network, Digits(images, drawn.labels))
        table.append([name, percent(accuracy(network, mnist.test), 2), percent(read, 2)])
    return table


def worst_mistakes(network: nn.Module, digits: Digits, path: Path, temperature: float = 1.0) -> None:
    """A figure of the most confident mistakes, label > prediction."""
    from matplotlib.figure import Figure  # imported here: only the development requirements have it

    confidence, guesses = (digit_logits(predict(network, digits.images)) / temperature).softmax(1).max(1)
    wrong = (guesses != digits.labels).nonzero().squeeze(1)
    wrong = wrong[confidence[wrong].argsort(descending=True)][:MAX_MISTAKES]
    figure = Figure(figsize=(10, 1.3 * -(-max(1, len(wrong)) // 10)))
    for place, i in enumerate(wrong.tolist(), 1):
        axes = figure.add_subplot(-(-len(wrong) // 10), 10, place, xticks=[], yticks=[])
        axes.imshow(digits.images[i, 0].numpy(), cmap="gray_r")
        axes.set_title(f"{digits.labels[i]} > {guesses[i]}  {confidence[i]:.0%}", fontsize=7)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.93, bottom=0.01)
    figure.savefig(path, dpi=120)


def figures(
    networks: dict[str, nn.Module], cards: dict[str, ModelCard], mnist: Mnist, folder: Path
) -> list[tuple[str, str]]:
    """Write the figures into `folder`; returns their titles and file names."""
    written: list[tuple[str, str]] = []
    bins = {}
    for name, network in networks.items():
        measured = evaluate(network, mnist.test, cards[name].temperature)
        bins[name] = measured.reliability
        confusion_figure(measured.confusion, folder / f"confusion-{name}.png")
        worst_mistakes(network, mnist.test, folder / f"mistakes-{name}.png", cards[name].temperature)
        written.append((f"Confusion matrix, {name}", f"confusion-{name}.png"))
        written.append((f"The most confident mistakes, {name} (digit > reading)", f"mistakes-{name}.png"))
    reliability_figure(bins, folder / "reliability.png")
    return [*written, ("Reliability on the MNIST test digits", "reliability.png")]


def load(folder: Path) -> tuple[dict[str, nn.Module], dict[str, ModelCard]]:
    """The networks of a model folder in evaluation mode, and their cards. Raises ModelMissing."""
    found = [read_weights(folder, model) for model in MODELS]
    networks = {each.model: load_network(each.model, each.data, each.sha256) for each in found}
    return networks, {each.model: each.card for each in found}


def markdown(table: Table) -> str:
    """A table in Markdown."""
    rows = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([rows[0], "| " + " | ".join("---" for _ in table[0]) + " |", *rows[1:]])
