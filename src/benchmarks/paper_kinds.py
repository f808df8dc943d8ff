"""Digits on paper of every kind: printed frames, ruled and squared paper, edges, shadows, dust and more.

`picture` lays a drawn digit on a sheet with or without a kind's mark; all else about the two sheets is the same.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Strokes = Sequence[NDArray[np.float64]]
Floats = NDArray[np.float32]
Random = np.random.Generator
Colour = tuple[float, float, float]

FINER = 4  # times finer than its pixels, each way, is a sheet drawn
BLACK: Colour = (0, 0, 0)
RULING: list[Colour] = [(150, 180, 225), (120, 150, 210), (170, 200, 170), (180, 180, 185), (225, 160, 160)]
COLOURED: list[Colour] = [(200, 30, 40), (30, 60, 190), (20, 120, 60), (230, 120, 20), (120, 40, 140), (0, 140, 160)]


@dataclass
class Sheet:
    """A sheet of paper with a digit on it: (h, w, 3) RGB of 0 to 255, and the box of the digit's ink in pixels."""

    rgb: Floats
    paper: Floats
    pen: float
    box: tuple[float, float, float, float]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]

    def print(self, cover: Floats, colour: Colour) -> None:
        """Print what covers so much of each pixel, (h, w) 0 to 1. Where ink is darker, it shows through."""
        printed = self.paper + (np.asarray(colour, np.float32) - self.paper) * cover[..., None]
        self.rgb = np.minimum(self.rgb, printed)

    def draw(self, shapes: Callable[[ImageDraw.ImageDraw], None], colour: Colour, turn: float = 0) -> None:
        """Print shapes, drawn FINER times finer, and turned by degrees about the middle."""
        width, height = self.size
        layer = Image.new("L", (width * FINER, height * FINER))
        shapes(ImageDraw.Draw(layer))
        if turn:
            layer = layer.rotate(turn, Image.Resampling.BILINEAR)
        self.print(np.asarray(layer.reduce(FINER), np.float32) / np.float32(255), colour)


class Kind(NamedTuple):
    """What is on the paper, and the sheets that have it. `margin`: the least room around the digit, of a sheet's side."""

    mark: Callable[[Sheet, Random], None]
    sides: tuple[int, int] = (100, 480)
    margin: float = 0.1
    photographed: bool = False


def picture(strokes: Strokes, kind: str, seed: int, marked: bool = True) -> Image.Image:
    """A sheet of a kind with a digit of (n, 2) strokes on it, with the kind's mark or without."""
    chosen, random = KINDS[kind], np.random.default_rng(seed)
    sheet = _sheet(strokes, chosen, random)
    seeds = random.integers(0, 2**31, 2)
    if marked:
        chosen.mark(sheet, np.random.default_rng(seeds[0]))
    return _taken(sheet, np.random.default_rng(seeds[1]), chosen.photographed)


def _sheet(strokes: Strokes, kind: Kind, random: Random) -> Sheet:
    """Paper with a digit at a place of chance."""
    longer = float(np.exp(random.uniform(*np.log(kind.sides))))
    ratio = random.uniform(0.7, 1.0)
    width, height = (longer, longer * ratio) if random.random() < 0.4 else (longer * ratio, longer)
    width, height = round(width), round(height)
    points = np.concatenate(strokes)
    low, extent = points.min(0), np.ptp(points, axis=0)
    share, pen = random.uniform(0.6, 0.9), random.uniform(0.05, 0.11)
    room = np.array([width, height]) * (1 - 2 * kind.margin)
    # The digit's longer side with its pen is 1 + pen of what its points span.
    scale = float(min(share * room / np.maximum(extent + pen * extent.max(), 1e-6)))
    pen = max(1.5, pen * float(extent.max()) * scale)
    free = room - extent * scale - pen
    corner = np.array([width, height]) * kind.margin + pen / 2 + random.uniform(0, 1, 2) * free.clip(0)
    lines = [(stroke - low) * scale + corner for stroke in strokes]
    paper = np.full((height, width, 3), 255, np.float32)
    sheet = Sheet(paper.copy(), paper, pen, (*(corner - pen / 2), *(corner + extent * scale + pen / 2)))
    colour = BLACK if random.random() < 0.6 else [(40, 40, 46), (20, 30, 120), (60, 60, 60)][random.integers(3)]
    sheet.draw(lambda draw: _pen(draw, lines, pen), colour)
    return sheet


def _pen(draw: ImageDraw.ImageDraw, lines: Strokes, pen: float) -> None:
    half = pen * FINER / 2
    for line in lines:
        points = [(x, y) for x, y in (line * FINER).tolist()]
        if len(points) > 1:
            draw.line(points, fill=255, width=max(1, round(2 * half)))
        for x, y in points:
            draw.ellipse([x - half, y - half, x + half, y + half], fill=255)


def _taken(sheet: Sheet, random: Random, photographed: bool) -> Image.Image:
    """The sheet as a file would have it: clean, as a JPEG, inverted, scanned or photographed."""
    how = (
        "photographed"
        if photographed
        else random.choice(["clean", "jpeg", "inverted", "scanned"], p=[0.4, 0.3, 0.1, 0.2])
    )
    quality = int(random.integers(40, 95))
    image = Image.fromarray(np.clip(sheet.rgb, 0, 255).astype(np.uint8))
    if how == "inverted":
        return Image.eval(image, lambda value: 255 - value)
    if how in ("scanned", "photographed"):
        image = _grained(image, random, 2.5 if how == "scanned" else 4)
    return image if how == "clean" else _jpeg(image, quality)


def _grained(image: Image.Image, random: Random, noise: float) -> Image.Image:
    """Off-white paper, a little blurred, with grain."""
    blurred = image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 0.9)))
    tint = np.array([1, random.uniform(0.96, 1), random.uniform(0.9, 1)]) * random.uniform(0.8, 0.97)
    rgb = np.asarray(blurred, np.float32) * tint
    rgb += random.normal(0, noise, rgb.shape[:2])[..., None]
    return Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


# --- lines and frames -------------------------------------------------------------------------------------------------


def _dark(random: Random) -> Colour:
    level = random.choice([0, 0, 20, 60, 90])
    return (level, level, level)


def _width(sheet: Sheet, random: Random) -> int:
    """The width of a printed line in pixels."""
    return int(random.integers(1, 3 if max(sheet.size) < 100 else 5))


def _frame(sheet: Sheet, random: Random, colour: Colour, inset: float, turn: float = 0, sides: int = 4) -> None:
    """So many sides of a frame, `inset` of the sheet's shorter side from its border."""
    width, height = sheet.size
    line, gap = _width(sheet, random), round(inset * min(width, height))
    left, top, right, bottom = gap, gap, width - gap, height - gap
    bars = [
        (left, top, right, top + line),
        (left, bottom - line, right, bottom),
        (left, top, left + line, bottom),
        (right - line, top, right, bottom),
    ]
    chosen = [bars[k] for k in random.permutation(4)[:sides]]

    def lines(draw: ImageDraw.ImageDraw) -> None:
        for x0, y0, x1, y1 in chosen:
            draw.rectangle([x0 * FINER, y0 * FINER, x1 * FINER - 1, y1 * FINER - 1], fill=255)

    sheet.draw(lines, colour, turn)


def _edge_line(sheet: Sheet, random: Random) -> None:
    _frame(sheet, random, _dark(random), random.choice([0, 0, 0.01]), sides=1)


def _border_frame(sheet: Sheet, random: Random) -> None:
    _frame(sheet, random, _dark(random), 0)


def _inset_frame(sheet: Sheet, random: Random) -> None:
    _frame(sheet, random, _dark(random), random.uniform(0.01, 0.06))


def _some_sides(sheet: Sheet, random: Random) -> None:
    _frame(sheet, random, _dark(random), random.uniform(0, 0.05), sides=int(random.integers(2, 4)))


def _pale_frame(sheet: Sheet, random: Random) -> None:
    level = random.uniform(150, 232)
    _frame(sheet, random, (level, level, level), random.uniform(0, 0.06))


def _coloured_frame(sheet: Sheet, random: Random) -> None:
    _frame(sheet, random, COLOURED[random.integers(len(COLOURED))], random.uniform(0, 0.06))


def _turned_frame(sheet: Sheet, random: Random) -> None:
    _frame(sheet, random, _dark(random), random.uniform(0.015, 0.06), random.uniform(-3, 3))


def _smeared_frame(sheet: Sheet, random: Random) -> None:
    _frame(sheet, random, _dark(random), random.uniform(0, 0.06))
    smeared = _jpeg(Image.fromarray(np.clip(sheet.rgb, 0, 255).astype(np.uint8)), int(random.integers(12, 40)))
    sheet.rgb = np.asarray(smeared, np.float32)


def _form_cell(sheet: Sheet, random: Random) -> None:
    """A cell cut out of a form: a rough, thick frame of which the cut has left more on one side than on another."""
    width, height = sheet.size
    thick = random.uniform(0.01, 0.035) * min(width, height)
    cut = random.uniform(-0.6, 2.2, 4) * thick  # from the border to the middle of each line
    y, x = np.mgrid[:height, :width].astype(np.float32)
    slope = np.tan(np.radians(random.uniform(-1.0, 1.0)))
    rough = [_smoothed(random.normal(0, 0.35 * thick, n), 3) for n in (width, width, height, height)]
    away = [
        y - cut[0] - slope * (x - width / 2) - rough[0][None, :],
        height - 1 - y - cut[1] + slope * (x - width / 2) - rough[1][None, :],
        x - cut[2] + slope * (y - height / 2) - rough[2][:, None],
        width - 1 - x - cut[3] - slope * (y - height / 2) - rough[3][:, None],
    ]
    distance = np.min([np.abs(each) for each in away], axis=0)
    sheet.print(np.clip(thick / 2 + 0.7 - distance, 0, 1).astype(np.float32) * random.uniform(0.8, 1), _dark(random))


def _smoothed(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """A running mean over `width` values, same length."""
    smoothed: NDArray[np.float64] = np.convolve(values, np.ones(width) / width, "same")
    return smoothed


def _ruled(sheet: Sheet, random: Random, both: bool = False) -> None:
    width, height = sheet.size
    extent = sheet.box[3] - sheet.box[1]
    spacing = max(8.0, random.uniform(*((0.12, 0.5) if both else (0.25, 1.1))) * extent)
    line = max(1.0, random.uniform(0.1, 0.3) * sheet.pen)
    start, turn = random.uniform(0, spacing, 2), random.uniform(-2, 2) * (random.random() < 0.5)
    colour = RULING[random.integers(len(RULING))] if random.random() < 0.8 else _dark(random)

    def lines(draw: ImageDraw.ImageDraw) -> None:
        for y in np.arange(start[0] - height, 2 * height, spacing):
            draw.rectangle([-9, y * FINER, width * FINER + 9, (y + line) * FINER - 1], fill=255)
        for x in np.arange(start[1] - width, 2 * width, spacing) if both else ():
            draw.rectangle([x * FINER, -9, (x + line) * FINER - 1, height * FINER + 9], fill=255)

    if not turn:
        start = np.round(start)
        spacing, line = round(spacing), round(line)
    sheet.draw(lines, colour, turn)


def _squared(sheet: Sheet, random: Random) -> None:
    _ruled(sheet, random, both=True)


def _line_across(sheet: Sheet, random: Random) -> None:
    """One line from border to border that the digit stands on, or that runs through it."""
    width, height = sheet.size
    x0, y0, x1, y1 = sheet.box
    line = min(_width(sheet, random), max(1, round(0.6 * sheet.pen)))
    upright, place = random.random() < 0.3, random.choice([random.uniform(0.1, 0.9), 0.97])
    at = x0 + place * (x1 - x0) if upright else y0 + place * (y1 - y0)
    bar = (at, -9, at + line, height + 9) if upright else (-9, at, width + 9, at + line)

    def shape(draw: ImageDraw.ImageDraw) -> None:
        draw.rectangle(
            [round(bar[0]) * FINER, round(bar[1]) * FINER, round(bar[2]) * FINER - 1, round(bar[3]) * FINER - 1],
            fill=255,
        )

    sheet.draw(shape, _dark(random), random.uniform(-2, 2) * (random.random() < 0.4))


# --- edges, shadows, dust ---------------------------------------------------------------------------------------------


def _beyond(sheet: Sheet, random: Random, depth: float) -> Floats:
    """Where the sheet lies beyond a slightly slanting line near one side, `depth` of its side deep: (h, w) 0 to 1."""
    width, height = sheet.size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    slope = np.tan(np.radians(random.uniform(-3, 3)))
    away = [
        y + slope * (x - width / 2),
        height - 1 - y + slope * (x - width / 2),
        x + slope * (y - height / 2),
        width - 1 - x + slope * (y - height / 2),
    ][random.integers(4)]
    inside: Floats = np.clip(depth * min(width, height) - away, 0, 1)
    return inside


def _scan_edge(sheet: Sheet, random: Random) -> None:
    """The dark lid of the scanner beside the paper."""
    level = random.uniform(0, 90)
    for _ in range(random.integers(1, 3)):
        sheet.print(_beyond(sheet, random, random.uniform(0.01, 0.09)), (level, level, level))


def _page_border(sheet: Sheet, random: Random) -> None:
    """The table beside the page, of a wood's or a cloth's colour, and the edge's thin shadow."""
    colour = [(150, 110, 70), (90, 70, 60), (170, 170, 175), (70, 90, 120)][random.integers(4)]
    sheet.print(_beyond(sheet, random, random.uniform(0.02, 0.09)), colour)


def _shadow(sheet: Sheet, random: Random) -> None:
    """Light that falls off, and over half of the sheet a shadow."""
    width, height = sheet.size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = random.uniform(0, 2 * np.pi)
    along = ((x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)).astype(np.float32)
    light = 1 - random.uniform(0, 0.5) * (along + 0.5).clip(0, 1)
    if random.random() < 0.6:
        soft = random.uniform(0.01, 0.15)
        light = light * (1 - random.uniform(0.15, 0.4) * np.clip((along - random.uniform(-0.2, 0.2)) / soft, 0, 1))
    sheet.rgb = sheet.rgb * light[..., None].astype(np.float32)


def _dust(sheet: Sheet, random: Random) -> None:
    """Specks smaller than any dot of the pen."""
    width, height = sheet.size
    specks = [(random.uniform(0, width), random.uniform(0, height)) for _ in range(random.integers(2, 25))]
    radii = random.uniform(0.1, 0.3, len(specks)) * sheet.pen

    def shapes(draw: ImageDraw.ImageDraw) -> None:
        for (x, y), radius in zip(specks, radii, strict=True):
            draw.ellipse([(v + s * radius) * FINER for s in (-1, 1) for v in (x, y)], fill=255)

    level = random.uniform(0, 130)
    sheet.draw(shapes, (level, level, level))


def _free_places(sheet: Sheet, random: Random, radius: float, count: int) -> list[tuple[float, float]]:
    """Up to so many places near the sheet's border that are `radius` and a half from the digit's box."""
    width, height = sheet.size
    x0, y0, x1, y1 = sheet.box
    found: list[tuple[float, float]] = []
    for _ in range(60):
        x, y = random.uniform(0, width), random.uniform(0, height)
        from_border = min(x, y, width - x, height - y)
        beside = max(x0 - x, x - x1, y0 - y, y - y1)
        if from_border < 1.6 * radius and beside > 1.5 * radius and len(found) < count:
            found.append((x, y))
    return found


def _holes(sheet: Sheet, random: Random) -> None:
    """Punched holes, which a scan shows as dark discs or rings."""
    radius = random.uniform(0.025, 0.06) * min(sheet.size)
    places = _free_places(sheet, random, radius, int(random.integers(1, 3)))
    ring = random.random() < 0.4

    def shapes(draw: ImageDraw.ImageDraw) -> None:
        for x, y in places:
            box = [(v + s * radius) * FINER for s in (-1, 1) for v in (x, y)]
            if ring:
                draw.ellipse(box, outline=255, width=max(FINER, round(radius * FINER / 4)))
            else:
                draw.ellipse(box, fill=255)

    sheet.draw(shapes, _dark(random))


def _remnant(sheet: Sheet, random: Random) -> None:
    """What the cut has left of something else: pieces of print or of another stroke along one side, or in a corner."""
    width, height = sheet.size
    side, pieces = random.integers(4), int(random.integers(1, 6))
    long, deep = (width, height) if side < 2 else (height, width)
    depth = random.uniform(0.01, 0.035) * deep + 1
    start = random.uniform(0, 0.7) * long
    bars = []
    for _ in range(pieces):
        length = random.uniform(0.01, 0.06) * long + 1
        bars.append((start, start + length, depth * random.uniform(0.4, 1)))
        start += length + random.uniform(0.01, 0.05) * long

    def shapes(draw: ImageDraw.ImageDraw) -> None:
        for a, b, d in bars:
            boxes = [(a, -9, b, d), (a, height - d, b, height + 9), (-9, a, d, b), (width - d, a, width + 9, b)]
            draw.rectangle([v * FINER for v in boxes[side]], fill=255)

    level = random.choice([0, 60, 120, 160])
    sheet.draw(shapes, (level, level, level))


# --- digits that reach what is not theirs -----------------------------------------------------------------------------


def _into_frame(sheet: Sheet, random: Random) -> None:
    """A frame that the digit touches or crosses on one side or two."""
    x0, y0, x1, y1 = sheet.box
    width, height = sheet.size
    line = min(_width(sheet, random), max(1, round(0.7 * sheet.pen)))
    touched = random.permutation(4)[: random.integers(1, 3)]
    reach = random.uniform(0, 0.9, 4) * sheet.pen  # how far into the digit the line's outer side lies
    room = random.uniform(0.04, 0.1, 4) * min(width, height)
    left, top, right, bottom = (
        round(edge + sign * (reach[k] if k in touched else -room[k]))
        for k, (edge, sign) in enumerate([(x0, 1), (y0, 1), (x1, -1), (y1, -1)])
    )
    box = [left * FINER, top * FINER, right * FINER - 1, bottom * FINER - 1]
    sheet.draw(lambda draw: draw.rectangle(box, outline=255, width=line * FINER), _dark(random))


def _to_the_edge(sheet: Sheet, random: Random) -> None:
    """A cut so close that the digit reaches the picture's edge on one to four sides, up to half its pen beyond."""
    x0, y0, x1, y1 = sheet.box
    width, height = sheet.size
    cut = np.array([0, 0, width, height])
    for k in random.permutation(4)[: random.integers(1, 5)]:
        beyond = random.uniform(0, 0.5) * sheet.pen
        cut[k] = [np.floor(x0 + beyond), np.floor(y0 + beyond), np.ceil(x1 - beyond), np.ceil(y1 - beyond)][k]
    left, top, right, bottom = cut.tolist()
    sheet.rgb = sheet.rgb[max(0, top) : max(top + 4, bottom), max(0, left) : max(left + 4, right)]


def _photo_without_margin(sheet: Sheet, random: Random) -> None:
    """A photograph cropped to the digit, with light that falls off."""
    _shadow(sheet, random)
    x0, y0, x1, y1 = sheet.box
    around = random.uniform(0, 0.6, 4) * sheet.pen
    left, top = max(0, int(x0 - around[0])), max(0, int(y0 - around[1]))
    sheet.rgb = sheet.rgb[top : int(y1 + around[2]) + 1, left : int(x1 + around[3]) + 1]


KINDS: dict[str, Kind] = {
    "a line on one edge": Kind(_edge_line),
    "a frame on the border": Kind(_border_frame),
    "an inset frame": Kind(_inset_frame),
    "two or three sides": Kind(_some_sides),
    "a pale frame": Kind(_pale_frame),
    "a coloured frame": Kind(_coloured_frame),
    "a turned frame": Kind(_turned_frame),
    "a frame smeared by JPEG": Kind(_smeared_frame),
    "a small form cell": Kind(_border_frame, sides=(40, 120)),
    "a scanned form cell": Kind(_form_cell, sides=(60, 300), photographed=True),
    "ruled paper": Kind(_ruled),
    "squared paper": Kind(_squared),
    "a line through the digit": Kind(_line_across),
    "a scan's edge": Kind(_scan_edge),
    "a page's border": Kind(_page_border, photographed=True),
    "shadow": Kind(_shadow, photographed=True),
    "dust": Kind(_dust),
    "punched holes": Kind(_holes),
    "a stray remnant": Kind(_remnant),
    "a digit into its frame": Kind(_into_frame, margin=0.12),
    "a digit to the edge": Kind(_to_the_edge),
    "a photo without margin": Kind(_photo_without_margin, photographed=True),
}
