"""A lattice: all that may be a digit in a picture of several, and the way through it that reads best.

Each line of writing is a row of pieces, smaller than digits. A candidate is a run of neighbouring pieces; every piece
belongs to one digit, so a reading of the line is a sequence of candidates that covers it. Which sequence it is, is
decided by dynamic programming over what the network says to each candidate and how that lies among the others (as in
the segmentation of handwritten words and cheques: Burges, LeCun et al., "Off line recognition of handwritten postal
words using neural networks", 1993).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from frames.drawing import Drawing
from frames.masks import Pixels

Box = tuple[int, int, int, int]  # x, y, width and height
Bounds = tuple[float, float, float, float]  # left, top, right, bottom
Floats = NDArray[np.float64]


class Piece(NamedTuple):
    """A part of a digit, or a whole one. `cut` is the pens of ink that the cut on its left crosses, 0 at a gap."""

    bounds: Bounds
    body: int
    """What it was cut from: pieces of one body were joined, and follow each other from left to right."""
    cut: float = 0.0


class Candidate(NamedTuple):
    """Pieces that may be a digit, by their numbers; its frame, (28, 28) uint8."""

    pieces: frozenset[int]
    frame: Pixels
    bounds: Bounds


class Line(NamedTuple):
    """A line of writing: the orders in which its pieces may be read, by their numbers, and what may be a digit."""

    orders: Sequence[Sequence[int]]
    candidates: Sequence[Candidate]


class Found(NamedTuple):
    """A digit, or what else is there: its box in the picture's pixels, and a name that is the same at each reading."""

    box: Box
    name: str
    drawing: Drawing


@dataclass(frozen=True)
class Lattice:
    """The pieces of a picture and their lines from top to bottom; `pen` is the strokes' width, in the pieces' unit.

    `size` is the picture's width and height in the pixels of the boxes that are found.

    `find` says what there is to know of a candidate once it is chosen. `others` are other ways to take the picture:
    with a line in doubt, or without. `whole` finds all that is drawn as one digit, likelier versions first.
    """

    pieces: Sequence[Piece]
    lines: Sequence[Line]
    pen: float
    size: tuple[int, int]
    find: Callable[[Candidate], Found]
    others: tuple[Lattice, ...] = ()
    whole: Callable[[], Sequence[Found]] | None = None

    @property
    def candidates(self) -> list[Candidate]:
        """Of all lines, in order."""
        return [candidate for line in self.lines for candidate in line.candidates]

    def choose(self, scores: Sequence[float], confidences: Sequence[float]) -> list[list[tuple[int, float]]]:
        """The candidates that read best, by their numbers in `candidates`, in each line in reading order.

        With each, the log odds that it is one digit, as it lies among the others. `scores` are the candidates' digit
        scores, `confidences` their likeliest digits' probabilities, 0-1.
        """
        chosen, first = [], 0
        for line in self.lines:
            last = first + len(line.candidates)
            best = self._best(line, np.array(scores[first:last]), np.array(confidences[first:last]))
            chosen.append([(first + k, odds) for k, odds in best])
            first = last
        return chosen

    def _best(self, line: Line, scores: Floats, confidences: Floats) -> list[tuple[int, float]]:
        """The best way through a line: once by its candidates alone, and again by the height of the digits on it."""
        tall = np.array([candidate.bounds[3] - candidate.bounds[1] for candidate in line.candidates])
        way, odds, height = [], np.zeros(0), float(np.percentile(tall, 75))
        for _ in range(2):
            odds = features(self, line, scores, confidences, height) @ WEIGHTS + BIAS
            way = max((_way(line, order, odds) for order in line.orders), key=lambda each: each[0])[1]
            height = max(self.pen, float(np.median(tall[way])))
        return [(k, float(odds[k])) for k in way]


# --- how good a candidate is ------------------------------------------------------------------------------------------

# Log odds that a candidate is one digit, whole and alone, by `features`: a logistic regression (L2 of 0.001 on
# standardized features) on the candidates in 660 numbers by the writers p01-p15 of Pendigits, 360 of them as strokes.
BIAS = -0.712
WEIGHTS = np.array([0.391, 0.813, 2.505, -0.778, -3.413, -0.954, -1.215, 0.271, 0.037, 0.058])
FURTHEST = 8.0  # of the log odds of a digit score: beyond, it says nothing more


def features(lattice: Lattice, line: Line, scores: Floats, confidences: Floats, height: float) -> Floats:
    """What the odds of each candidate go by, (n, 10): the network's answer, size, cuts and gaps. `height` of digits."""
    rows = np.zeros((len(line.candidates), len(WEIGHTS)))
    clipped = np.clip(scores, 1e-9, 1 - 1e-9)
    rows[:, 0] = np.clip(np.log(clipped / (1 - clipped)), -FURTHEST, FURTHEST)
    rows[:, 1] = np.log(np.clip(confidences, 0.1, 1))
    bounds = np.array([candidate.bounds for candidate in line.candidates])
    width, tall = bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]
    relative = np.log(np.maximum(tall, lattice.pen) / height)
    rows[:, 2], rows[:, 3] = np.minimum(relative, 0), np.maximum(relative, 0)
    rows[:, 4] = np.maximum(width / height - 0.9, 0)
    bodies: dict[int, list[int]] = {}
    for number in sorted(line.orders[0]):
        bodies.setdefault(lattice.pieces[number].body, []).append(number)
    rows[:, 5:] = [_joints(lattice, bodies, candidate.pieces) for candidate in line.candidates]
    return rows


def _joints(lattice: Lattice, bodies: dict[int, list[int]], own: frozenset[int]) -> list[float]:
    """The ink cut through at a candidate's ends, of how many bodies; the cuts within, the widest gap, more bodies."""
    pieces, outer, inner, cut = lattice.pieces, 0.0, 0.0, 0
    touched = {pieces[number].body for number in own}
    for body in touched:
        members = bodies[body]
        cut += not own.issuperset(members)
        for one, other in pairwise(members):
            if (one in own) != (other in own):
                outer += pieces[other].cut
            elif one in own:
                inner += 1 / (0.5 + pieces[other].cut)
    gap = _widest_gap([pieces[number] for number in own]) / lattice.pen
    return [outer, float(cut), inner, gap, float(len(touched) - 1)]


def _widest_gap(pieces: Sequence[Piece]) -> float:
    """The widest empty column between pieces; 0 where there is none."""
    right, widest = math.inf, 0.0
    for piece in sorted(pieces, key=lambda each: each.bounds[0]):
        widest = max(widest, piece.bounds[0] - right)
        right = max(right, piece.bounds[2]) if right < math.inf else piece.bounds[2]
    return widest


def _way(line: Line, order: Sequence[int], odds: Floats) -> tuple[float, list[int]]:
    """The best sequence of candidates that covers the pieces in this order, and the sum of its log odds."""
    numbers = {candidate.pieces: k for k, candidate in enumerate(line.candidates)}
    longest = max(map(len, numbers))
    best: list[tuple[float, list[int]]] = [(0.0, [])]
    for end in range(1, len(order) + 1):
        ways = []
        for start in range(end - 1, max(0, end - longest) - 1, -1):
            number = numbers.get(frozenset(order[start:end]))
            if number is not None and best[start][0] > -math.inf:
                ways.append((best[start][0] + float(odds[number]), start, number))
        if ways:
            value, start, number = max(ways)
            best.append((value, [*best[start][1], number]))
        else:
            best.append((-math.inf, []))
    return best[-1]
