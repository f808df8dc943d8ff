"""Pictures of digits, made on the spot."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def zero() -> Image.Image:
    """A round zero, black on white."""
    picture = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(picture).ellipse([90, 50, 210, 250], outline=0, width=22)
    return picture


def one() -> Image.Image:
    """A plain one, black on white."""
    picture = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(picture).line([160, 40, 140, 260], fill=0, width=22)
    return picture


def photograph() -> Image.Image:
    """The same one, photographed: two megapixels with the grain of paper, which no PNG makes small."""
    picture = np.asarray(one().resize((1500, 1500)), np.int16)
    grain = np.random.default_rng(0).integers(0, 30, picture.shape)
    return Image.fromarray(np.clip(picture - grain, 0, 255).astype(np.uint8))
