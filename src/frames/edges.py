"""What lies beside a sheet of paper: the dark edge of a scan, the table, a frame on the border. Found and taken out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from frames.masks import Mask, Pixels

MAX_DEPTH = 0.25  # of the picture's side
MIN_COVER = 0.35  # of a side that is covered, for the ink along it to be an edge at all
WHOLE = 0.95  # of a side: such an edge is no stroke


class Edges(NamedTuple):
    """Ink without what lies along the picture's border, and whether each side that was cleared was surely no stroke."""

    ink: Pixels
    sides: int
    sure: bool


def without_edges(ink: Pixels, low: int) -> Edges:
    """Ink, (h, w) uint8, without straight bands along its four sides; what is above `low` counts as drawn."""
    cleared, sides, sure = ink, 0, True
    for turn in range(4):
        turned = np.rot90(cleared, turn)
        if np.count_nonzero(turned[0] > low) < MIN_COVER * turned.shape[1]:
            continue
        band = _band(turned > low)
        if band is None:
            continue
        mask, whole = band
        cleared = np.rot90(np.where(mask, np.uint8(0), turned), -turn)
        sides, sure = sides + 1, sure and whole
    return Edges(np.ascontiguousarray(cleared), sides, sure)


def _band(mask: Mask) -> tuple[Mask, bool] | None:
    """The band along the upper side, and whether it runs along all of it; None where there is none."""
    height, width = mask.shape
    depth = np.where(mask.all(0), height, np.argmin(mask, axis=0))  # of the ink that begins at the border
    places = np.flatnonzero(depth)
    if places.size < MIN_COVER * width:
        return None
    line = _fitted(places, depth[places])
    if line is None:
        return None
    fit = np.polyval(line, np.arange(width))
    slack = max(1.5, 0.006 * height)
    near = (depth > 0) & (np.abs(depth - fit) <= slack)
    if np.count_nonzero(near) < 0.75 * places.size or fit.max() > MAX_DEPTH * height:
        return None
    whole = np.count_nonzero(depth) >= WHOLE * width or bool(np.any(fit[depth == 0] < 1))
    taken = np.where(near, depth, np.minimum(depth, np.ceil(fit + 1).clip(0)))
    return np.arange(height)[:, None] < taken[None, :] + (taken > 0), whole


def _fitted(x: NDArray[np.intp], y: NDArray[np.intp]) -> NDArray[np.float64] | None:
    """The straight line that most of the points are near, as numpy.polyfit gives it; None where they are too few."""
    inliers = np.ones(x.size, np.bool_)
    line = np.array([0.0, float(np.median(y))])
    for _ in range(4):
        distance = np.abs(y - np.polyval(line, x))
        inliers = distance <= max(1.5, float(np.median(distance)))
        if np.count_nonzero(inliers) < 3:
            return None
        line = np.polyfit(x[inliers], y[inliers], 1)
    return line if abs(line[0]) < 0.09 else None
