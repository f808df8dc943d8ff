"""The accuracy report: what each network reads, where it fails, how well it knows that, and what each part adds.

Drawings are laid on a 280 x 280 canvas as people would: our own generator's, or real ones from a file.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Generator, Tensor, nn

from frames.preprocessing import frame_pixels, frame_strokes
from learning import synthetic
from learning.dataset import Digits, Mnist
from learning.evaluation import confusion_figure, evaluate, reliability_figure
from learning.networks import NETWORKS, ConvNet, digit_logits
from learning.training import RECIPES, accuracy, fit, predict

CANVAS = 280  # pixels, each way
PEN, SIZE = 18.0, 0.65  # canvas pixels; the digit's longer side as a share of the canvas
WORST = 40  # mistakes shown

Drawing = list[NDArray[np.float64]]  # strokes of points x, y, y down
Framer = Callable[[Image.Image], NDArray[np.uint8]]


class Drawn(NamedTuple):
    """Drawings as strokes, and what they are meant to be."""

    drawings: list[Drawing]
    labels: Tensor


def generated(count: int, seed: int = 12_345) -> Drawn:
    """Digits of our own generator that no training saw, as one dotted stroke each, dense enough to look drawn."""
    labels = torch.arange(count) % 10
    points = synthetic.digit_points(labels, Generator().manual_seed(seed))
    return Drawn([list(p[:, None].double().numpy()) for p in points], labels)


def people(path: Path, limit: int) -> Drawn:
    """About `limit` drawings, spread over a file with one {"label": 0-9, "strokes": [[[x, y], ...], ...]} a line."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    found = [json.loads(line) for line in content.splitlines()]
    found = found[:: max(1, len(found) // limit)]
    drawings = [[np.asarray(s, dtype=np.float64) for s in one["strokes"]] for one in found]
    return Drawn(drawings, torch.tensor([one["label"] for one in found]))


def canvas(
    drawing: Drawing, pen: float = PEN, size: float = SIZE, place: tuple[float, float] = (0.5, 0.5)
) -> Image.Image:
    """Black on white, 280 x 280, a round pen of `pen` pixels, the digit's longer side `size` of the canvas.

    `place` says where between the left and the right, the upper and the lower border it lies (0..1 each).
    """
    points = np.concatenate(drawing)
    low, high = points.min(0), points.max(0)
    scale = CANVAS * size / max(1e-6, (high - low).max())
    half = (high - low) * scale / 2
    room = CANVAS / 2 - half - pen / 2 - 1
    middle = CANVAS / 2 + (np.asarray(place) * 2 - 1) * room.clip(0)
    twice = Image.new("L", (CANVAS * 2, CANVAS * 2), 255)
    draw = ImageDraw.Draw(twice)
    for stroke in drawing:
        path = [(float(x), float(y)) for x, y in ((stroke - (low + high) / 2) * scale + middle) * 2]
        draw.line(path, fill=0, width=round(pen * 2))
        for x, y in path:
            draw.ellipse((x - pen, y - pen, x + pen, y + pen), fill=0)
    return twice.resize((CANVAS, CANVAS), Image.Resampling.BOX)


def naive(image: Image.Image) -> NDArray[np.uint8]:
    """The whole canvas shrunk to 28 x 28: what most demos do."""
    return 255 - np.asarray(image.resize((28, 28), Image.Resampling.BOX))


def centred(image: Image.Image) -> NDArray[np.uint8]:
    """The ink cut out, its longer side shrunk to 20 pixels and laid in the middle of 28 x 28."""
    ink = Image.fromarray(255 - np.asarray(image))
    cut = ink.crop(ink.getbbox())
    shrink = 20 / max(cut.size)
    small = cut.resize((max(1, round(cut.width * shrink)), max(1, round(cut.height * shrink))), Image.Resampling.BOX)
    frame = Image.new("L", (28, 28))
    frame.paste(small, ((28 - small.width) // 2, (28 - small.height) // 2))
    return np.asarray(frame)


FRAMERS: dict[str, Framer] = {"naive": naive, "centred": centred, "full": frame_pixels}


def frames(images: Iterable[Image.Image], framer: Framer = frame_pixels) -> Tensor:
    """What the networks get to see of canvases: uint8 N x 1 x 28 x 28."""
    return torch.from_numpy(np.stack([framer(image) for image in images]))[:, None]


def share_right(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share (0..1) of images (uint8 N x 1 x 28 x 28) that are read as their labels say."""
    return accuracy(network, Digits(images, labels))


Table = list[list[str]]


def percent(value: float) -> str:
    """A share for reading: 98.76 %."""
    return f"{value:.2%}".replace("%", " %")


def overview(networks: dict[str, nn.Module], cards: dict[str, dict[str, Any]], mnist: Mnist, drawn: Drawn) -> Table:
    """A row per network: accuracy, doubt, and what drawings add."""
    images = frames(canvas(d) for d in drawn.drawings)
    vectors = torch.from_numpy(np.stack([frame_strokes(d) for d in drawn.drawings]))[:, None]
    table = [["network", "parameters", "MNIST test", "NLL", "ECE", "drawings", "drawings as strokes"]]
    for name, network in networks.items():
        measured = evaluate(network, mnist.test, cards[name]["temperature"])
        row = [name, f"{cards[name]['parameters']:,}", percent(measured["accuracy"]), f"{measured['nll']:.4f}"]
        read = [percent(share_right(network, seen, drawn.labels)) for seen in (images, vectors)]
        table.append([*row, f"{measured['ece']:.4f}", *read])
    return table


CONDITIONS: dict[str, Sequence[dict[str, Any]]] = {
    "pen width": [{"pen": float(p)} for p in (6, 10, 14, 18, 22, 26, 32)],
    "size": [{"size": s} for s in (0.15, 0.25, 0.45, 0.65, 0.8, 0.9)],
    "position": [{"place": p} for p in ((0.0, 0.0), (1.0, 0.0), (0.5, 0.5), (0.0, 1.0), (1.0, 1.0))],
}


def conditions(networks: dict[str, nn.Module], drawn: Drawn, what: str) -> Table:
    """Accuracy on the same drawings with other pens, in other sizes or at other places."""
    table = [[what, *networks]]
    for condition in CONDITIONS[what]:
        images = frames(canvas(d, **condition) for d in drawn.drawings)
        name = ", ".join(str(v) for v in condition.values())
        table.append([name, *(percent(share_right(n, images, drawn.labels)) for n in networks.values())])
    return table


def preprocessing_ablation(networks: dict[str, nn.Module], drawn: Drawn) -> Table:
    """Accuracy on drawings anywhere on the canvas, by how they are brought into MNIST's frame."""
    dice = np.random.default_rng(0)
    images = [
        canvas(d, size=dice.uniform(0.3, 0.8), place=(dice.uniform(), dice.uniform())) for d in drawn.drawings
    ]  # fmt: skip
    table = [["preprocessing", *networks]]
    for name, framer in FRAMERS.items():
        seen = frames(images, framer)
        table.append([name, *(percent(share_right(n, seen, drawn.labels)) for n in networks.values())])
    return table


def augmentation_ablation(mnist: Mnist, drawn: Drawn, epochs: int) -> Table:
    """The ConvNet trained for `epochs` on MNIST as it is, on turned and bent digits, and with generated ones too."""
    images = frames(canvas(d) for d in drawn.drawings)
    full = replace(RECIPES["cnn"], epochs=epochs)
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
        read = share_right(network, images, drawn.labels)
        table.append([name, percent(accuracy(network, mnist.test)), percent(read)])
    return table


def worst_mistakes(network: nn.Module, digits: Digits, path: Path, temperature: float = 1.0) -> None:
    """The digits that were read wrong with the most confidence, as one picture: label > reading."""
    from matplotlib.figure import Figure

    confidence, guesses = (digit_logits(predict(network, digits.images)) / temperature).softmax(1).max(1)
    wrong = (guesses != digits.labels).nonzero().squeeze(1)
    wrong = wrong[confidence[wrong].argsort(descending=True)][:WORST]
    figure = Figure(figsize=(10, 1.3 * -(-max(1, len(wrong)) // 10)))
    for place, i in enumerate(wrong.tolist(), 1):
        axes = figure.add_subplot(-(-len(wrong) // 10), 10, place, xticks=[], yticks=[])
        axes.imshow(digits.images[i, 0].numpy(), cmap="gray_r")
        axes.set_title(f"{digits.labels[i]} > {guesses[i]}  {confidence[i]:.0%}", fontsize=7)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.93, bottom=0.01)
    figure.savefig(path, dpi=120)


def figures(
    networks: dict[str, nn.Module], cards: dict[str, dict[str, Any]], mnist: Mnist, folder: Path
) -> list[tuple[str, str]]:
    """Write the pictures into `folder`; their titles and file names."""
    written: list[tuple[str, str]] = []
    bins = {}
    for name, network in networks.items():
        measured = evaluate(network, mnist.test, cards[name]["temperature"])
        bins[name] = measured["reliability"]
        confusion_figure(measured["confusion"], folder / f"confusion-{name}.png")
        worst_mistakes(network, mnist.test, folder / f"mistakes-{name}.png", cards[name]["temperature"])
        written.append((f"Confusion matrix, {name}", f"confusion-{name}.png"))
        written.append((f"The most confident mistakes, {name} (digit > reading)", f"mistakes-{name}.png"))
    reliability_figure(bins, folder / "reliability.png")
    return [*written, ("Reliability on the MNIST test digits", "reliability.png")]


def shipped(folder: Path) -> tuple[dict[str, nn.Module], dict[str, dict[str, Any]]]:
    """The networks of a model folder in evaluation mode, and their cards."""
    networks: dict[str, nn.Module] = {}
    cards: dict[str, dict[str, Any]] = {}
    for name, kind in NETWORKS.items():
        networks[name] = kind().eval()
        networks[name].load_state_dict(torch.load(folder / f"{name}.pt", weights_only=True))
        cards[name] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return networks, cards


def markdown(table: Table) -> str:
    """A table in Markdown."""
    rows = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([rows[0], "| " + " | ".join("---" for _ in table[0]) + " |", *rows[1:]])
