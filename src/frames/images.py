"""Bytes -> image: a file as anybody may send it, read upright and whole, or refused with a named error."""

from __future__ import annotations

import ctypes
import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import cv2
import numpy as np
from PIL import Image, PngImagePlugin, _imaging
from PIL.TiffImagePlugin import TiffImageFile
from pillow_heif import HeifFile

from frames import heif, isolated, memory
from frames.reducing import reduced, reduced_rows, reduction

# The formats that are read, with their files' extensions. The pages, the API and the commands name formats and limits
# from here; those of the proxies in docker/ are tested against it.
EXTENSIONS = {
    "PNG": ["png"],
    "JPEG": ["jpg", "jpeg"],
    "HEIC": ["heic", "heif"],
    "AVIF": ["avif"],
    "WebP": ["webp"],
    "TIFF": ["tif", "tiff"],
    "BMP": ["bmp"],
    "GIF": ["gif"],
}
MAX_MEGABYTES = 15
MAX_PIXELS = 50_000_000
MAX_SIDE = 10_000

FORMATS = tuple(name.upper() for name in EXTENSIONS if name != "HEIC")  # that Pillow reads, as it names them
*_others, _last = EXTENSIONS
FORMAT_NAMES = f"{', '.join(_others)} or {_last}"
FILE_EXTENSIONS = [extension for extensions in EXTENSIONS.values() for extension in extensions]
MAX_BYTES = MAX_MEGABYTES * 1024 * 1024
SIZE_LIMIT = f"{MAX_MEGABYTES} MB"
# What takes a few milliseconds at most. Of HEIC, AVIF and TIFF nothing does for certain.
QUICK_BYTES, QUICK_PIXELS = 100_000, 1_000_000

# The marker that a file may repeat only so often, by its first bytes. A progressive JPEG has about ten scans, and each
# passes over the whole picture; a PNG has one colour profile, and each may unpack to a megabyte.
REPEATED = {b"\xff\xd8": (b"\xff\xda", 64), b"\x89P": (b"iCCP", 4)}
# In how many pieces a file may be read: some, and one more for so many bytes. A GIF's pieces have 255, and are read
# twice; a picture of a million empty parts would take seconds.
MAX_READS, BYTES_A_READ, BYTES_A_READ_OF_GIF = 5_000, 1_000, 60
# Of TIFFs, as Pillow names them. libtiff knows more, which are made for other things than scans.
COMPRESSIONS = {"raw", "tiff_ccitt", "group3", "group4", "tiff_lzw", "jpeg", "tiff_adobe_deflate", "tiff_deflate"}
COMPRESSIONS |= {"packbits"}


class NotAnImage(ValueError):
    """The bytes are no picture in one of the formats, or a broken or animated one."""

    def __init__(self, message: str = f"This is not a picture that can be read: send a {FORMAT_NAMES}."):
        super().__init__(message)


class ImageTooLarge(ValueError):
    """The file has too many bytes, or the picture too many pixels."""


# What the decoders are known to raise on hostile bytes; to the person who sent it each is a broken file.
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
    cv2.error,
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

FIRST_ON_ITS_SIDE = 5  # of the orientations: from here on, width and height are exchanged

# Anybody may send anything: Pillow's warnings about sizes, which are checked here, and metadata would fill the log.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
PngImagePlugin.MAX_TEXT_MEMORY = 4 * PngImagePlugin.MAX_TEXT_CHUNK  # 4 MB of unpacked text instead of 64
# libtiff writes a line to stderr for every row that is broken, and has no Python way to stop it.
_set_handler = getattr(ctypes.CDLL(_imaging.__file__), "TIFFSetErrorHandler", None)
if _set_handler is not None:
    _set_handler(None)


def decode(data: bytes) -> Image.Image:
    """The picture in a file's bytes, upright, fully loaded, reduced to at most reducing.WORK_SIDE pixels a side.

    The bytes alone decide the format (one of EXTENSIONS), never a name. Of a TIFF the first page is read, of a JPEG or
    HEIC the main picture: previews, gain maps and the like are left out. It takes less than memory.MEMORY.

    Raises ImageTooLarge (over MAX_BYTES, MAX_PIXELS, MAX_SIDE or what this kind of file may have within that memory, by
    its header, before anything is decoded) and NotAnImage (another format, broken, truncated, or animated).
    """
    with _opened(data) as picture, _broken_is("This picture is broken or incomplete: save or send it once more."):
        if isinstance(picture, HeifFile):
            return isolated.decoded(data)  # libheif turns it upright by itself
        small = _small(picture, data)
        turn = UPRIGHT.get(_orientation(picture))
        return small.transpose(turn) if turn is not None else small


def upright_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of the picture in a file's bytes, upright and not reduced. Raises what decode does."""
    with _opened(data) as picture:
        width, height = picture.size
        turned = not isinstance(picture, HeifFile) and _orientation(picture) >= FIRST_ON_ITS_SIDE
    return (height, width) if turned else (width, height)


def is_quick(data: bytes) -> bool:
    """Whether decoding or refusing a file takes a few milliseconds at most, told from its size and its header."""
    if len(data) > QUICK_BYTES or data[4:8] == b"ftyp" or data[:2] in (b"II", b"MM"):
        return False
    try:
        with _opened(data) as picture:
            return picture.size[0] * picture.size[1] <= QUICK_PIXELS
    except (NotAnImage, ImageTooLarge):
        return True


# --- The header -------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image | HeifFile]:
    """A picture of which the header was read, and nothing else yet. Raises what `decode` does."""
    if len(data) > MAX_BYTES:
        raise too_many_bytes()
    limit = REPEATED.get(data[:2])
    if limit and data.count(limit[0]) > limit[1]:
        raise NotAnImage
    if math.prod(_webp_size(data)) > MAX_PIXELS:
        raise too_many_pixels()
    with _broken_is(str(NotAnImage())):
        picture = heif.open_heif(data) if heif.is_heif(data) else Image.open(_BoundedReads(data), formats=FORMATS)
        width, height = picture.size
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
            raise too_many_pixels()
        if heif.moves(data) if isinstance(picture, HeifFile) else _moves(picture):
            raise NotAnImage("This picture moves: send one with a single frame.")
        if isinstance(picture, TiffImageFile) and picture.info["compression"] not in COMPRESSIONS:
            raise NotAnImage("This TIFF is compressed in an unusual way: save it with LZW, or as a PNG.")
        most = memory.largest(picture, data)
        if width * height > most:
            raise too_many_of_this_kind(most)
    with nullcontext() if isinstance(picture, HeifFile) else picture:
        yield picture


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height in a WebP's extended header, otherwise 0: its decoder takes memory for both before it tells."""
    if data[:4] != b"RIFF" or data[8:16] != b"WEBPVP8X":
        return 0, 0
    return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")


@contextmanager
def _broken_is(sentence: str) -> Iterator[None]:
    """What goes wrong inside means that the picture is broken, and is said so."""
    try:
        yield
    except (NotAnImage, ImageTooLarge):
        raise
    except Image.DecompressionBombError as error:
        raise too_many_pixels() from error
    except BROKEN as error:
        raise NotAnImage(sentence) from error


class _BoundedReads(io.BytesIO):
    """A file's bytes for Pillow, read in a bounded number of pieces."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = MAX_READS + len(data) // (BYTES_A_READ_OF_GIF if data.startswith(b"GIF8") else BYTES_A_READ)

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise OSError("There are too many parts in this file.")
        return super().read(size)


def _moves(picture: Image.Image) -> bool:
    """Whether it has frames; those of a TIFF are pages, and those of an MPO the other pictures in a phone's JPEG."""
    return picture.format not in ("MPO", "TIFF") and getattr(picture, "is_animated", False)


# --- The pixels -------------------------------------------------------------------------------------------------------


def _small(picture: Image.Image, data: bytes) -> Image.Image:
    """The picture's pixels as they lie in the file, reduced."""
    if picture.format == "WEBP" and reduction(picture.size) > 1:
        return _small_webp(picture.size, data)
    if picture.format == "AVIF":
        return isolated.decoded(data)
    picture.draft(picture.mode, (1000, 1000))
    picture.load()
    if picture.mode == "LAB":
        return reduced(picture.getchannel("L"))  # Pillow converts it to no other mode
    return reduced(picture)


def _small_webp(size: tuple[int, int], data: bytes) -> Image.Image:
    """A large WebP, reduced. OpenCV unpacks it once; Pillow keeps four copies, of 16 bytes a pixel together."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise OSError("OpenCV finds it broken.")
    mode, stored = ("RGBA", "BGRA") if pixels.shape[2] == 4 else ("RGB", "BGR")

    def rows(top: int, bottom: int) -> Image.Image:
        return Image.frombytes(mode, (size[0], bottom - top), pixels[top:bottom].tobytes(), "raw", stored)

    return reduced_rows(size, rows)


def _orientation(image: Image.Image) -> Any:
    """EXIF's orientation, 1 to 8; 1 where the tag is missing or broken, for the pixels may still be good."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except BROKEN:
        return 1
    return value if isinstance(value, int) else 1


# --- What is too large ------------------------------------------------------------------------------------------------


def too_many_bytes() -> ImageTooLarge:
    """The error that a file over MAX_BYTES gets."""
    return ImageTooLarge(f"This file is too large: send a picture of at most {SIZE_LIMIT}.")


def too_many_pixels() -> ImageTooLarge:
    """The error that a picture over MAX_PIXELS or MAX_SIDE gets."""
    return ImageTooLarge(
        "This picture has too many pixels: "
        f"send one of at most {MAX_PIXELS // 1_000_000} megapixels and {MAX_SIDE:,} a side."
    )


def too_many_of_this_kind(most: int) -> ImageTooLarge:
    """The error of a picture with more pixels than a file of its kind may have, `most`, though not than a JPEG may."""
    return ImageTooLarge(
        f"This kind of picture takes too much memory: send one of at most {most // 1_000_000} megapixels, "
        f"or a JPEG that is not progressive, of at most {MAX_PIXELS // 1_000_000}."
    )
