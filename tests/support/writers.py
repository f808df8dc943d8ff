"""People who draw, one after the other: real ones from a file of drawings, or made-up ones where there is none."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Generator

from benchmarks.drawings import canvas
from frames.preprocessing import frame_pixels
from learning import synthetic
from settings import ROOT

DRAWINGS = Path(os.environ.get("DRAWINGS", ROOT / "../shared/drawn/pendigits-train.jsonl.gz"))
"""One {"label", "writer", "strokes"} a line, gzipped; another file is named by the environment's DRAWINGS."""


class Drawing(NamedTuple):
    """A canvas as a PNG, the frame that the app makes of it, what it is meant to be, and who drew it."""

    png: bytes
    frame: np.ndarray
    digit: int
    writer: str


def people(seed: int = 0) -> list[list[Drawing]]:
    """Every writer's drawings in a random order, the writers in the order of their names."""
    random = np.random.default_rng(seed)
    by_writer: dict[str, list[Drawing]] = {}
    for digit, writer, lines in _lines() if DRAWINGS.exists() else _made_up():
        size, place = random.uniform(0.45, 0.8), random.uniform(0, 1, 2)
        image = canvas(lines, 18, size, (place[0], place[1]))
        by_writer.setdefault(writer, []).append(Drawing(_png(image), frame_pixels(image), digit, writer))
    for drawings in by_writer.values():
        random.shuffle(drawings)
    return [by_writer[name] for name in sorted(by_writer)]


def _lines() -> list[tuple[int, str, list[np.ndarray]]]:
    with gzip.open(DRAWINGS, "rt") as file:
        found = [json.loads(line) for line in file]
    return [(one["label"], one["writer"], [np.asarray(s, np.float64) for s in one["strokes"]]) for one in found]


def _made_up() -> list[tuple[int, str, list[np.ndarray]]]:
    """Thirty hands, each with a slant and a width of its own, of our own generator."""
    made = []
    for writer in range(30):
        generator = Generator().manual_seed(1000 + writer)
        labels = torch.arange(200) % 10
        slant, width = torch.rand(2, generator=generator).tolist()
        points = synthetic.digit_points(labels, generator).double().numpy()
        points[..., 0] = points[..., 0] * (0.6 + 0.8 * width) + points[..., 1] * (slant - 0.5)
        made += [(int(n % 10), f"w{writer:02d}", list(drawing[:, None])) for n, drawing in enumerate(points)]
    return made


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
