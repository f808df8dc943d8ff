"""Lines of writing: which of the boxes in a picture stand beside each other, on lines that may slope."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEEPEST = 12  # degrees a line may slope
SMALL = 0.45  # of the height of digits: what is lower is a part of one, such as the bar of a 5
PITCH = 0.55  # of the height of digits: neighbours on one line are less apart, from middle to middle, lines are more
PER_LINE, PER_DEGREE = 0.5, 0.005  # squared heights that one more line, or a steeper slope, has to explain


def lines_of(boxes: Floats) -> list[list[int]]:
    """The numbers of the boxes on each line, the lines from top to bottom.

    `boxes` are (n, 4): left, top, right, bottom, y pointing down. All lines slope alike, by at most STEEPEST degrees.
    """
    heights = boxes[:, 3] - boxes[:, 1]
    height = float(np.percentile(heights, 75))
    tall = np.flatnonzero(heights >= SMALL * height)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    slopes = sorted(range(-STEEPEST, STEEPEST + 1), key=abs)
    numbers = min((_grouped(middles[tall], slope, height) for slope in slopes), key=lambda each: each[0])[1]
    lines: list[list[int]] = [tall[numbers == k].tolist() for k in range(int(numbers.max()) + 1)]
    line_of = dict(zip(tall.tolist(), numbers.tolist(), strict=True))
    for low in np.flatnonzero(heights < SMALL * height).tolist():
        nearest = int(tall[_distances(boxes[low], boxes[tall]).argmin()])
        lines[line_of[nearest]].append(low)
    return lines


def _grouped(middles: Floats, slope: int, height: float) -> tuple[float, NDArray[np.int64]]:
    """What it costs to have lines of this slope in degrees, and the number of each box's line from the top."""
    down = (middles[:, 1] - math.tan(math.radians(slope)) * middles[:, 0]) / height
    order = np.argsort(down)
    breaks = np.diff(down[order]) > PITCH
    numbers = np.zeros(len(down), np.int64)
    numbers[order[1:]] = np.cumsum(breaks)
    count = int(numbers.max()) + 1
    means = np.bincount(numbers, down) / np.bincount(numbers)
    return float(((down - means[numbers]) ** 2).sum()) + PER_LINE * count + PER_DEGREE * abs(slope), numbers


def _distances(box: Floats, others: Floats) -> Floats:
    """From a box to each of the (n, 4) others: 0 where they overlap."""
    across = np.maximum(np.maximum(others[:, 0] - box[2], box[0] - others[:, 2]), 0)
    down = np.maximum(np.maximum(others[:, 1] - box[3], box[1] - others[:, 3]), 0)
    distances: Floats = np.hypot(across, down)
    return distances
