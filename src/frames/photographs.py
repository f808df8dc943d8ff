"""Photograph or scan -> ink: what is drawn on paper, separated from light, shadows and grain."""

from __future__ import annotations

import math
from contextlib import suppress

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from frames.masks import Cropped, NoInk, Pixels, bounding_box, crop, drawn, pen_width
from frames.paper import ONE_DIGIT, Sought, versions

PAPER = 40  # per cent of a photograph are paper at least, and half of these lighter than its mean
MIN_CONTRAST = 24  # grey levels, of 255, between paper and ink: light alone makes some


def photographed_ink(pixels: Pixels, sought: Sought = ONE_DIGIT) -> list[Cropped]:
    """The ink of a photograph or scan, cropped: 0 where the paper is, whatever light falls on it; the likeliest first.

    `pixels` are (H, W) grey or (H, W, 4) RGBA, opaque; ink and corner come back reduced to `sought.side`.

    Raises NoInk where nothing stands out from the noise.
    """
    small = Image.fromarray(pixels).convert("L").reduce(reduction(pixels.shape[:2], sought.side))
    grey = _without_grain(np.asarray(small))
    found = _strokes(grey, sought)
    if not found and 2 * grey.shape[1] <= grey.shape[0]:  # of a one, cut out along its edges, little paper may be left
        margin = grey.shape[0] // 4
        wider = cv2.copyMakeBorder(grey, 0, 0, margin, margin, cv2.BORDER_REPLICATE)
        found = [each._replace(left=max(0, each.left - margin)) for each in _strokes(np.asarray(wider), sought)]
    if not found:
        raise NoInk
    return found


def _without_grain(grey: Pixels) -> Pixels:
    """A photograph without single pixels that are lighter or darker than all around them, and a little smoother.

    A median would take lines of one pixel along wherever they lie on one row, and what is left would be strokes.
    """
    around = np.ones((3, 3), np.uint8)
    around[1, 1] = 0
    despeckled = np.clip(grey, cv2.erode(grey, around), cv2.dilate(grey, around))
    return np.asarray(cv2.GaussianBlur(despeckled, (3, 3), 0.5), np.uint8)


def _strokes(grey: Pixels, sought: Sought) -> list[Cropped]:
    """The strokes in a photograph; none where nothing stands out from the noise."""
    # A frame may weigh more than all strokes, and of a picture without a margin there is not much more than strokes.
    inside = _is_dark_on_light(_inner(grey))
    found: list[Cropped] = []
    for dark in dict.fromkeys([inside, _is_dark_on_light(grey)]):
        with suppress(NoInk):
            found += _dark_strokes(grey if dark else 255 - grey, sought)
    return found


def _inner(grey: Pixels) -> Pixels:
    """The picture without an eighth of its shorter side along each border."""
    margin = min(grey.shape) // 8
    return np.ascontiguousarray(grey[margin : grey.shape[0] - margin, margin : grey.shape[1] - margin])


def reduction(shape: tuple[int, ...], side: int = ONE_DIGIT.side) -> int:
    """How many times a photograph of (H, W) is reduced, each way, to be at most `side` pixels a side."""
    return max(1, math.ceil(max(shape) / side))


def _is_dark_on_light(grey: Pixels) -> bool:
    """Whether the strokes are darker than the paper.

    Ink is the minority wherever it is, so it is farther from its surroundings' mean than the paper is, and the third
    moment has its sign. The two sides of a shadow's edge weigh the same.
    """
    around = Image.fromarray(grey).filter(ImageFilter.BoxBlur(max(grey.shape) // 8))
    difference = grey.astype(np.float32) - np.asarray(around)
    return float((difference**3).sum()) <= 0


def _dark_strokes(grey: Pixels, sought: Sought) -> list[Cropped]:
    """The strokes darker than the paper around them, cropped; NoInk where there are none.

    First through a window wider than any pen, then through one just wide enough for this pen, which follows the paper
    more closely.
    """
    window = max(9, max(grey.shape) // 4)
    darkness = _darkness(grey, window)
    noise = _noise(darkness)
    found = versions(_traces(darkness), _low(darkness, noise), sought)
    narrow = max(9, math.ceil(3 * pen_width(found[0] > 0.4 * found[0].max())))
    if narrow < window // 2:
        darkness = _darkness(grey, narrow)
        noise = _noise(darkness)
        found = versions(_traces(darkness), _low(darkness, noise), sought)
    inks = [ink for each in found if (ink := _ink(each, noise)) is not None]
    if not inks:
        raise NoInk
    return [crop(ink, *bounding_box(drawn(ink))) for ink in inks]


def _traces(darkness: NDArray[np.float32]) -> Pixels:
    traces: Pixels = darkness.clip(0, 255).astype(np.uint8)
    return traces


def _low(darkness: NDArray[np.float32], noise: float) -> int:
    return max(8, round(3.5 * noise), round(0.12 * float(np.percentile(darkness, 99.5))))


def _darkness(grey: Pixels, window: int) -> NDArray[np.float32]:
    """How much darker each pixel is than the paper around it, in grey levels; the paper's is 0.

    A closing (Serra) by a square of `window` pixels, wider than any stroke, fills the strokes in and leaves the paper
    as it is, the edges of shadows included, which a local mean would blur into strokes.
    """
    size = 2 * (window // 2) + 1
    paper = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    darkness = paper.astype(np.float32) - grey
    darkness -= np.percentile(darkness, PAPER)
    return darkness


def _noise(darkness: NDArray[np.float32]) -> float:
    """The standard deviation of the paper's grain in grey levels, at least 1."""
    paper = darkness[darkness <= max(1.0, -2 * float(np.percentile(darkness, 2)))]
    return max(1.0, 1.4826 * float(np.median(np.abs(paper))))


def _ink(traces: Pixels, noise: float) -> Pixels | None:
    """Ink, 0..255, of how much darker than its paper each pixel is; None where that is nothing but noise."""
    peak = float(np.sort(traces, axis=None)[-max(8, traces.size // 500) :].mean())
    if peak < max(MIN_CONTRAST, 8 * noise):
        return None
    low = max(3 * noise, 0.25 * peak)
    ink: Pixels = (np.clip((traces - low) / (0.65 * peak - low), 0, 1) * 255).astype(np.uint8)
    return ink
