"""People who draw, one after the other: real ones from a file of drawings, or made-up ones where there is none."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.drawings import canvas, drawings_of_writers, made_up_writers
from frames.preprocessing import frame_pixels
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
    by_name: dict[str, list[Drawing]] = {}
    for name, strokes, digit in drawings_of_writers(DRAWINGS) if DRAWINGS.exists() else _made_up():
        size, place = random.uniform(0.45, 0.8), random.uniform(0, 1, 2)
        image = canvas(strokes, 18, size, (place[0], place[1]))
        by_name.setdefault(name, []).append(Drawing(_png(image), frame_pixels(image), digit, name))
    for drawings in by_name.values():
        random.shuffle(drawings)
    return [by_name[name] for name in sorted(by_name)]


def _made_up() -> Iterator[tuple[str, list[np.ndarray], int]]:
    for name, drawn in made_up_writers().items():
        yield from ((name, *each) for each in zip(drawn.drawings, drawn.labels.tolist(), strict=True))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
