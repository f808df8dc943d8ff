"""Bytes -> image: a file as anybody may send it, read upright and whole, or refused with a named error."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Any

from PIL import Image, PngImagePlugin

# The formats that are read, with their files' extensions. The pages, the API and the commands name formats and limits
# from here.
EXTENSIONS = {"PNG": ["png"], "JPEG": ["jpg", "jpeg"], "WebP": ["webp"], "BMP": ["bmp"], "GIF": ["gif"]}
MAX_MEGABYTES = 5
MAX_PIXELS = 20_000_000
MAX_SIDE = 10_000

FORMATS = tuple(name.upper() for name in EXTENSIONS)  # as Pillow names them
*_others, _last = EXTENSIONS
FORMAT_NAMES = f"{', '.join(_others)} or {_last}"
FILE_EXTENSIONS = [extension for extensions in EXTENSIONS.values() for extension in extensions]
MAX_BYTES = MAX_MEGABYTES * 1024 * 1024
SIZE_LIMIT = f"{MAX_MEGABYTES} MB"

# The marker that a file may repeat only so often, by its first bytes. A progressive JPEG has about ten scans, and each
# passes over the whole picture; a PNG has one colour profile, and each may unpack to a megabyte.
REPEATED = {b"\xff\xd8": (b"\xff\xda", 64), b"\x89P": (b"iCCP", 16)}
MAX_READS = 5_000  # of a file while it is decoded; a picture takes hundreds, a million empty parts would take seconds


class NotAnImage(ValueError):
    """The bytes are no picture in one of FORMATS, or a broken or animated one."""

    def __init__(self, message: str = f"This is not a picture that can be read: send a {FORMAT_NAMES}."):
        super().__init__(message)


class ImageTooLarge(ValueError):
    """The file has too many bytes, or the picture too many pixels."""


# What Pillow's decoders are known to raise on hostile bytes; to the person who sent it each is a broken file.
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

# Anybody may send anything: Pillow's warnings about sizes, which are checked here, and metadata would fill the log.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
PngImagePlugin.MAX_TEXT_MEMORY = 4 * PngImagePlugin.MAX_TEXT_CHUNK  # 4 MB of unpacked text instead of 64


def decode(data: bytes) -> Image.Image:
    """The picture in a file's bytes, upright, fully loaded.

    The bytes alone decide the format (one of FORMATS), never a name. Large JPEGs come back reduced, never below 1,000
    pixels on the short side. A JPEG's auxiliary pictures (previews, gain maps) are left out.

    Raises ImageTooLarge (over MAX_BYTES, MAX_PIXELS or MAX_SIDE, by its header, before anything is decoded) and
    NotAnImage (another format, broken, truncated, or more than one frame).
    """
    if len(data) > MAX_BYTES:
        raise too_many_bytes()
    limit = REPEATED.get(data[:2])
    if limit and data.count(limit[0]) > limit[1]:
        raise NotAnImage
    try:
        image = Image.open(_BoundedReads(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise too_many_pixels() from error
    except BROKEN as error:
        raise NotAnImage from error
    return _load(image)


class _BoundedReads(io.BytesIO):
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
    """EXIF's orientation, 1 to 8; 1 where the tag is missing or broken, for the pixels may still be good."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except BROKEN:
        return 1
    return value if isinstance(value, int) else 1


def too_many_bytes() -> ImageTooLarge:
    """The error that a file over MAX_BYTES gets."""
    return ImageTooLarge(f"This file is too large: send a picture of at most {SIZE_LIMIT}.")


def too_many_pixels() -> ImageTooLarge:
    """The error that a picture over MAX_PIXELS or MAX_SIDE gets."""
    return ImageTooLarge(
        "This picture has too many pixels: "
        f"send one of at most {MAX_PIXELS // 1_000_000} megapixels and {MAX_SIDE:,} a side."
    )
