"""Masks of ink: where something is drawn, how wide its pen is, and which of it is dust."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

# OpenCV starts a thread for each of the host's cores, of which a container may have a share only; and what is looked at
# here is done before they wake.
cv2.setNumThreads(1)

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class NoInk(ValueError):
    """Nothing is drawn: on the canvas, unless the message says where."""

    def __init__(self, message: str = "Nothing is drawn here yet: draw one digit and try again."):
        super().__init__(message)


class Cropped(NamedTuple):
    """Ink, (h, w) uint8, and the row and column that its first pixel had before the crop."""

    pixels: Pixels
    top: int
    left: int


def crop(ink: Pixels, rows: slice, columns: slice) -> Cropped:
    """These rows and columns of ink, as a view."""
    return Cropped(ink[rows, columns], int(rows.start), int(columns.start))


def drawn(ink: Pixels) -> Mask:
    """Where ink, 0 for paper, is more than the faint traces that anti-aliasing, JPEG and grain leave around it."""
    mask: Mask = ink > int(ink.max()) // 10
    return mask


def span(filled: Mask | np.bool_) -> tuple[slice, bool]:
    """From the first to the last true value of a row, and whether any between them is false; NoInk where none is."""
    places = np.flatnonzero(filled)
    if not places.size:
        raise NoInk
    first, last = int(places[0]), int(places[-1]) + 1
    return slice(first, last), last - first > places.size


def bounding_box(ink: Mask | Pixels) -> tuple[slice, slice]:
    """The rows and columns of what is true, or above 0; NoInk where nothing is."""
    left, top, width, height = cv2.boundingRect(ink.view(np.uint8)) if ink.size else (0, 0, 0, 0)
    if not width:
        raise NoInk
    return slice(top, top + height), slice(left, left + width)


def border(pixels: NDArray[Any]) -> NDArray[Any]:
    """The pixels along the four sides of an (H, W) array, one after the other."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def pen_width(mask: Mask) -> float:
    """The mean stroke width of a mask in pixels, 2 * area / outline.

    The outline is counted in pixel edges, which overstates it by 4 / pi on average over all directions (Crofton).
    """
    bits = mask.view(np.uint8)
    outline: float = sum(map(cv2.countNonZero, (bits[0], bits[-1], bits[:, 0], bits[:, -1])))
    outline += cv2.norm(bits[1:], bits[:-1], cv2.NORM_L1) + cv2.norm(bits[:, 1:], bits[:, :-1], cv2.NORM_L1)
    return 8 / math.pi * cv2.countNonZero(bits) / max(1, outline)


BOX, AREA = slice(0, 4), cv2.CC_STAT_AREA


def pieces(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The connected pieces (8 neighbours) of a mask: (h, w) numbers from 1, 0 elsewhere, and (n + 1, 5) measures.

    A row of these is a piece's BOX, its left, top, width and height, and its AREA, in pixels; row 0 is no piece.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return np.asarray(labels, np.int32), np.asarray(stats, np.int32)


def without_isolated_pixels(mask: Mask) -> Mask:
    """A mask without the pixels that have no neighbour, if there are enough of them to be noise."""
    padded = np.pad(mask, 1)
    across = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
    beside = across[:-2] | across[2:] | padded[1:-1, :-2] | padded[1:-1, 2:]
    isolated = np.count_nonzero(mask & ~beside)
    return mask & beside if isolated > 20 else mask


def without_dust(mask: Mask) -> Mask:
    """A mask without the specks that alone would stretch its bounding box.

    Such a speck leaves an empty row or column between itself and the drawing, so projections find it. Dust is smaller
    than any dot of this pen, and there is little of it: a dotted line stays.
    """
    area = np.count_nonzero(mask)
    speck = max(0.4 * pen_width(mask) ** 2, 1e-4 * max(mask.shape) ** 2)
    clean = mask
    for axis in (1, 0, 1):
        keep = _between_large_runs(clean.sum(axis), speck)
        clean = clean & (keep[:, None] if axis == 1 else keep[None, :])
    return clean if np.count_nonzero(clean) > 0.95 * area else mask


def _between_large_runs(counts: NDArray[Any], speck: float) -> Mask:
    """Which rows (or columns) of `counts` ink pixels lie between the first and the last run of more than a speck."""
    starts = np.flatnonzero(np.diff(counts > 0, prepend=False))
    sums = np.add.reduceat(counts, starts)[::2]
    large = np.flatnonzero(sums > speck)
    keep = np.zeros(counts.size, np.bool_)
    if large.size:
        ends = np.append(starts[1::2], counts.size)
        keep[starts[2 * large[0]] : ends[large[-1]]] = True
    return keep
