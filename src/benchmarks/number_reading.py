"""Whole numbers: how many of people's digits and numbers are read right, on a canvas and photographed, and how fast."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.drawings import Drawn
from benchmarks.written_numbers import HEIGHT, PAPERS, WIDTH, WrittenNumber, canvas, photograph, written
from frames.lattice import Lattice
from frames.masks import NoInk
from frames.segmentation import in_picture, in_strokes
from serving.predictor import ServingModel
from serving.whole_numbers import read_lattice, texts_of

RESAMPLES = 1000  # of the people, for the intervals
KINDS = ("canvas, strokes", "canvas, pixels", *(f"photographed, {paper}" for paper in PAPERS))


class Tally(NamedTuple):
    """Of the numbers of each person: digits and numbers, and how many of them were read right; (people,) each."""

    digits: np.ndarray
    right_digits: np.ndarray
    numbers: np.ndarray
    right_numbers: np.ndarray
    seconds: float
    """A number takes, in the mean."""


def measure(model: ServingModel, people: Mapping[str, Drawn], each: int, kind: str, seed: int = 7) -> Tally:
    """Read `each` numbers of each of the people, as one of KINDS."""
    index = {writer: k for k, writer in enumerate(people)}
    counts, seconds = np.zeros((4, len(people)), np.int64), 0.0
    for number, lattice in _lattices(written(people, each, seed), kind):
        start = time.perf_counter()
        read = _text(model, lattice)
        seconds += time.perf_counter() - start
        wrong = edit_distance(number.text, read)
        right = max(0, len(number.text) - wrong)
        counts[:, index[number.writer]] += (len(number.text), right, 1, wrong == 0)
    digits, right_digits, numbers, right_numbers = counts
    return Tally(digits, right_digits, numbers, right_numbers, seconds / max(1, int(numbers.sum())))


def _lattices(numbers: Iterator[WrittenNumber], kind: str) -> Iterator[tuple[WrittenNumber, Callable[[], Lattice]]]:
    """Numbers, and how each is taken apart."""
    random = np.random.default_rng(5)
    for number in numbers:
        if kind == KINDS[0]:
            yield number, partial(in_strokes, number.strokes, WIDTH, HEIGHT, number.pen)
        elif kind == KINDS[1]:
            yield number, partial(in_picture, canvas(number))
        else:
            photo = photograph(number, kind.partition(", ")[2], random)
            yield number, partial(in_picture, Image.open(io.BytesIO(photo)))


def _text(model: ServingModel, make_lattice: Callable[[], Lattice]) -> str:
    try:
        lines = read_lattice(make_lattice(), model.predict_all)
    except NoInk:
        return ""
    return "\n".join(texts_of((part.prediction for part in line) for line in lines))


def edit_distance(one: str, other: str) -> int:
    """The least number of characters to change, add or leave out, to make one text of the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row = row, [i]
        for j, b in enumerate(other, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
    return row[-1]


def interval(right: np.ndarray, of: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the fraction `right` / `of`, (people,) each, from resampled people."""
    chosen = np.random.default_rng(0).integers(len(of), size=(RESAMPLES, len(of)))
    low, high = np.percentile(right[chosen].sum(1) / of[chosen].sum(1), (2.5, 97.5))
    return float(low), float(high)


def table(model: ServingModel, people: Mapping[str, Drawn], each: int) -> list[list[str]]:
    """The rows of the README's table: digits and numbers read right, of each of KINDS."""
    rows = [["numbers of 2 to 6 digits", "digits read right", "numbers read right", "milliseconds a number"]]
    for kind in KINDS:
        tally = measure(model, people, each, kind)
        shares = []
        for right, of in ((tally.right_digits, tally.digits), (tally.right_numbers, tally.numbers)):
            low, high = interval(right, of)
            shares.append(f"{right.sum() / of.sum():.1%} ({100 * low:.1f} to {100 * high:.1f})")
        rows.append([kind, *shares, f"{1e3 * tally.seconds:.0f}"])
    return rows
