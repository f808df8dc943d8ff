"""Pictures of digits, made for each test, and how they become files."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageDraw


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as the bytes of a file, in Pillow's format `kind` with its `options`."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(image: Image.Image) -> bytes:
    return encoded(image)


def cross(mode: str = "L", size: tuple[int, int] = (64, 64)) -> Image.Image:
    """A dark cross on a light ground."""
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.line([(width // 4, height // 4), (3 * width // 4, 3 * height // 4)], fill=0, width=5)
    draw.line([(3 * width // 4, height // 4), (width // 4, 3 * height // 4)], fill=0, width=5)
    return image.convert(mode)


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
    """The same one as a photograph: two megapixels with the grain of paper, which PNG hardly compresses."""
    picture = np.asarray(one().resize((1500, 1500)), np.int16)
    grain = np.random.default_rng(0).integers(0, 30, picture.shape)
    return Image.fromarray(np.clip(picture - grain, 0, 255).astype(np.uint8))


def heic(image: Image.Image, **options: Any) -> bytes:
    """A picture as a phone's HEIC, encoded by x265."""
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, **options)
    return buffer.getvalue()
