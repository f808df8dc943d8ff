"""Photograph or scan -> ink: what is drawn on paper, separated from light, shadows and grain."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from frames.masks import Cropped, Mask, NoInk, Pixels, border, bounding_box, crop, drawn, pen_width, without_dust

WORK_SIDE = 256  # pixels; larger photographs are reduced to this
MIN_CONTRAST = 24  # grey levels, of 255, between paper and ink: light alone makes some


def photographed_ink(pixels: Pixels) -> Cropped:
    """The ink of a photograph or scan, cropped: 0 where the paper is, whatever light falls on it.

    `pixels` are (H, W) grey or (H, W, 4) RGBA, opaque; ink and corner come back at WORK_SIDE's resolution.

    Raises NoInk where nothing stands out from the noise.
    """
    grey = _median3(np.asarray(Image.fromarray(pixels).convert("L").reduce(reduction(pixels.shape[:2]))))
    return _dark_strokes(grey if _is_dark_on_light(grey) else 255 - grey)


def reduction(shape: tuple[int, ...]) -> int:
    """How many times a photograph of (H, W) is reduced, each way."""
    return max(1, math.ceil(max(shape) / WORK_SIDE))


def _median3(grey: Pixels) -> Pixels:
    """The median of three neighbours along each row and then each column: removes grain, keeps edges."""
    for axis in (0, 1):
        rows = np.pad(np.moveaxis(grey, axis, 0), ((1, 1), (0, 0)), mode="edge")
        a, b, c = rows[:-2], rows[1:-1], rows[2:]
        middle = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
        grey = np.ascontiguousarray(np.moveaxis(middle, 0, axis))
    return grey


def _is_dark_on_light(grey: Pixels) -> bool:
    """Whether the strokes are darker than the paper.

    Ink is the minority wherever it is, so it is farther from its surroundings' mean than the paper is, and the third
    moment has its sign. The two sides of a shadow's edge weigh the same.
    """
    around = Image.fromarray(grey).filter(ImageFilter.BoxBlur(max(grey.shape) // 8))
    difference = grey.astype(np.float32) - np.asarray(around)
    return float((difference**3).sum()) <= 0


def _dark_strokes(grey: Pixels) -> Cropped:
    """The strokes darker than the paper around them, cropped; NoInk where there are none.

    First through a window wider than any pen, then through one just wide enough for this pen, which follows the paper
    more closely.
    """
    window = max(grey.shape) // 4
    ink = _ink_of_darkness(_darkness(grey, window))
    narrow = max(9, math.ceil(3 * pen_width(ink > 127)))
    if narrow < window // 2:
        ink = _ink_of_darkness(_darkness(grey, narrow))
    return crop(ink, *bounding_box(without_dust(drawn(ink))))


def _darkness(grey: Pixels, window: int) -> NDArray[np.float32]:
    """How much darker each pixel is than the paper around it, in grey levels; the median is 0.

    A closing (Serra) by a square of `window` pixels, wider than any stroke, fills the strokes in and leaves the paper
    as it is, the edges of shadows included, which a local mean would blur into strokes.
    """
    paper = _running(_running(grey, window, np.maximum), window, np.minimum)
    darkness = paper.astype(np.float32) - grey
    darkness -= np.median(darkness)
    return darkness


def _running(grey: Pixels, window: int, extreme: np.ufunc) -> Pixels:
    """The maximum or minimum (`extreme`) over a square of about `window` pixels around each pixel."""
    half = window // 2
    for axis in (0, 1):
        rows = np.pad(np.moveaxis(grey, axis, 0), ((half, half), (0, 0)), mode="edge")
        size, covered = 2 * half + 1, 1
        while 2 * covered <= size:  # each round doubles how many rows of the picture one row covers
            rows, covered = extreme(rows[:-covered], rows[covered:]), 2 * covered
        if covered < size:
            rows = extreme(rows[: covered - size], rows[size - covered :])
        grey = np.moveaxis(rows, 0, axis)
    return grey


def _ink_of_darkness(darkness: NDArray[np.float32]) -> Pixels:
    """Ink, 0..255, of how much darker than its paper each pixel is; NoInk where that is nothing but noise."""
    noise = max(1.0, 1.4826 * float(np.median(np.abs(darkness))))
    peak = float(np.sort(darkness, axis=None)[-max(8, darkness.size // 500) :].mean())
    if peak < max(MIN_CONTRAST, 8 * noise):
        raise NoInk
    low = max(3 * noise, 0.25 * peak)
    ink: Pixels = (np.clip((darkness - low) / (0.65 * peak - low), 0, 1) * 255).astype(np.uint8)
    ink[~_drawing(drawn(ink))] = 0
    return ink


def _drawing(mask: Mask) -> Mask:
    """The part of a photograph's mask that is the drawing: no grain, no edge of the table. Same shape."""
    step = max(1, max(mask.shape) // 64)
    counts = _block_counts(mask, step)
    labels = _components(counts > 0)
    sizes = np.bincount(labels.ravel(), counts.ravel())
    sizes[0] = 0
    inner = sizes.copy()
    inner[np.unique(border(labels))] = 0
    if inner.max() > 0.05 * sizes.max():
        sizes = inner
    keep = sizes > 0.04 * sizes.max()
    fine: Mask = keep[labels].repeat(step, 0).repeat(step, 1)
    return fine[: mask.shape[0], : mask.shape[1]]


def _block_counts(mask: Mask, step: int) -> NDArray[np.int64]:
    """How many pixels of each step x step block are true."""
    rows, columns = (math.ceil(n / step) for n in mask.shape)
    whole = np.zeros((rows * step, columns * step), np.bool_)
    whole[: mask.shape[0], : mask.shape[1]] = mask
    counts: NDArray[np.int64] = whole.reshape(rows, step, columns, step).sum((1, 3))
    return counts


def _components(mask: Mask) -> NDArray[np.int64]:
    """A number from 1 for each connected component (8 neighbours) of a small mask; 0 elsewhere. Same shape."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        padded = np.pad(labels, 1)
        across = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
        largest = np.maximum(np.maximum(across[:, :-2], across[:, 1:-1]), across[:, 2:])
        spread = np.where(mask, largest, 0)
        if np.array_equal(spread, labels):
            return labels
        labels = spread
