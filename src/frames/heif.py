"""HEIF, the .heic of phones: read by pillow-heif itself, not by its plugin for Pillow.

The plugin copies the whole picture into four bytes a pixel, beside the three that libheif has unpacked: 7 bytes a pixel
were measured with it, and 4.5 without.
"""

from __future__ import annotations

import struct

import pillow_heif
from PIL import Image

# The app bounds by itself how many pictures are decoded at once, and more threads made no picture faster. What else
# lies in the file is left alone: a phone's thumbnail has 320 pixels, and need not show what the picture does.
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False

STILL = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
MOVING = {b"hevc", b"hevx", b"hevm", b"hevs", b"msf1", b"avis"}


def brands(data: bytes) -> set[bytes]:
    """The four letters each that a file of ISO's base format says it may be read as; none for any other file."""
    if data[4:8] != b"ftyp":
        return set()
    (length,) = struct.unpack(">I", data[:4])
    listed = data[8 : min(length, 512)]
    return {listed[at : at + 4] for at in range(0, len(listed) - 3, 4) if at != 4}


def is_heif(data: bytes) -> bool:
    """Whether these are the bytes of a HEIF with HEVC, the video format in phones' pictures. AVIF is left to Pillow."""
    named = brands(data)
    return not named.isdisjoint(STILL | MOVING) and named.isdisjoint({b"avif", b"avis"})


def moves(data: bytes) -> bool:
    """Whether it says to be a sequence of pictures, with or without one that stands for all."""
    return not brands(data).isdisjoint(MOVING)


def open_heif(data: bytes) -> pillow_heif.HeifFile:
    """The file's header. Raises ValueError, RuntimeError, OSError, EOFError and SyntaxError where that is broken."""
    return pillow_heif.open_heif(data)


def rows_of(picture: pillow_heif.HeifFile, top: int, bottom: int) -> Image.Image:
    """Some rows of a picture, upright as libheif has turned it; the first call decodes it."""
    shown = picture[picture.primary_index]
    start, end = top * shown.stride, bottom * shown.stride
    part = memoryview(shown.data)[start:end]
    return Image.frombytes(shown.mode, (shown.size[0], bottom - top), part, "raw", shown.mode, shown.stride)
