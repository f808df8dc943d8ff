"""A phone's HEIC is told by its brands, and its rows are its picture's, upright.

Covers src/frames: heif.
"""

from __future__ import annotations

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from frames import heif
from frames.images import decode
from frames.preprocessing import frame_pixels
from support.pictures import encoded, heic
from support.sketches import THREE, THREE_FRAME, difference, painted

SKETCH = Image.fromarray(painted(THREE)).convert("RGB")


def test_heif_is_told_from_all_else_by_its_brands() -> None:
    assert heif.is_heif(heic(SKETCH))
    assert heif.brands(heic(SKETCH)) >= {b"heic", b"mif1"}
    for kind in ("AVIF", "PNG", "JPEG", "TIFF"):
        assert not heif.is_heif(encoded(SKETCH, kind))
    assert heif.brands(b"") == heif.brands(b"\0\0\0\0ftyp") == set()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_rows_are_the_picture_s(mode: str) -> None:
    picture = heif.open_heif(heic(SKETCH.convert(mode), quality=90))
    rows = heif.rows_of(picture, 30, 90)
    assert (rows.mode, rows.size) == (mode, (SKETCH.width, 60))
    wanted = np.asarray(SKETCH.convert(mode), np.float32)[30:90]
    assert np.abs(np.asarray(rows, np.float32) - wanted).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["HEIC", "AVIF", "TIFF"])
def test_a_turned_picture_is_turned_back_once(kind: str, orientation: int) -> None:
    """HEIC and AVIF have a turn of their own, which is EXIF's orientation written another way; libheif obeys it."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that each orientation stands for
    stored = SKETCH if orientation == 1 else SKETCH.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = heic(stored, exif=exif.tobytes(), quality=90) if kind == "HEIC" else encoded(stored, kind, exif=exif)
    assert difference(frame_pixels(decode(data)), THREE_FRAME) < 0.1


def test_pictures_beside_the_main_one_are_left_out() -> None:
    several, buffer = pillow_heif.from_pillow(Image.new("RGB", (8, 8))), io.BytesIO()
    several.add_from_pillow(SKETCH)
    several.save(buffer, primary_index=1)
    assert decode(buffer.getvalue()).size == SKETCH.size
