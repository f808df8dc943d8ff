"""A drawing, ready to be read and kept: its frame, how its ink was drawn, and its pen strokes where there are any."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frames.ink import Ink, find_ink
from frames.masks import NoInk, Pixels, pen_width
from frames.preprocessing import frame_ink, frame_strokes, length, to_png
from frames.reducing import WORK_SIDE

MAX_STROKES, MAX_STROKE_POINTS = 200, 2_000  # that are kept of a drawing; a hand draws a few hundred points
FARTHEST = 10_000  # canvas pixels: what a hostile canvas says to lie beyond is kept there
SPACING = 2.0  # canvas pixels between two points that are kept
SAMPLED = 64  # pixels a side: as many as the mean width of a pen needs, and a tenth of the time
PLACES = np.arange(WORK_SIDE, dtype=np.float32)
STEEPEST = 89.0  # degrees: a line that lies flat has no slant that could be measured


class Measures(NamedTuple):
    """How ink was drawn, before it was framed."""

    pen_width: float
    """The mean width of the strokes, as a fraction of the ink's longer side."""
    size: float
    """The ink's longer side, as a fraction of the picture's or canvas's longer side."""
    slant: float
    """Degrees from upright, -89 to 89, positive where the strokes lean to the right."""


@dataclass(frozen=True)
class Drawing:
    """A frame, (28, 28) uint8, and what else is known of a drawing.

    `strokes` are JSON, see strokes_json; `canvas` is what they were drawn on, its side and the pen's width in pixels.
    `alternatives` are what may be meant instead, the likeliest first: a picture's, with or without a line in doubt.
    """

    frame: Pixels
    measures: Measures | None = None
    strokes: str | None = None
    canvas: tuple[int, float] | None = None
    alternatives: tuple[Drawing, ...] = ()

    @cached_property
    def png(self) -> bytes:
        """The frame as a PNG."""
        return to_png(self.frame)


def from_picture(image: Image.Image | NDArray[Any]) -> Drawing:
    """The drawing in a picture. Takes and raises what `ink.find_ink` does."""
    return from_ink(find_ink(image))


def from_ink(ink: Ink) -> Drawing:
    """The drawing of ink that was found in a picture, with an alternative for each of the ink's others, in order."""
    return Drawing(frame_ink(ink.pixels), measure_ink(ink), alternatives=tuple(map(from_ink, ink.others)))


def from_strokes(strokes: Sequence[NDArray[Any]], canvas: int, pen: float) -> Drawing:
    """The drawing of pen strokes on a square canvas of `canvas` pixels with a pen of `pen` pixels.

    Takes and raises what `preprocessing.frame_strokes` does. What lies outside the canvas is not seen, and not read.
    """
    seen = within(strokes, canvas, pen)
    return Drawing(frame_strokes(seen), measure_strokes(seen, canvas, pen), strokes_json(strokes), (canvas, pen))


def within(strokes: Sequence[NDArray[Any]], canvas: int | tuple[int, int], pen: float) -> Sequence[NDArray[Any]]:
    """Pen strokes without their lines outside a canvas, a square one or (width, height); these cut a stroke in two.

    A line with one end inside is kept whole. Raises NoInk where all lies outside.
    """
    inside: list[NDArray[np.bool_]] = [
        np.all((points >= -pen / 2) & (points <= np.asarray(canvas) + pen / 2), axis=1) for points in strokes
    ]
    if all(each.all() for each in inside):
        return strokes
    parts: list[NDArray[Any]] = []
    for points, seen in zip(strokes, inside, strict=True):
        cuts = np.flatnonzero(~(seen[:-1] | seen[1:])) + 1  # lines of which neither end is inside
        runs = zip(np.split(points, cuts), np.split(seen, cuts), strict=True)
        parts += [run for run, is_seen in runs if np.any(is_seen)]
    if not parts:
        raise NoInk
    return parts


# --- Measures ---------------------------------------------------------------------------------------------------------


def measure_ink(ink: Ink) -> Measures:
    """The measures of a picture's ink, sampled to about SAMPLED pixels a side."""
    step = max(1, max(ink.pixels.shape) // SAMPLED)
    pixels = ink.pixels[::step, ::step]
    if not pixels.any():  # fine dots can lie between all samples
        pixels = ink.pixels
    width = pen_width(pixels > pixels.max() // 2) / max(pixels.shape)
    weights = pixels.astype(np.float32)
    height, breadth = weights.shape
    x, y = PLACES[:breadth], PLACES[:height]
    along, of_rows = weights @ x, weights.sum(1)
    total = float(of_rows.sum())
    down = float(of_rows @ y) / total
    covariance = float(along @ y) - float(along.sum()) * down
    slant = _slant(covariance, float(of_rows @ (y * y)) - total * down * down)
    return Measures(min(1.0, width), min(1.0, max(ink.pixels.shape) / ink.side), slant)


def measure_strokes(strokes: Sequence[NDArray[Any]], canvas: int, pen: float) -> Measures:
    """The measures of pen strokes, at least one point, on a square canvas; `canvas` and `pen` in pixels."""
    points = np.concatenate([np.asarray(stroke, np.float64) for stroke in strokes])
    x, y = (points - points.mean(0)).T
    longer = float(np.ptp(points, axis=0).max()) + pen
    return Measures(pen / longer, min(1.0, longer / canvas), _slant(float(x @ y), float(y @ y)))


def _slant(covariance: float, variance: float) -> float:
    """Degrees from upright, of the central moments xy and yy, y pointing down (as deslanting MNIST does it)."""
    if variance <= 0:
        return 0.0
    return max(-STEEPEST, min(STEEPEST, math.degrees(math.atan2(-covariance, variance))))


# --- Strokes ----------------------------------------------------------------------------------------------------------


def strokes_json(strokes: Sequence[NDArray[Any]]) -> str:
    """Pen strokes as JSON: a list of strokes of [x, y], canvas pixels rounded to tenths, y pointing down.

    The points kept are SPACING pixels apart, or farther where there would be more than MAX_STROKE_POINTS.
    """
    lines = [np.asarray(stroke, np.float64).clip(-FARTHEST, FARTHEST) for stroke in strokes[:MAX_STROKES]]
    spacing = max(SPACING, sum(map(length, lines)) / (MAX_STROKE_POINTS - 2 * MAX_STROKES))
    return json.dumps([np.round(_thinned(line, spacing), 1).tolist() for line in lines], separators=(",", ":"))


def _thinned(line: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """The points of a line that are about `spacing` apart along it, and both ends."""
    steps = np.hypot(*np.diff(line, axis=0).T).cumsum() // spacing
    kept = np.concatenate([[True], np.diff(steps, prepend=0.0) > 0])
    kept[-1] = True
    thinned: NDArray[np.float64] = line[kept]
    return thinned
