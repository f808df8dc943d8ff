"""What a picture will take of the memory while it is decoded, told from its header.

A JPEG is decoded at an eighth of its size, or a quarter or half, and costs next to nothing. Every other decoder unpacks
the whole picture first, in so many bytes a pixel as was measured (`make test-full` measures it again). So that none
takes more than MEMORY, each kind of file has a limit of its own.
"""

from __future__ import annotations

import math

import pillow_heif
from PIL import Image, JpegImagePlugin, TiffImagePlugin

MEMORY = 150 * 1024 * 1024  # bytes for one picture: the file, what is unpacked of it, and the reduced picture
REDUCED = 12 * 1024 * 1024  # bytes of these for the reduced picture, and what Python needs around it

_SMALL_MODES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # Pillow keeps any other in four bytes
_TILED, _STRIPS = (322, 323), 278  # TIFF's tags for the size of its parts
_JPEG_IN_TIFF = 7


def largest(picture: Image.Image | pillow_heif.HeifFile, data: bytes) -> int:
    """How many pixels a picture like this, opened from these bytes, may have to be decoded within MEMORY."""
    left = max(0, MEMORY - REDUCED - len(data))
    return int(left / max(1e-6, _bytes_per_pixel(picture, data)))


def _bytes_per_pixel(picture: Image.Image | pillow_heif.HeifFile, data: bytes) -> float:
    if isinstance(picture, pillow_heif.HeifFile):
        return _heif(picture)
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        return _jpeg(picture, data)
    mode = float(_SMALL_MODES.get(picture.mode, 4))
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        return mode + _part_of_tiff(picture)
    return {"AVIF": 2.75 * mode, "WEBP": 8.0 if picture.mode == "RGBA" else 7.0}.get(picture.format or "", mode)


def _heif(picture: pillow_heif.HeifFile) -> float:
    """The planes that are decoded, twice where depth or colours have to be changed, and the pixels made of them."""
    deep, full = picture.info["bit_depth"] > 8, picture.info.get("chroma") == 444
    planes = (3.0 if full else 1.5) * (2 if deep else 1)
    return 3 + planes * (2 if full or deep else 1) + (2.0 if picture.has_alpha else 0) + 0.5


def _jpeg(picture: JpegImagePlugin.JpegImageFile, data: bytes) -> float:
    """Nothing, as long as all colours come in one scan; of several, libjpeg keeps every coefficient, in two bytes."""
    first = _first_scan(data)
    if not picture.info.get("progressive") and first == len(picture.layer):
        return 0
    across, down = (max(each[side] for each in picture.layer) for side in (1, 2))
    return 2 * sum(each[1] * each[2] for each in picture.layer) / (across * down) + 0.25


def _first_scan(data: bytes) -> int:
    """How many colours a JPEG's first scan has; 0 where none is found."""
    at = 2
    while at + 4 < len(data):
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == 0xDA:
            return data[at + 4]
        at += 1 if marker == 0xFF else 2 + length
    return 0


def _part_of_tiff(picture: TiffImagePlugin.TiffImageFile) -> float:
    """The strip or tile that libtiff unpacks before it is copied, for each pixel of the picture."""
    tags, (width, height) = picture.tag_v2, picture.size
    across, down = (int(tags.get(tag, 0)) for tag in _TILED)
    pixels = across * down or width * min(height, int(tags.get(_STRIPS, height)))
    bits = tags.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
    unpacked = pixels * math.ceil(sum(bits) / 8)
    return unpacked * (3 if tags.get(TiffImagePlugin.COMPRESSION) == _JPEG_IN_TIFF else 1) / (width * height)
