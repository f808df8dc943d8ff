"""Where touching digits may be cut apart: seams from the top of a component to its bottom that cross little ink.

Over-segmentation: all cuts that are worth a thought are given, more than there are digits. Which of them are right is
decided by what is read between them, see `lattice`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from frames.masks import Mask

Floats = NDArray[np.float32]

# Found on numbers by the writers p01-p15 of Pendigits; see `benchmark.py numbers`.
PEN = 4  # pixels: the resolution at which seams are looked for; finer ones take longer and are no better
BANDS = (0.05, 0.12)  # of the component's height: how far a seam may stray from its line
STEP, STRAY = 0.05, 0.02  # pens of ink that a step aside, or a row far from the line by a pen, is worth
APART = 1.5  # pens, squared: the ink between two cuts
THICK, NEAR, JOINT = 0.55, 2.4, 0.3  # pens of depth and width of a joint, and what its ink counts
SLIVER = 2.0  # pens, squared: at least as much ink is on either side of a cut; a one has ten
MOST_INK = 6.0  # pens that a cut may cross
PER_HEIGHT = 8  # cuts in a component as wide as it is high
MOST_ROWS = 256  # at which seams are looked for: higher components are looked at from farther away


class Cut(NamedTuple):
    """A seam: the column where the right part begins, in each row of the component, and the pens of ink crossed."""

    columns: NDArray[np.int64]
    ink: float


def cuts(component: Mask, pen: float) -> list[Cut]:
    """The cuts of one component, from left to right, in its own pixels: (h, w) bool, strokes of `pen` pixels.

    No two of them cross. None for a component that is hardly wider than the pen.
    """
    height, width = component.shape
    if width < 1.6 * pen:
        return []
    scale = _scale(height, pen)
    small = _smaller(_weighted(component, pen), scale)
    found = [cut for band in BANDS for cut in _seams(small, pen * scale, _reach(len(small), band))]
    most = max(1, round(PER_HEIGHT * width / max(height, 3 * pen)))
    chosen = _chosen(found, small, pen * scale, most)
    rows = np.minimum((np.arange(height) * scale).astype(np.int64), small.shape[0] - 1)
    return [Cut(np.round(cut.columns[rows] / scale).astype(np.int64), cut.ink) for cut in chosen]


def steps(height: int, width: int, pen: float) -> float:
    """How many steps of seams are weighed to cut a component of this size: 30 million take a tenth of a second."""
    scale = _scale(height, pen)
    rows = height * scale
    return rows * width * scale * sum(2 * _reach(round(rows), band) + 1 for band in BANDS)


def _scale(height: int, pen: float) -> float:
    return min(1.0, PEN / pen, MOST_ROWS / height)


def _reach(height: int, band: float) -> int:
    return max(1, round(band * height))


def _weighted(component: Mask, pen: float) -> Floats:
    """What it costs a seam to cross each pixel: 1 where there is ink, and less where two strokes lie side by side.

    There the ink is thicker than one pen, and a seam may follow the strokes' common edge down between them.
    """
    padded = np.pad(component.astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    thick = (depth > THICK * pen).astype(np.uint8)
    reach = 2 * round(0.5 * NEAR * pen) + 1
    near = cv2.dilate(thick, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    weights: Floats = np.where(near > 0, np.float32(JOINT), np.float32(1)) * component.astype(np.float32)
    return weights


def _smaller(ink: Floats, scale: float) -> Floats:
    """Ink at a lower resolution, each pixel the mean of those that it stands for."""
    if scale == 1:
        return ink
    size = tuple(max(1, round(side * scale)) for side in ink.shape[::-1])
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32)


def _seams(ink: Floats, pen: float, reach: int) -> list[Cut]:
    """The cheapest seam within `reach` columns of each column, where that is a local minimum among its neighbours."""
    height, width = ink.shape
    offsets = np.arange(-reach, reach + 1)
    # Outside of the component a seam is not forbidden, but it gains nothing there: it would cut nothing.
    padded = np.pad(ink, ((0, 0), (reach, reach))) / pen
    near = np.arange(width)[:, None] + offsets + reach
    stray = (STRAY / pen / pen * np.abs(offsets)).astype(np.float32)
    aside = np.float32(STEP / pen)
    total = padded[0][near] + stray
    came = np.zeros((height, *total.shape), np.int8)
    for row in range(1, height):
        best, way = total.copy(), came[row]
        for step, into, out_of in ((1, np.s_[:, 1:], np.s_[:, :-1]), (-1, np.s_[:, :-1], np.s_[:, 1:])):
            aslant = total[out_of] + aside
            nearer = aslant < best[into]
            best[into][nearer], way[into][nearer] = aslant[nearer], step
        total = best + padded[row][near] + stray
    ends = total.argmin(1)
    cost = total[np.arange(width), ends]
    least = np.flatnonzero((cost <= np.roll(cost, 1)) & (cost <= np.roll(cost, -1)) & (cost < MOST_INK))
    return [_traced(ink, came, int(x), int(ends[x]), offsets, pen) for x in least]


def _traced(ink: Floats, came: NDArray[np.int8], start: int, end: int, offsets: NDArray[np.int64], pen: float) -> Cut:
    """The seam that ends at offset number `end`, traced back from the bottom row to the top one."""
    height, width = ink.shape
    columns, at = np.zeros(height, np.int64), end
    for row in range(height - 1, -1, -1):
        columns[row] = start + offsets[at]
        at -= int(came[row, start, at])
    inside = (columns >= 0) & (columns < width)
    crossed = ink[np.arange(height), columns.clip(0, width - 1)][inside].sum()
    return Cut(columns.clip(0, width), float(crossed) / pen)


def _chosen(found: list[Cut], ink: Floats, pen: float, most: int) -> list[Cut]:
    """The cheapest cuts that have ink between them and on both sides, from left to right."""
    upto = np.pad(ink.cumsum(1), ((0, 0), (1, 0)))  # the ink of each row left of each column
    rows, sliver = np.arange(len(ink)), SLIVER * pen * pen
    chosen: list[Cut] = []
    lefts = np.zeros((min(most, len(found)), len(ink)), np.float32)
    for cut in sorted(found, key=lambda each: each.ink):
        left = upto[rows, cut.columns]
        if min(left.sum(), (upto[:, -1] - left).sum()) < sliver:
            continue
        if (np.abs(lefts[: len(chosen)] - left).sum(1) >= APART * pen * pen).all():
            lefts[len(chosen)] = left
            chosen.append(cut)
            if len(chosen) == most:
                break
    chosen.sort(key=lambda each: float(each.columns.mean()))
    for one, other in pairwise(chosen):
        np.maximum(one.columns, other.columns, out=other.columns)
    return chosen
