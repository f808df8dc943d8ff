"""A sheet of paper with a digit drawn on it, and how it becomes a file: clean, as a JPEG, scanned or photographed."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Strokes = Sequence[NDArray[np.float64]]
Floats = NDArray[np.float32]
Random = np.random.Generator
Colour = tuple[float, float, float]

FINER = 4  # times finer than its pixels, each way, is a sheet drawn
BLACK: Colour = (0, 0, 0)


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


def laid_out(strokes: Strokes, sides: tuple[int, int], margin: float, random: Random) -> Sheet:
    """A sheet with a digit of (n, 2) strokes at a place of chance.

    Its longer side is between `sides` pixels; the digit is `margin` of each side away from the border at least.
    """
    longer = float(np.exp(random.uniform(*np.log(sides))))
    ratio = random.uniform(0.7, 1.0)
    width, height = (longer, longer * ratio) if random.random() < 0.4 else (longer * ratio, longer)
    width, height = round(width), round(height)
    points = np.concatenate(strokes)
    low, extent = points.min(0), np.ptp(points, axis=0)
    share, pen = random.uniform(0.6, 0.9), random.uniform(0.05, 0.11)
    room = np.array([width, height]) * (1 - 2 * margin)
    # The digit's longer side with its pen is 1 + pen of what its points span.
    scale = float(min(share * room / np.maximum(extent + pen * extent.max(), 1e-6)))
    pen = max(1.5, pen * float(extent.max()) * scale)
    free = room - extent * scale - pen
    corner = np.array([width, height]) * margin + pen / 2 + random.uniform(0, 1, 2) * free.clip(0)
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


def taken(sheet: Sheet, random: Random, photographed: bool) -> Image.Image:
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
    return image if how == "clean" else as_jpeg(image, quality)


def _grained(image: Image.Image, random: Random, noise: float) -> Image.Image:
    """Off-white paper, a little blurred, with grain."""
    blurred = image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 0.9)))
    tint = np.array([1, random.uniform(0.96, 1), random.uniform(0.9, 1)]) * random.uniform(0.8, 0.97)
    rgb = np.asarray(blurred, np.float32) * tint
    rgb += random.normal(0, noise, rgb.shape[:2])[..., None]
    return Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))


def as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    """A picture as a JPEG of this quality (1-95) has it."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def dark(random: Random) -> Colour:
    """The grey of a printer's ink, 0 to 90."""
    level = random.choice([0, 0, 20, 60, 90])
    return (level, level, level)


def line_width(sheet: Sheet, random: Random) -> int:
    """The width of a printed line in pixels."""
    return int(random.integers(1, 3 if max(sheet.size) < 100 else 5))
