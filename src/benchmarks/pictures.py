"""How well pictures are read: drawn digits on paper of every kind, MNIST's digits enlarged, and files in a folder.

They are read as the app reads them: every version of a picture's ink, of which the digit score chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from benchmarks import paper_kinds
from benchmarks.drawings import Drawn
from benchmarks.paper_kinds import KINDS
from frames.drawing import Drawing, from_picture
from frames.images import FILE_EXTENSIONS, decode
from frames.masks import NoInk
from learning.dataset import Digits
from serving.choosing import read_drawings
from serving.predictor import ServingModel

BATCH = 50  # pictures that are read together
HARD = "hard-"  # so begin the names of files that may stay unread
ENLARGED = {"5 times": ((5,), (0.0,)), "2 to 8 times, blurred or not": (range(2, 9), (0.0, 0.15, 0.3, 0.45))}
"""How many times MNIST's digits are enlarged, and how far blurred, in pixels of their own."""


class Kind(NamedTuple):
    """The fractions of a kind's pictures that are read right: on that paper, and on the same without its mark."""

    marked: float
    plain: float


def by_kind(model: ServingModel, people: Sequence[Drawn], count: int) -> dict[str, Kind]:
    """`count` of people's drawings on paper of each kind, others for each."""
    strokes = [drawing for drawn in people for drawing in drawn.drawings]
    labels = [label for drawn in people for label in drawn.labels.tolist()]
    found = {}
    for number_, kind in enumerate(KINDS):
        some = [(number_ * 7919 + k * len(strokes) // count) % len(strokes) for k in range(count)]
        seeds = [100_000 * number_ + k for k in range(count)]
        right = []
        for marked in (True, False):
            sheets = (
                paper_kinds.picture(strokes[which], kind, seed, marked) for which, seed in zip(some, seeds, strict=True)
            )
            right.append(accuracy(model, sheets, [labels[which] for which in some]))
        found[kind] = Kind(*right)
    return found


def accuracy(model: ServingModel, pictures: Iterable[Image.Image], digits: Sequence[int]) -> float:
    """The fraction (0-1) of pictures that are read as these digits."""
    read = list(digits_in(model, pictures))
    return float(np.mean([each == digit for each, digit in zip(read, digits, strict=True)]))


def digits_in(model: ServingModel, pictures: Iterable[Image.Image]) -> Iterator[int | None]:
    """What is read in each picture; None where no ink is found."""
    coming = iter(pictures)
    while some := list(islice(coming, BATCH)):
        found = [_drawing(picture) for picture in some]
        there = [drawing for drawing in found if drawing is not None]
        read = iter(read_drawings(model.predict_all, there) if there else [])
        for drawing in found:
            yield next(read).prediction.predicted_digit if drawing is not None else None


def _drawing(picture: Image.Image) -> Drawing | None:
    try:
        return from_picture(picture)
    except NoInk:
        return None


def enlarged(digits: np.ndarray, times: Sequence[int], blurs: Sequence[float], seed: int = 0) -> Iterator[Image.Image]:
    """MNIST's frames, (n, 28, 28) uint8, black on white, each enlarged so many times, and blurred, by chance."""
    random = np.random.default_rng(seed)
    for digit in digits:
        factor, blur = int(random.choice(times)), float(random.choice(blurs))
        large = Image.fromarray(255 - digit).resize((28 * factor, 28 * factor), Image.Resampling.BICUBIC)
        yield large.filter(ImageFilter.GaussianBlur(blur * factor)) if blur else large


def in_folder(model: ServingModel, folder: Path) -> dict[str, tuple[int, int | None]]:
    """Each picture in a folder: the digit that ends its name, and the one that is read."""
    files = [
        each
        for each in sorted(folder.iterdir())
        if each.suffix.lower()[1:] in FILE_EXTENSIONS and each.stem[-1].isdecimal()
    ]
    read = digits_in(model, (decode(file.read_bytes()) for file in files))
    return {file.name: (int(file.stem[-1]), digit) for file, digit in zip(files, read, strict=True)}


def tables(
    model: ServingModel, people: Sequence[Drawn], count: int, test: Digits, folder: Path | None
) -> Iterator[list[list[str]]]:
    """The tables of digits on paper, of MNIST's test digits enlarged, and, where there is a folder, of its pictures."""
    found = by_kind(model, people, count)
    rows = [["digits on paper with", "read right", "without it"]]
    rows += [[kind, f"{each.marked:.1%}", f"{each.plain:.1%}"] for kind, each in found.items()]
    marked, plain = np.mean(list(found.values()), axis=0)
    yield [*rows, ["mean", f"{marked:.2%}", f"{plain:.2%}"]]
    yield [["MNIST's test digits, enlarged", "read right"]] + [
        [how, f"{accuracy(model, enlarged(test.images[:, 0].numpy(), *sizes), test.labels.tolist()):.2%}"]
        for how, sizes in ENLARGED.items()
    ]
    if folder:
        yield _folder(in_folder(model, folder))


def _folder(read: dict[str, tuple[int, int | None]]) -> list[list[str]]:
    """How many pictures of a folder are read right, and what is read in the others."""
    hard = {name for name in read if name.startswith(HARD)}
    right = {name for name, (meant, digit) in read.items() if meant == digit}
    rows = [["pictures in the folder", "read right"]]
    for what, names in ((f"all but {HARD}", read.keys() - hard), (HARD, hard)):
        rows.append([what, f"{len(right & names)} of {len(names)}"])
    return rows + [
        [name, "no ink" if digit is None else str(digit)] for name, (_, digit) in read.items() if name not in right
    ]
