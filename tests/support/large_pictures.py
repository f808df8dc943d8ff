"""Scans and photographs as large as they come, with a seven on paper that has a grain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from support.pictures import encoded, heic

A4 = (4960, 7016)  # pixels: A4 at 600 dpi
PHOTO = (8064, 6048)
PHONE = (5712, 4284)  # what phones take by themselves
SMALLER = (4032, 3024)


def paper(size: tuple[int, int], grain: float = 3.0) -> Image.Image:
    """A grey seven on paper."""
    tile = Image.fromarray(np.random.default_rng(0).normal(235, grain, (512, 512)).clip(0, 255).astype(np.uint8))
    sheet = Image.new("L", size)
    for top in range(0, size[1], 512):
        for left in range(0, size[0], 512):
            sheet.paste(tile, (left, top))
    width, height = size
    stroke = [(0.3 * width, 0.25 * height), (0.65 * width, 0.25 * height), (0.45 * width, 0.75 * height)]
    ImageDraw.Draw(sheet).line(stroke, fill=40, width=width // 25, joint="curve")
    return sheet


def one_bit(size: tuple[int, int]) -> Image.Image:
    return paper(size, 0).point(lambda level: 255 * (level > 128), "1")


def colour(size: tuple[int, int], grain: float = 3.0) -> Image.Image:
    grey = paper(size, grain)
    return Image.merge("RGB", (grey, grey, grey.point(lambda level: level - 10)))


def saved(kind: str, image: Callable[[], Image.Image], **options: Any) -> Callable[[], bytes]:
    return lambda: encoded(image(), kind, **options)


LARGE: dict[str, Callable[[], bytes]] = {
    "A4 at 600 dpi, grey JPEG": saved("JPEG", lambda: paper(A4), quality=85),
    "A4 at 600 dpi, grey PNG": saved("PNG", lambda: paper(A4), compress_level=1),
    "A4 at 600 dpi, 1-bit PNG": saved("PNG", lambda: one_bit(A4)),
    "A4 at 600 dpi, colour PNG": saved("PNG", lambda: colour(A4, 0), compress_level=1),
    "A4 at 600 dpi, group 4 TIFF": saved("TIFF", lambda: one_bit(A4), compression="group4"),
    "A4 at 600 dpi, grey LZW TIFF": saved("TIFF", lambda: paper(A4, 0.4), compression="tiff_lzw"),
    "A4 at 600 dpi, colour LZW TIFF": saved("TIFF", lambda: colour(A4, 0), compression="tiff_lzw"),
    "48 megapixels, JPEG": saved("JPEG", lambda: colour(PHOTO), quality=85),
    "48 megapixels, JPEG of full colour": saved("JPEG", lambda: colour(PHOTO), quality=85, subsampling=0),
    "48 megapixels, progressive JPEG (refused)": saved("JPEG", lambda: colour(PHOTO), quality=85, progressive=True),
    "48 megapixels, colour PNG (refused)": saved("PNG", lambda: colour(PHOTO, 0), compress_level=1),
    "48 megapixels, palette GIF": saved("GIF", lambda: paper(PHOTO, 0)),
    "24 megapixels, HEIC": lambda: heic(colour(PHONE, 1), quality=30, tile_size=512),
    "12 megapixels, HEIC": lambda: heic(colour(SMALLER, 1), quality=40, tile_size=512),
    "12 megapixels, AVIF": saved("AVIF", lambda: colour(SMALLER), quality=60, speed=10),
    "24 megapixels, AVIF (refused)": saved("AVIF", lambda: colour(PHONE, 0), quality=30, speed=10),
    "12 megapixels, WebP": saved("WEBP", lambda: colour(SMALLER), quality=80, method=0),
    "20 megapixels, flat WebP": saved("WEBP", lambda: colour((5000, 4000), 0), quality=50, method=0),
}


def written(name: str, folder: Path) -> Path:
    file = folder / "picture"
    file.write_bytes(LARGE[name]())
    return file
