"""A few digits as pen strokes, how they are painted, and how two frames are compared."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from frames.preprocessing import frame_pixels

Frame = NDArray[np.uint8]
Strokes = list[NDArray[np.float64]]

THREE: Strokes = [np.array([[20, 10], [60, 0], [80, 20], [50, 45], [85, 70], [60, 100], [15, 90]], float)]
FOUR: Strokes = [np.array([[30, 0], [10, 55], [80, 50]], float), np.array([[60, 20], [55, 100]], float)]
ONE: Strokes = [np.array([[50, 0], [50, 100]], float)]
SEVEN: Strokes = [np.array([[10, 5], [75, 0], [40, 100]], float)]
DRAWINGS = {"three": THREE, "four": FOUR, "one": ONE, "seven": SEVEN}


def painted(
    strokes: Strokes, size: int = 280, pen: float = 16, scale: float = 1.5, at: tuple[float, float] = (60, 60)
) -> Frame:
    """The strokes on a white square canvas, black, with a round pen, anti-aliased by drawing at twice the size."""
    big = Image.new("L", (2 * size, 2 * size), 255)
    draw = ImageDraw.Draw(big)
    for stroke in strokes:
        points = [tuple(p) for p in ((stroke * scale + at) * 2).tolist()]
        if len(points) > 1:
            draw.line(points, fill=0, width=max(1, round(2 * pen)))
        for x, y in points:
            draw.ellipse([x - pen, y - pen, x + pen, y + pen], fill=0)
    return np.asarray(big.resize((size, size), Image.Resampling.BOX))


def difference(one: Frame, other: Frame) -> float:
    """The fraction of the ink that differs: 0 for the same frame, 2 for two without a common pixel.

    The least over shifts by up to a pixel: the centre of mass is rounded to whole pixels, so the smallest change may
    move a frame by one.
    """
    shifted = [np.roll(one, (down, right), (0, 1)).astype(int) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    least = min(np.abs(candidate - other).sum() for candidate in shifted)
    return float(least) / max(1.0, float(one.sum() + other.sum()) / 2)


def box_size(frame: Frame) -> tuple[int, int]:
    rows, columns = np.nonzero(frame)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def centre_of_mass(frame: Frame) -> tuple[float, float]:
    grey = frame.astype(float)
    return float(grey.sum(1) @ np.arange(28) / grey.sum()), float(grey.sum(0) @ np.arange(28) / grey.sum())


THREE_FRAME = frame_pixels(painted(THREE))


@st.composite
def drawings(draw: st.DrawFn) -> Strokes:
    """One to three strokes within a square of 100, long enough to have a shape."""
    place = st.tuples(st.integers(0, 100), st.integers(0, 100))
    strokes = draw(st.lists(st.lists(place, min_size=2, max_size=6), min_size=1, max_size=3))
    lines = [np.array(stroke, float) for stroke in strokes]
    lines = [line for line in lines if np.ptp(line, axis=0).max() >= 30] or lines[:1]  # what is short may be a stray
    points = np.concatenate(lines)
    size = float(np.ptp(points, axis=0).max())
    if size < 40:
        lines.append(np.array([[0, 0], [100, 60]], float))
    return lines
