"""Bytes -> image: a file as anybody may send it, read upright and whole, or refused by name."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Any

from PIL import Image, PngImagePlugin

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 20_000_000
MAX_SIDE = 10_000
# What a file may repeat only so often, by its first bytes. A progressive JPEG has about ten scans, and each passes over
# the whole picture; a PNG has one colour profile, and each may unpack to a megabyte.
REPEATED = {b"\xff\xd8": (b"\xff\xda", 64), b"\x89P": (b"iCCP", 16)}
MAX_READS = 5_000  # of a file while it is decoded; a picture takes hundreds, a million empty parts take seconds


class NotAnImage(ValueError):
    """The bytes are no picture of a kind that is read here, or a broken or animated one."""

    def __init__(self, message: str = "This is not a picture that can be read: send a PNG, JPEG, WebP, BMP or GIF."):
        super().__init__(message)


class ImageTooLarge(ValueError):
    """The file has too many bytes, or the picture too many pixels."""


# What Pillow's decoders are known to raise on hostile bytes; each is a broken file to the person who sent it.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Anybody may send anything: Pillow's warnings about sizes, which are checked here, and remarks would fill the log.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
PngImagePlugin.MAX_TEXT_MEMORY = 4 * PngImagePlugin.MAX_TEXT_CHUNK  # 4 MB of unpacked remarks instead of 64


def decode(data: bytes) -> Image.Image:
    """The picture in a file's bytes, upright, fully loaded.

    The bytes alone decide the format (PNG, JPEG, WebP, BMP or GIF), never a name. Large JPEGs come back reduced, never
    below 1,000 pixels on the short side. A JPEG's auxiliary pictures (previews, gain maps) are left out.

    Raises ImageTooLarge (over MAX_BYTES, MAX_PIXELS or MAX_SIDE; told from the header, before anything is decoded) and
    NotAnImage (another format, broken, truncated, or more than one frame).
    """
    if len(data) > MAX_BYTES:
        raise ImageTooLarge("This file is too large: send a picture of at most 5 MB.")
    limit = REPEATED.get(data[:2])
    if limit and data.count(limit[0]) > limit[1]:
        raise NotAnImage
    try:
        image = Image.open(_Patience(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise too_many_pixels() from error
    except BROKEN as error:
        raise NotAnImage from error
    return _load(image)


class _Patience(io.BytesIO):
    """A file's bytes for Pillow, read in at most MAX_READS pieces."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            raise OSError("There are too many parts in this file.")
        return super().read(size)


def _load(image: Image.Image) -> Image.Image:
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise too_many_pixels()
    try:
        if image.format != "MPO" and getattr(image, "is_animated", False):
            raise NotAnImage("This picture moves: send one with a single frame.")
        image.draft(image.mode, (1000, 1000))
        image.load()
    except NotAnImage:
        raise
    except BROKEN as error:
        raise NotAnImage("This picture is broken or incomplete: save or send it once more.") from error
    turn = UPRIGHT.get(_orientation(image))
    return image.transpose(turn) if turn is not None else image


def _orientation(image: Image.Image) -> Any:
    """EXIF's orientation, 1 to 8; 1 where the tag is missing or broken: the pixels may be good all the same."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except BROKEN:
        return 1
    return value if isinstance(value, int) else 1


def too_many_pixels() -> ImageTooLarge:
    """The error that a picture over MAX_PIXELS or MAX_SIDE gets."""
    return ImageTooLarge("This picture has too many pixels: send one of at most 20 megapixels and 10,000 a side.")
