"""Numbers to measure with: people's digits set side by side, as pen strokes, as a canvas's pixels, and photographed."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from benchmarks.drawings import Drawing, Drawn

WIDTH, HEIGHT, MARGIN = 960, 320, 24  # canvas pixels: three digits' canvases side by side, and what stays free around
LENGTHS = (2, 6)  # digits
PENS = (0.06, 0.15)  # of the smallest digit's height: 18 of the canvas's pixels for digits of 120 to 300
GAPS = (-1 / 3, 3.0)  # pens between neighbours: they overlap by a third of a pen to three pens apart
SLOPE = 8.0  # degrees, either way
SIZES = (1.0, 1.6)  # heights of the digits of one number

PAPERS = ("plain", "ruled", "squared")
PHOTO = 1280  # pixels wide, of what is photographed
TILT = 5.0  # degrees of perspective, about an axis of chance


class WrittenNumber(NamedTuple):
    """A number as somebody wrote it, digit after digit, in canvas pixels, and the pen's width there."""

    text: str
    writer: str
    digits: list[Drawing]
    pen: float

    @property
    def strokes(self) -> Drawing:
        """All strokes in the order of writing, (n, 2) each."""
        return [stroke for digit in self.digits for stroke in digit]


def written(people: Mapping[str, Drawn], each: int, seed: int = 7) -> Iterator[WrittenNumber]:
    """`each` numbers by each of the people, by their names; every number is by one of them."""
    for index, (writer, drawn) in enumerate(people.items()):
        random = np.random.default_rng((seed, index))
        for _ in range(each):
            chosen = random.integers(len(drawn.drawings), size=random.integers(LENGTHS[0], LENGTHS[1] + 1))
            text = "".join(str(int(drawn.labels[k])) for k in chosen)
            yield WrittenNumber(text, writer, *_side_by_side([drawn.drawings[k] for k in chosen], random))


def _side_by_side(digits: list[Drawing], random: Generator) -> tuple[list[Drawing], float]:
    """Digits on a sloping line, and the pen's width. The smallest is 100 high before all is fitted to the canvas."""
    pen, kerned = 100 * random.uniform(*PENS), random.random() < 0.5
    line: list[Drawing] = []
    for digit in map(_joined, digits):
        points = np.concatenate(digit)
        scale = 100 * random.uniform(*SIZES) / max(1e-6, float(np.ptp(points, axis=0).max()))
        foot = np.array([points[:, 0].min(), points[:, 1].max()])
        placed = [(stroke - foot) * scale + (0, random.uniform(-8, 8)) for stroke in digit]
        before = line[-1] if line else []
        line.append(_moved(placed, _place(before, placed, pen * (1 + random.uniform(*GAPS)), kerned)))
    slope = math.radians(random.uniform(-SLOPE, SLOPE))
    turn = np.array([[math.cos(slope), -math.sin(slope)], [math.sin(slope), math.cos(slope)]])
    return _on_canvas([[stroke @ turn.T for stroke in digit] for digit in line], pen, random)


def _joined(digit: Drawing) -> Drawing:
    """A digit whose strokes are dots, as the generated ones are, drawn in strokes: a pen moves on to the next dot."""
    if max(map(len, digit)) > 1 or len(digit) < 3:
        return digit
    dots = np.concatenate(digit)
    steps = np.hypot(*np.diff(dots, axis=0).T)
    return np.split(dots, np.flatnonzero(steps > 5 * np.median(steps)) + 1)


def _place(last: Drawing, digit: Drawing, distance: float, kerned: bool) -> float:
    """How far right a digit goes: its lines `distance` away from the one before, or, unless `kerned`, its box."""
    if not last:
        return 0.0
    before, points = np.concatenate(last), np.concatenate(digit)
    beside = float(before[:, 0].max()) + distance
    if not kerned:
        return beside
    dense, points = _dense(last), _dense(digit)
    step, at = 0.25 * abs(distance) + 0.5, beside
    while (
        at > before[:, 0].max() - np.ptp(before[:, 0]) and _nearest(dense, points + np.array([at - step, 0])) > distance
    ):
        at -= step
    return at


def _dense(strokes: Drawing) -> NDArray[np.float64]:
    """Points on strokes, at most about 2 pixels apart."""
    parts = [strokes[0][:1]]
    for stroke in strokes:
        for start, end in pairwise(stroke):
            steps = max(1, math.ceil(float(np.hypot(*(end - start))) / 2))
            parts.append(start + (end - start) * (np.arange(steps + 1) / steps)[:, None])
    return np.concatenate(parts)


def _nearest(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.sqrt(((one[:, None] - other[None]) ** 2).sum(2).min()))


def _moved(strokes: Drawing, right: float) -> Drawing:
    return [stroke + np.array([right, 0]) for stroke in strokes]


def _on_canvas(digits: list[Drawing], pen: float, random: Generator) -> tuple[list[Drawing], float]:
    """Digits scaled to fit the canvas, and put at a place of chance on it; and the pen."""
    points = np.concatenate([stroke for digit in digits for stroke in digit])
    low, size = points.min(0) - pen / 2, np.ptp(points, axis=0) + pen
    room = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    scale = float((room / size).min()) * random.uniform(0.75, 1)
    place = MARGIN + (room - size * scale) * random.uniform(size=2)
    return [[(stroke - low) * scale + place for stroke in digit] for digit in digits], pen * scale


def canvas(number: WrittenNumber) -> Image.Image:
    """The number on its canvas, black on white, WIDTH x HEIGHT, grey."""
    return Image.fromarray(_drawn(number, 1.0, 255, 0))


def _drawn(number: WrittenNumber, scale: float, paper: int, ink: int) -> NDArray[np.uint8]:
    """The canvas `scale` times as large with a round pen, anti-aliased by drawing at twice the size."""
    size = (round(WIDTH * scale), round(HEIGHT * scale))
    twice = np.full((2 * size[1], 2 * size[0]), paper, np.uint8)
    lines = [np.round(stroke * 2 * scale).astype(np.int32) for stroke in number.strokes]
    cv2.polylines(twice, lines, False, ink, max(1, round(number.pen * 2 * scale)))
    return cv2.resize(twice, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


# --- photographed paper -----------------------------------------------------------------------------------------------


def photograph(number: WrittenNumber, paper: str, random: Generator) -> bytes:
    """The number on `paper`, one of PAPERS, as a phone photographs it: a JPEG of about PHOTO pixels' width."""
    scale = PHOTO / WIDTH
    sheet = np.full((round(HEIGHT * scale), PHOTO), random.uniform(205, 245), np.float32)
    height = float(np.ptp(np.concatenate(number.strokes)[:, 1])) * scale
    _rule(sheet, paper, height, random)
    cover = _drawn(number, scale, 0, 255).astype(np.float32) / 255
    sheet += (random.uniform(30, 90) - sheet) * cover
    seen = _tilted(sheet, random) * _light(sheet.shape, random)
    seen = cv2.GaussianBlur(seen, (0, 0), random.uniform(0.6, 1.6)) + random.normal(0, random.uniform(2, 7), seen.shape)
    tint = np.array([1.0, random.uniform(0.94, 1), random.uniform(0.85, 1)])
    picture = Image.fromarray((seen[..., None] * tint).clip(0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _rule(sheet: NDArray[np.float32], paper: str, height: float, random: Generator) -> None:
    """Print the lines of ruled or squared paper, paler than ink, in proportion to what is written `height` high."""
    if paper == "plain":
        return
    spacing = height * (random.uniform(0.9, 1.5) if paper == "ruled" else random.uniform(0.35, 0.8))
    thick, pale = int(random.integers(1, 4)), float(sheet[0, 0] * random.uniform(0.65, 0.85))
    for axis in (0,) if paper == "ruled" else (0, 1):
        for at in np.arange(random.uniform(0, spacing), sheet.shape[axis], spacing).astype(int):
            np.moveaxis(sheet, axis, 0)[at : at + thick] = pale


def _tilted(sheet: NDArray[np.float32], random: Generator) -> NDArray[np.float32]:
    """The sheet seen by a camera that is tilted by TILT degrees about an axis of chance in the sheet."""
    height, width = sheet.shape
    focal, about = 1.2 * width, random.uniform(0, 2 * math.pi)
    turn, _ = cv2.Rodrigues(np.array([math.cos(about), math.sin(about), 0]) * math.radians(TILT))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    spatial = (np.c_[corners - (width / 2, height / 2), np.zeros(4)]) @ turn.T + (0, 0, focal)
    seen = spatial[:, :2] / spatial[:, 2:] * focal + (width / 2, height / 2)
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    return np.asarray(cv2.warpPerspective(sheet, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))


def _light(shape: tuple[int, ...], random: Generator) -> NDArray[np.float64]:
    """How much light falls on each pixel: all of it in one corner of chance, half in the opposite one."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    along = random.uniform(0, 2 * math.pi)
    way = math.cos(along) * x + math.sin(along) * y
    light: NDArray[np.float64] = 1 - 0.5 * (way - way.min()) / max(1e-6, float(np.ptp(way)))
    return light
