"""What a picture costs is told from its header: each kind has the limit that it was measured to need."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from frames import heif
from frames.memory import MEMORY, largest
from support.pictures import encoded, heic

PLAIN = Image.new("RGB", (64, 48), "white")
MEGAPIXELS = {  # at least, and less than
    "JPEG": (50, 10**9),
    "progressive JPEG": (43, 48),
    "progressive JPEG of full colour": (22, 24),
    "grey PNG": (130, 150),
    "PNG": (34.8, 37),
    "1-bit TIFF": (70, 150),
    "TIFF": (34, 37),
    "WebP": (20, 24),
    "transparent WebP": (17, 20),
    "AVIF": (12.2, 16),
    "HEIC": (24.5, 30),
    "HEIC of full colour": (13, 17),
}


def made(kind: str) -> bytes:
    if kind.startswith("HEIC"):
        return heic(PLAIN, chroma=444 if "full" in kind else 420)
    options: dict[str, Any] = {}
    if "JPEG" in kind:
        options = {"progressive": "progressive" in kind, "subsampling": 0 if "full" in kind else 2}
    modes = {"grey PNG": "L", "1-bit TIFF": "1", "transparent WebP": "RGBA"}
    picture = PLAIN.convert(modes.get(kind, "RGB"))
    if "transparent" in kind:
        picture.putalpha(PLAIN.convert("L").point(lambda level: level // 2))
    if "TIFF" in kind:
        options = {"compression": "tiff_lzw", "tiffinfo": {278: 1}}
    return encoded(picture, kind.split(" of ")[0].split()[-1], **options)


@pytest.mark.parametrize("kind", MEGAPIXELS)
def test_each_kind_has_its_limit(kind: str) -> None:
    data = made(kind)
    picture = heif.open_heif(data) if kind.startswith("HEIC") else Image.open(io.BytesIO(data))
    least, most = MEGAPIXELS[kind]
    assert least <= largest(picture, data) / 1e6 < most


def test_the_file_itself_counts() -> None:
    data = made("PNG")
    padded = data + bytes(10_000_000)
    picture = Image.open(io.BytesIO(data))
    assert largest(picture, data) - largest(picture, padded) == pytest.approx(2_500_000, abs=2)
    assert largest(picture, bytes(MEMORY)) == 0
