"""Drawings to measure with, laid on a 280 x 280 canvas as people would: generated ones, or real ones from a file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Generator, Tensor

from frames.preprocessing import frame_pixels
from learning import synthetic

CANVAS = 280  # pixels, each way
PEN, SIZE = 18.0, 0.65  # canvas pixels; the digit's longer side as a fraction of the canvas

Drawing = list[NDArray[np.float64]]  # strokes of points x, y, y down
Framer = Callable[[Image.Image], NDArray[np.uint8]]


class Drawn(NamedTuple):
    """Drawings as strokes, and their labels (0-9)."""

    drawings: list[Drawing]
    labels: Tensor


def generated(count: int, seed: int = 12_345) -> Drawn:
    """Synthetic digits that no training saw, each as one densely dotted stroke."""
    labels = torch.arange(count) % 10
    points = synthetic.digit_points(labels, Generator().manual_seed(seed))
    return Drawn([list(p[:, None].double().numpy()) for p in points], labels)


def people(path: Path, limit: int) -> Drawn:
    """About `limit` drawings, spread over a file with one {"label": 0-9, "strokes": [[[x, y], ...], ...]} a line."""
    found = _lines(path)
    return _drawn(found[:: max(1, len(found) // limit)])


def by_writer(path: Path) -> dict[str, Drawn]:
    """The drawings of each "writer" of such a file, by their names in order."""
    found: dict[str, tuple[list[Drawing], list[int]]] = {}
    for writer, strokes, label in drawings_of_writers(path):
        drawings, labels = found.setdefault(writer, ([], []))
        drawings.append(strokes)
        labels.append(label)
    return {name: Drawn(found[name][0], torch.tensor(found[name][1])) for name in sorted(found)}


class DrawingsMissing(ValueError):
    """None of the drawings that were asked for is there."""


def writers(file: Path | None, names: str) -> dict[str, Drawn]:
    """The drawings of a file's writers, or of made-up ones; of those alone from the first to the last of `names`.

    `names` are "p16-p30", "p16", or empty for all. Raises DrawingsMissing where nobody has these names.
    """
    found = by_writer(file) if file else made_up_writers()
    first, _, last = names.partition("-")
    chosen = {name: drawn for name, drawn in found.items() if not first or first <= name <= (last or first)}
    if not chosen:
        raise DrawingsMissing(f"No writer in {file or 'the made-up hands'} is called {names}.")
    return chosen


def drawings_of_writers(path: Path) -> Iterator[tuple[str, Drawing, int]]:
    """The writer, the strokes and the label of each drawing in such a file."""
    for one in _lines(path):
        yield one["writer"], _strokes(one), one["label"]


def made_up_writers(count: int = 30, each: int = 200) -> dict[str, Drawn]:
    """Hands with a slant and a width of their own, of our own generator."""
    made = {}
    for writer in range(count):
        generator = Generator().manual_seed(1000 + writer)
        labels = torch.arange(each) % 10
        slant, width = torch.rand(2, generator=generator).tolist()
        points = synthetic.digit_points(labels, generator).double().numpy()
        points[..., 0] = points[..., 0] * (0.6 + 0.8 * width) + points[..., 1] * (slant - 0.5)
        made[f"w{writer:02d}"] = Drawn([list(drawing[:, None]) for drawing in points], labels)
    return made


def _lines(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in content.splitlines()]


def _drawn(lines: list[dict[str, Any]]) -> Drawn:
    return Drawn([_strokes(one) for one in lines], torch.tensor([one["label"] for one in lines]))


def _strokes(line: dict[str, Any]) -> Drawing:
    return [np.asarray(stroke, dtype=np.float64) for stroke in line["strokes"]]


def canvases(drawn: Drawn, seed: int = 7) -> Iterator[Image.Image]:
    """Drawings on their canvases, each of a size and at a place of chance."""
    random = np.random.default_rng(seed)
    for drawing in drawn.drawings:
        yield canvas(drawing, PEN, random.uniform(0.45, 0.8), (random.uniform(), random.uniform()))


def canvas(
    drawing: Drawing, pen: float = PEN, size: float = SIZE, place: tuple[float, float] = (0.5, 0.5)
) -> Image.Image:
    """Black on white, 280 x 280, a round pen of `pen` pixels, the digit's longer side `size` of the canvas.

    `place` says where between the left and the right, the upper and the lower border it lies (0..1 each).
    """
    points = np.concatenate(drawing)
    low, high = points.min(0), points.max(0)
    scale = CANVAS * size / max(1e-6, (high - low).max())
    half = (high - low) * scale / 2
    room = CANVAS / 2 - half - pen / 2 - 1
    middle = CANVAS / 2 + (np.asarray(place) * 2 - 1) * room.clip(0)
    twice = Image.new("L", (CANVAS * 2, CANVAS * 2), 255)
    draw = ImageDraw.Draw(twice)
    for stroke in drawing:
        path = [(float(x), float(y)) for x, y in ((stroke - (low + high) / 2) * scale + middle) * 2]
        draw.line(path, fill=0, width=round(pen * 2))
        for x, y in path:
            draw.ellipse((x - pen, y - pen, x + pen, y + pen), fill=0)
    return twice.resize((CANVAS, CANVAS), Image.Resampling.BOX)


def naive(image: Image.Image) -> NDArray[np.uint8]:
    """The whole canvas shrunk to 28 x 28: what most demos do."""
    return 255 - np.asarray(image.resize((28, 28), Image.Resampling.BOX))


def centred(image: Image.Image) -> NDArray[np.uint8]:
    """The ink cut out, its longer side shrunk to 20 pixels and laid in the middle of 28 x 28."""
    ink = Image.fromarray(255 - np.asarray(image))
    cut = ink.crop(ink.getbbox())
    shrink = 20 / max(cut.size)
    small = cut.resize((max(1, round(cut.width * shrink)), max(1, round(cut.height * shrink))), Image.Resampling.BOX)
    frame = Image.new("L", (28, 28))
    frame.paste(small, ((28 - small.width) // 2, (28 - small.height) // 2))
    return np.asarray(frame)


FRAMERS: dict[str, Framer] = {"naive": naive, "centred": centred, "full": frame_pixels}


def frames(images: Iterable[Image.Image], framer: Framer = frame_pixels) -> Tensor:
    """The frames of canvases: uint8 N x 1 x 28 x 28."""
    return torch.from_numpy(np.stack([framer(image) for image in images]))[:, None]
