"""People who draw, one after the other: real ones from a file of drawings, or made-up ones where there is none."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.drawings import by_writer, canvases, made_up_writers
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
    found = by_writer(DRAWINGS) if DRAWINGS.exists() else made_up_writers()
    writers = []
    for number, (name, drawn) in enumerate(found.items()):
        images = canvases(drawn, seed + number)
        drawings = [
            Drawing(_png(image), frame_pixels(image), digit, name)
            for image, digit in zip(images, drawn.labels.tolist(), strict=True)
        ]
        random.shuffle(drawings)  # type: ignore[arg-type]
        writers.append(drawings)
    return writers


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
