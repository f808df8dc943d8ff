"""Several digits in one picture, or on one canvas: everything in it that may be a digit, as a lattice.

What is drawn is taken apart further than digits: a picture into its components and these at every plausible cut, a
canvas into its strokes. Runs of neighbouring pieces are put together again, each in a frame of its own, and what the
network says to them decides which of them are the digits (see `lattice`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frames.cuts import cuts, steps
from frames.drawing import Drawing, measure_ink, measure_strokes, strokes_json, within
from frames.ink import Ink, find_ink
from frames.lattice import Bounds, Candidate, Found, Lattice, Line, Piece
from frames.masks import Mask, NoInk, Pixels, bounding_box, crop, drawn, pen_width
from frames.paper import SEVERAL
from frames.preprocessing import frame_ink, frame_strokes
from frames.text_lines import lines_of

MAX_DIGITS = 200  # of one picture
MAX_PIECES = 5 * MAX_DIGITS
MAX_CANDIDATES = 2_500  # each is drawn and read, and 200 digits that touch have 1,500
MAX_STEPS = 150e6  # of seams, half a second; 200 digits that touch need a fifth
MAX_PIXELS = 60e6  # of all candidates, a third of a second; 200 digits that touch need a fifth as well
MOST_IN_DOUBT = 700  # candidates of all ways to take a picture; six digits on squared paper have up to 630
MOST_PIECES, MOST_BODIES = 10, 4  # of one candidate
WIDEST = 1.7  # of a candidate, as a part of the height of digits
SPECK = 0.3  # pens, squared: smaller components are dust

cv2.setNumThreads(1)  # of a small picture each thread would cost more than it does


class TooManyDigits(ValueError):
    """There is more in a picture than MAX_DIGITS digits."""

    def __init__(self) -> None:
        super().__init__(f"There is too much in this picture: send one of at most {MAX_DIGITS} digits.")


# --- Pictures ---------------------------------------------------------------------------------------------------------


def in_picture(image: Image.Image | NDArray[Any], size: tuple[int, int] | None = None) -> Lattice:
    """What may be digits in a picture. Takes and raises what `ink.find_ink` does; TooManyDigits.

    `size` is the width and height of the picture as it was sent, where the image came reduced: boxes are in its pixels.
    """
    ink = find_ink(image, SEVERAL)
    size = size or (ink.picture.shape[1], ink.picture.shape[0])
    scale = _scale(ink, size)
    first = _of_ink(ink, scale, size)
    others, left = [], MOST_IN_DOUBT - len(first.candidates)
    for each in ink.others:
        with suppress(TooManyDigits):  # another way is worth a look, not a refusal or seconds
            others.append(_of_ink(each, scale, size, left))
            left -= len(others[-1].candidates)
    return replace(first, others=tuple(others), whole=lambda: _whole(image, size))


def _scale(ink: Ink, size: tuple[int, int]) -> float:
    """The pixels of a picture of that size, as it was sent, to one of its ink."""
    scale: float = ink.reduced * max(size) / max(ink.picture.shape[:2])
    return scale


def _whole(image: Image.Image | NDArray[Any], size: tuple[int, int]) -> list[Found]:
    """All that is drawn, as one digit, in each version of its ink."""
    try:
        ink = find_ink(image)
    except NoInk:  # what may be a part of several digits is dust beside one
        return []
    return [_found(each, (each.left, each.top), _scale(ink, size)) for each in (ink, *ink.others)]


def _found(ink: Ink, corner: tuple[int, int], scale: float, frame: Pixels | None = None) -> Found:
    """Ink as a drawing of its own, whose left and top are these in the picture; `frame` is its frame, if known."""
    height, width = ink.pixels.shape
    x, y, w, h = (round(each * scale) for each in (*corner, width, height))
    drawing = Drawing(frame_ink(ink.pixels) if frame is None else frame, measure_ink(ink))
    return Found((x, y, max(1, w), max(1, h)), f"{x} {y} {w} {h}", drawing)


def _of_ink(ink: Ink, scale: float, size: tuple[int, int], most: int = MAX_CANDIDATES) -> Lattice:
    """Ink taken apart into at most `most` candidates. Raises TooManyDigits."""
    taken_apart = _Picture(ink, scale)
    return Lattice(taken_apart.pieces, _lines(taken_apart, most), taken_apart.pen, size, taken_apart.find)


class _Picture:
    """Ink taken apart: `labels` has for each of its pixels the number of its piece, from 1."""

    def __init__(self, ink: Ink, scale: float) -> None:
        self.ink, self.scale = ink, scale
        mask = ink.pixels > ink.pixels.max() // 3
        self.pen = max(1.0, pen_width(mask))
        self.pieces: list[Piece] = []
        self.labels = np.zeros(mask.shape, np.int32)
        bodies, boxes = _bodies(mask, self.pen)
        sizes = (boxes[:, 2:] - boxes[:, :2]).tolist()
        if sum(steps(height, width, self.pen) for width, height in sizes) > MAX_STEPS:
            raise TooManyDigits
        lines = [sorted(line, key=lambda body: int(boxes[body][0])) for line in lines_of(boxes.astype(np.float64))]
        self.lines = [[number for body in line for number in self._cut(bodies, body, boxes[body])] for line in lines]
        self.labels = _spread(self.labels, ink.pixels)

    def _cut(self, bodies: NDArray[np.int32], body: int, box: NDArray[np.int64]) -> range:
        """Cut a body into pieces; their numbers."""
        left, top, right, bottom = box.tolist()
        part = bodies[top:bottom, left:right] == body + 1
        labels, columns = self.labels[top:bottom, left:right], np.arange(right - left)
        first, found = len(self.pieces), cuts(part, self.pen)
        number = np.zeros(part.shape, np.int32)
        for cut in found:
            number += columns >= cut.columns[:, None]
        for k in range(len(found) + 1):
            piece = part & (number == k)
            if not piece.any():
                continue
            rows, across = bounding_box(piece)
            bounds = (left + across.start, top + rows.start, left + across.stop, top + rows.stop)
            self.pieces.append(Piece(bounds, body, found[k - 1].ink if k else 0.0))
            labels[piece] = len(self.pieces)
        if len(self.pieces) > MAX_PIECES:
            raise TooManyDigits
        return range(first, len(self.pieces))

    def crop(self, pieces: Iterable[int]) -> tuple[Pixels, int, int]:
        """The ink of some pieces alone, cropped to it, and its top and left."""
        left, top, right, bottom = map(int, _union(self.pieces[k].bounds for k in pieces))
        top, left = max(0, top - MARGIN), max(0, left - MARGIN)
        rows, columns = slice(top, bottom + MARGIN), slice(left, right + MARGIN)
        own = np.zeros(len(self.pieces) + 1, np.bool_)
        own[[k + 1 for k in pieces]] = True
        alone = np.where(own[self.labels[rows, columns]], self.ink.pixels[rows, columns], np.uint8(0))
        cropped = crop(alone, *bounding_box(drawn(alone)))
        return cropped.pixels, top + cropped.top, left + cropped.left

    def frame(self, pieces: Iterable[int]) -> Pixels:
        """The frame of some pieces."""
        return frame_ink(self.crop(pieces)[0])

    def find(self, candidate: Candidate) -> Found:
        """A candidate as a drawing of its own."""
        pixels, top, left = self.crop(candidate.pieces)
        corner = (self.ink.left + left, self.ink.top + top)
        return _found(self.ink._replace(pixels=pixels), corner, self.scale, candidate.frame)


MARGIN = 3  # pixels around a piece in which its faint edge lies


def _bodies(mask: Mask, pen: float) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The components of a mask without dust, numbered from 1, and their boxes, (n, 4): left, top, right, bottom."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = areas > min(SPECK * pen * pen, 0.5 * float(areas.max(initial=0)))
    numbers = np.zeros(count, np.int32)
    numbers[1:][kept] = np.arange(1, np.count_nonzero(kept) + 1)
    left, top, width, height = (stats[1:, k][kept].astype(np.int64) for k in range(4))
    return numbers[labels], np.stack([left, top, left + width, top + height], axis=1)


def _spread(labels: NDArray[np.int32], ink: Pixels) -> NDArray[np.int32]:
    """The labels with each faint pixel of ink given to the piece that is nearest."""
    _, nearest = cv2.distanceTransformWithLabels(
        (labels == 0).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.zeros(int(nearest.max()) + 1, np.int32)
    places[nearest[labels > 0]] = labels[labels > 0]
    return np.where(ink > 0, places[nearest], np.int32(0))


# --- Canvases ---------------------------------------------------------------------------------------------------------


def in_strokes(strokes: Sequence[NDArray[Any]], width: int, height: int, pen: float) -> Lattice:
    """What may be digits in pen strokes, (n, 2) in canvas pixels in the order of drawing, on a canvas of this size.

    Raises NoInk, TooManyDigits, and ValueError for malformed strokes.
    """
    taken_apart = _Canvas([line for line in within(strokes, (width, height), pen) if len(line)], height, pen)
    return Lattice(taken_apart.pieces, _lines(taken_apart), pen, (width, height), taken_apart.find)


class _Canvas:
    """Strokes as pieces, each one a body of its own."""

    def __init__(self, strokes: Sequence[NDArray[Any]], side: int, pen: float) -> None:
        if not strokes:
            raise NoInk
        if len(strokes) > MAX_PIECES:
            raise TooManyDigits
        self.strokes, self.side, self.pen = strokes, side, pen
        boxes = np.array([[*(line.min(0) - pen / 2), *(line.max(0) + pen / 2)] for line in strokes])
        self.pieces = [Piece(tuple(box), body) for body, box in enumerate(boxes.tolist())]
        self.lines = [sorted(line) for line in lines_of(boxes)]

    def frame(self, pieces: Iterable[int]) -> Pixels:
        """The frame of some strokes."""
        return frame_strokes([self.strokes[k] for k in sorted(pieces)])

    def find(self, candidate: Candidate) -> Found:
        """A candidate as a drawing of its own, moved to the middle of a square canvas of the same height."""
        own = sorted(candidate.pieces)
        left, top, right, bottom = candidate.bounds
        aside = self.side / 2 - (left + right) / 2
        moved = [self.strokes[k] + (aside, 0) for k in own]
        measures = measure_strokes(moved, self.side, self.pen)
        drawing = Drawing(candidate.frame, measures, strokes_json(moved), (self.side, self.pen))
        box = (round(left), round(top), max(1, round(right - left)), max(1, round(bottom - top)))
        return Found(box, str(own[0]), drawing)


# --- Candidates -------------------------------------------------------------------------------------------------------


def _lines(taken_apart: _Picture | _Canvas, most: int = MAX_CANDIDATES) -> list[Line]:
    """The lines: of each the candidates, and the orders in which its pieces may be read.

    Raises TooManyDigits for more than `most` candidates.
    """
    pieces = taken_apart.pieces
    orders = [_orders(pieces, members) for members in taken_apart.lines]
    runs: list[dict[frozenset[int], Bounds]] = [{} for _ in orders]
    pixels, count = 0.0, 0
    for of_line, ways in zip(runs, orders, strict=True):
        height = float(np.percentile([pieces[k].bounds[3] - pieces[k].bounds[1] for k in ways[0]], 75))
        for run in (run for order in ways for run in _runs(pieces, order, height) if run not in of_line):
            left, top, right, bottom = of_line[run] = _union(pieces[k].bounds for k in run)
            pixels, count = pixels + (right - left) * (bottom - top), count + 1
            if count > most or pixels > MAX_PIXELS:
                raise TooManyDigits
    return [
        Line(ways, [Candidate(run, taken_apart.frame(run), bounds) for run, bounds in of_line.items()])
        for of_line, ways in zip(runs, orders, strict=True)
    ]


def _orders(pieces: Sequence[Piece], members: Sequence[int]) -> list[list[int]]:
    """From left to right by the pieces' middles, by their bodies' middles, by their bodies' left ends; and as drawn."""
    bodies: dict[int, list[Bounds]] = {}
    for k in members:
        bodies.setdefault(pieces[k].body, []).append(pieces[k].bounds)
    whole = {body: _union(bounds) for body, bounds in bodies.items()}
    return [
        sorted(members, key=lambda k: pieces[k].bounds[0] + pieces[k].bounds[2]),
        sorted(members, key=lambda k: (whole[pieces[k].body][0] + whole[pieces[k].body][2], k)),
        sorted(members, key=lambda k: (whole[pieces[k].body][0], k)),
        sorted(members),
    ]


def _runs(pieces: Sequence[Piece], order: Sequence[int], height: float) -> Iterator[frozenset[int]]:
    """The runs of neighbouring pieces that may be a digit: each alone, what is not too wide together, whole bodies."""
    sizes = Counter(pieces[k].body for k in order)
    for first in range(len(order)):
        inside = Counter[int]()
        for last in range(first, len(order)):
            inside[pieces[order[last]].body] += 1
            run = order[first : last + 1]
            left, _, right, _ = _union(pieces[k].bounds for k in run)
            whole = all(count == sizes[body] for body, count in inside.items())
            if len(run) > 1 and right - left > WIDEST * height and not (whole and len(inside) == 1):
                break
            if len(run) <= MOST_PIECES or (whole and len(inside) <= MOST_BODIES):
                yield frozenset(run)


def _union(bounds: Iterable[Bounds]) -> Bounds:
    left, top, right, bottom = zip(*bounds, strict=True)
    return min(left), min(top), max(right), max(bottom)
