"""The frame: from ink or pen strokes to the 1x28x28 tensor, as MNIST's digits were placed in theirs.

The MNIST digits were cropped to their ink, scaled into a 20x20 box with the aspect ratio kept, anti-aliased, and placed
in 28x28 with the centre of mass at the centre (LeCun, Cortes, Burges: "The MNIST database of handwritten digits").
A network trained on them reads other people's drawings only after the same treatment; a canvas resized straight to
28x28 looks like nothing it has ever seen.

There are two ways into the frame. Pixels (uploads, camera, HTTP): `images.decode` reads the bytes, and `frame_pixels`
finds what is drawn (`ink.ink_of`) and fits it. Pen strokes (the canvas): `canvas.strokes_of` reads the canvas's JSON,
and `frame_strokes` draws them again. Both end in a frame, (28, 28) uint8 with 0 for paper and 255 for full ink;
`to_tensor` makes it what the networks take.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frames.images import NotAnImage, decode
from frames.ink import BOX, ink_of
from frames.masks import NoInk, Pixels, bounding_box, pen_width

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float64]

FRAME = 28  # pixels of MNIST's frame, each way
# MNIST shifts by whole pixels until the centre of mass, in pixel indices, rounds to 14 both ways: true of all 60,000
# training digits (13.5, the middle of 0..27, is true of a quarter of them).
CENTRE = 14
# The mean width of MNIST's strokes in pixels of the frame, 2 * area / outline length over the training digits; the
# middle 90 % lie between 1.7 and 3.8.
MNIST_PEN = 2.5
THINNEST_PEN = 1.7  # strokes thinner than this in the frame, as few of MNIST's are, are thickened to it
# How far the width that is measured in the box may be too large: it misses no pen that lacks more than a thirtieth of a
# pixel, and spares a canvas's own pen the other measurement four times in five.
WIDTH_ERROR = 1.08

# Drawings have sharper edges than MNIST's scans, and networks are trained on softer ones still (see networks.Soften).
# With this fraction of each pixel's ink given to its neighbours, along each axis, people's drawings are read best.
SOFTNESS = 0.35
# The width of ink's edges in pixels of the frame, up to which it is softened in full, and from which on not at all. A
# canvas's edges are 0.1 wide, those of MNIST's digits 1.5, however much they are enlarged.
SHARP_EDGE, SOFT_EDGE = 0.5, 1.3

MAX_POINTS = 400_000  # of a drawing; a canvas may send a quarter as many, and curves become four points each
MAX_SAMPLES = 4_000  # points of a drawing in the frame, which bounds the cost of the longest scribble
# Ink grows by the first and the second in turn: a dot becomes an octagon.
NEIGHBOURS = [cv2.getStructuringElement(shape, (3, 3)) for shape in (cv2.MORPH_CROSS, cv2.MORPH_RECT)]
PIXEL_CENTRES = np.arange(BOX, dtype=np.float32) + np.float32(0.5)  # along one side of the box


# --- ink -> frame -----------------------------------------------------------------------------------------------------


def frame_pixels(image: Image.Image | NDArray[Any], softness: float = SOFTNESS) -> Pixels:
    """A picture of one digit in MNIST's frame: (28, 28) uint8, 0 paper, 255 full ink.

    Ink that has to be scaled is softened by `softness` (0-1), or by less where it is soft already; ink as large as
    MNIST's digits stays as it is.
    Takes and raises what `ink_of` does: a Pillow image of any mode or an array; NoInk where nothing is drawn.
    """
    return frame_ink(ink_of(image), softness)


def frame_ink(ink: Pixels, softness: float = SOFTNESS) -> Pixels:
    """Cropped ink, (h, w) uint8, scaled into the 20x20 box and placed in the frame; see frame_pixels."""
    side = max(ink.shape)
    if BOX - 1 <= side <= BOX:
        return _centred(_full_ink(ink))
    if side < BOX:
        return _softened(_centred(_full_ink(_scaled(ink, Image.Resampling.BICUBIC))), softness)
    small = _scaled(ink, Image.Resampling.BOX)
    edges = _edges(small)
    width = _edge_width(ink, edges)
    if width > SHARP_EDGE:
        softness *= max(0.0, (SOFT_EDGE - width) / (SOFT_EDGE - SHARP_EDGE))
        ink = _without_fringe(ink, width)
        small = _scaled(ink, Image.Resampling.BOX)
        edges = _edges(small)
    if _may_be_thin(small, edges):
        thick = _thickened(ink)
        small = small if thick is ink else _scaled(thick, Image.Resampling.BOX)
    return _softened(_centred(_full_ink(small)), softness)


def _scaled(ink: Pixels, filter_: Image.Resampling) -> Pixels:
    """Ink scaled into (20, 20): squared first, so that its aspect ratio stays exact however narrow it is."""
    height, width = ink.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    bottom, right = side - height - top, side - width - left
    square = cv2.copyMakeBorder(ink, top, bottom, left, right, cv2.BORDER_CONSTANT)
    return np.asarray(Image.fromarray(square).resize((BOX, BOX), filter_))


def _edges(small: Pixels) -> int:
    """How much ink there is from each pixel of a (20, 20) box to the next: the length of its outline, soft or sharp."""
    grey = cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    return round(cv2.norm(grey[1:], grey[:-1], cv2.NORM_L1) + cv2.norm(grey[:, 1:], grey[:, :-1], cv2.NORM_L1))


def _edge_width(ink: Pixels, edges: int) -> float:
    """How wide the edges of ink will be in the frame, from paper to the darkest, in pixels.

    An edge is as wide as there are grey pixels for each pixel of the outline; four in five are between 10 and 90 %.
    """
    peak = int(ink.max())
    rows = ink[::2]  # every second tells as much
    grey = 2 * cv2.countNonZero(cv2.inRange(rows, peak // 10, peak - peak // 10))
    width: float = grey / 0.8 / max(1.0, math.pi / 4 * edges / max(1, peak)) * (BOX / max(ink.shape)) ** 2
    return width


def _without_fringe(ink: Pixels, edge_width: float) -> Pixels:
    """Soft ink cropped to where its edges are half as dark as its darkest, as in MNIST's box: (h, w) uint8.

    At most half the width of an edge is cut off on each side, so that a fainter stroke stays.
    """
    height, width = ink.shape
    side = max(height, width)
    fringe = min(int(edge_width / 2 * side / BOX), (side - BOX) // 2)
    rows, columns = bounding_box(ink > int(ink.max()) // 2)
    return ink[
        min(rows.start, fringe) : max(rows.stop, height - fringe),
        min(columns.start, fringe) : max(columns.stop, width - fringe),
    ]


def _may_be_thin(small: Pixels, edges: int) -> bool:
    """Whether a (20, 20) box may hold strokes thinner than THINNEST_PEN: they are faint there, or nearly all edge."""
    return bool(small.max() < 200 or 8 / math.pi * int(small.sum()) < WIDTH_ERROR * THINNEST_PEN * edges)


def _thickened(ink: Pixels) -> Pixels:
    """Ink whose strokes are at least THINNEST_PEN wide once it is in the frame: (h, w) uint8.

    Thickening comes before the reduction: a one-pixel line of a large canvas is next to nothing after it.
    """
    coarse = _reduced(ink)
    width = pen_width(coarse > coarse.max() // 2)
    # The box grows with the pen: (width + 2 r) / (side + 2 r) = THINNEST_PEN / BOX.
    radius = (THINNEST_PEN / BOX * max(coarse.shape) - width) / (2 - 2 * THINNEST_PEN / BOX)
    return _dilated(coarse, radius) if radius > 0 else ink


def _reduced(ink: Pixels) -> Pixels:
    """Ink at about four times the box's resolution, if it is larger."""
    step = max(1, max(ink.shape) // (4 * BOX))
    if step == 1:
        return ink
    if pen_width(ink > ink.max() // 2) < 2 * step:
        return _block_maximum(ink, step)  # a mean would leave a thin line blotched, by how it falls on the blocks
    return np.asarray(Image.fromarray(ink).reduce(step))


def _block_maximum(ink: Pixels, step: int) -> Pixels:
    """The strongest ink of each step x step block."""
    tall = np.maximum.reduceat(ink, np.arange(0, ink.shape[0], step), axis=0)
    return np.maximum.reduceat(tall, np.arange(0, ink.shape[1], step), axis=1)


def _dilated(ink: Pixels, radius: float) -> Pixels:
    """Ink grown by `radius` pixels, above 0, on every side; a fraction of a pixel becomes a grey edge."""
    rounds = math.ceil(radius)
    grown = cv2.copyMakeBorder(ink, rounds, rounds, rounds, rounds, cv2.BORDER_CONSTANT)
    for turn in range(rounds - 1):
        grown = cv2.dilate(grown, NEIGHBOURS[turn % 2])
    last = cv2.dilate(grown, NEIGHBOURS[(rounds - 1) % 2])
    fraction = radius - (rounds - 1)
    thick: Pixels = (grown + (last - grown) * fraction + 0.5).astype(np.uint8)
    return thick


def _full_ink(small: Pixels) -> Pixels:
    """Ink scaled to end at full ink, as in nine of ten MNIST digits (255; the others end at 254)."""
    peak = int(small.max())
    if peak >= 250:
        return small
    if not peak:
        raise NoInk
    return (small * (255.0 / peak) + 0.5).astype(np.uint8)


def _centred(small: Pixels) -> Pixels:
    """Ink of at most 20x20 moved into the frame by whole pixels, centre of mass at CENTRE, nothing cut off."""
    rows, columns = bounding_box(small)
    moments = cv2.moments(small)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    y, x = moments["m01"] / moments["m00"] - rows.start, moments["m10"] / moments["m00"] - columns.start
    top = min(max(round(CENTRE - y), 0), FRAME - height)
    left = min(max(round(CENTRE - x), 0), FRAME - width)
    frame = np.zeros((FRAME, FRAME), np.uint8)
    frame[top : top + height, left : left + width] = small[rows, columns]
    return frame


def _softened(frame: Pixels, softness: float) -> Pixels:
    """A frame with the fraction `softness` (0-1) of each pixel's ink given to its neighbours, along each axis."""
    kernel = np.array((softness / 2, 1 - softness, softness / 2), np.float32)
    ink = cv2.sepFilter2D(frame, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_CONSTANT)
    return _full_ink((ink + np.float32(0.5)).astype(np.uint8))


# --- pen strokes -> frame ---------------------------------------------------------------------------------------------


def frame_strokes(strokes: Sequence[NDArray[Any]], pen: float = MNIST_PEN, softness: float = SOFTNESS) -> Pixels:
    """Pen strokes drawn again in MNIST's frame, with MNIST's own pen: (28, 28) uint8, 0 paper, 255 full ink.

    `strokes` are (n, 2) arrays of x, y in canvas pixels, y pointing down; one point is a dot. `pen` is the width in
    pixels of the frame, above 0 and at most BOX; `softness` as in frame_pixels. The brush and the size used on the
    canvas make no difference.

    Raises NoInk where there is no point, ValueError for other shapes, pens or too many points.
    """
    if not 0 < pen <= BOX:
        raise ValueError(f"A pen is between 0 and {BOX} pixels wide.")
    lines = _in_box(_finite_lines(strokes), pen)
    step = max(0.25, sum(map(length, lines)) / MAX_SAMPLES)
    samples = np.concatenate([_sampled(line, step) for line in lines]).astype(np.float32)
    cover = np.clip(pen / 2 + 0.5 - _distances(samples), 0, 1)
    return _softened(_centred((cover * 255 + 0.5).astype(np.uint8)), softness)


def _finite_lines(strokes: Sequence[NDArray[Any]]) -> list[Floats]:
    """The strokes that have finite points, with these alone; NoInk where there are none, ValueError for too many."""
    lines = [line for line in map(_finite, strokes) if len(line)]
    if not lines:
        raise NoInk
    if sum(map(len, lines)) > MAX_POINTS:
        raise ValueError("This drawing has too many points: clear it and draw one digit.")
    return lines


def _finite(stroke: NDArray[Any]) -> Floats:
    line = np.asarray(stroke, np.float64)
    if line.ndim != 2 or line.shape[1] != 2:
        raise ValueError("A stroke is an array of (n, 2): x and y of n points.")
    return line[(np.abs(line) < 1e12).all(1)]


def _in_box(lines: list[Floats], pen: float) -> list[Floats]:
    """Lines scaled and moved so that, drawn with this pen, they fill the 20x20 box."""
    points = np.concatenate(lines)
    middle, size = (points.min(0) + points.max(0)) / 2, float(np.ptp(points, axis=0).max())
    # A click leaves a stroke of a fraction of a pixel; blown up to the box it would be a bar.
    scale = (BOX - pen) / size if size >= 2 else 0.0
    return [(line - middle) * scale + BOX / 2 for line in lines]


def length(line: Floats) -> float:
    """The length of a line of (n, 2) points."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _sampled(line: Floats, step: float) -> Floats:
    """Points along a line, at most `step` apart: (m, 2)."""
    lengths = np.zeros(len(line))
    np.hypot(*np.diff(line, axis=0).T).cumsum(out=lengths[1:])
    at = np.linspace(0, lengths[-1], math.ceil(lengths[-1] / step) + 1)
    return np.stack([np.interp(at, lengths, line[:, 0]), np.interp(at, lengths, line[:, 1])], axis=1)


def _distances(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """From the centre of each pixel of the box to the nearest of the (m, 2) points: (20, 20).

    With points a quarter of a pixel apart the edge of the pen is a hundredth of a pixel off, so nothing need be
    projected onto segments.
    """
    nearest = np.full((BOX, BOX), np.inf, np.float32)
    for first in range(0, len(samples), 256):
        part = samples[first : first + 256]
        x, y = ((PIXEL_CENTRES[:, None] - part[:, k]) ** 2 for k in (0, 1))
        nearest = np.minimum(nearest, (y[:, None, :] + x[None, :, :]).min(2))
    return np.sqrt(nearest)


# --- the frame, in and out --------------------------------------------------------------------------------------------


def to_tensor(frame: NDArray[np.uint8]) -> torch.Tensor:
    """Frames, (28, 28) or (N, 28, 28) uint8, as the networks take them: (N, 1, 28, 28) float32, 0 paper, 1 full ink."""
    # Torch takes a second to import, and a frame is useful without it.
    import torch

    return torch.from_numpy(frame.astype(np.float32) / np.float32(255)).reshape(-1, 1, FRAME, FRAME)


def to_png(frame: NDArray[np.uint8]) -> bytes:
    """A frame, (28, 28) uint8, as the bytes of a greyscale PNG."""
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "PNG", compress_level=1)  # 5 % larger, in a fifth less time
    return buffer.getvalue()


def from_png(data: bytes) -> Pixels:
    """The frame, (28, 28) uint8, that `to_png` wrote; NotAnImage for a picture of another kind or size."""
    image = decode(data)
    if image.mode != "L" or image.size != (FRAME, FRAME):
        raise NotAnImage("This is not a frame of 28x28 grey pixels.")
    return np.array(image)
