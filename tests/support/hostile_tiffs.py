"""Hostile TIFFs, each with its outcome: a named error, or None for one that is read."""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image

from frames.images import ImageTooLarge, NotAnImage
from support.pictures import cross, encoded

Tag = tuple[int, int, int, int]  # number, type (3 short, 4 long), count, value or place

GREY = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 273: 400, 277: 1, 278: 64, 279: 64 * 64}


def raw_tiff(changed: dict[int, int | None], extra: tuple[Tag, ...] = (), following: int = 0) -> bytes:
    """A black TIFF of 64 x 64 with some tags changed, or left out where None."""
    values = {number: value for number, value in (GREY | changed).items() if value is not None}
    tags = [(number, 4, 1, value) for number, value in values.items() if number not in {tag[0] for tag in extra}]
    directory = b"".join(struct.pack("<HHII", *tag) for tag in sorted([*tags, *extra]))
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(directory) // 12) + directory
    return (head + struct.pack("<I", following)).ljust(400, b"\0") + bytes(64 * 64)


def of_pages(count: int) -> bytes:
    """A TIFF whose first page is good, and whose other pages are empty directories in a row."""
    first = raw_tiff({}, following=400 + 4096)
    return first + b"".join(struct.pack("<HI", 0, len(first) + 6 * (n + 1)) for n in range(count))


def of_lists(count: int) -> bytes:
    """A TIFF of one row a strip, which names far more strips than it has rows; all of them begin at its start."""
    extra: tuple[Tag, ...] = ((273, 4, count, 4496), (279, 4, count, 4496))
    return raw_tiff({259: 5, 278: 1}, extra) + bytes(4 * count)


def cut(compression: str, mode: str = "RGB") -> bytes:
    whole = encoded(cross(mode), "TIFF", compression=compression)
    return whole[: len(whole) // 2]


def with_profile(size: int) -> bytes:
    return encoded(cross(), "TIFF", icc_profile=bytes(size))


HOSTILE_TIFFS: dict[str, tuple[Callable[[], bytes], type[Exception] | None]] = {
    "TIFF signature, then noise": (lambda: b"II*\0" + bytes(range(256)) * 10, NotAnImage),
    "TIFF without a directory": (lambda: b"MM\0*\0\0\0\x08", NotAnImage),
    "TIFF whose directory is itself": (lambda: b"II*\0\0\0\0\0", NotAnImage),
    "TIFF of 65535x65535": (lambda: raw_tiff({256: 65_535, 257: 65_535}), ImageTooLarge),
    "TIFF of 2^32 - 1 a side": (lambda: raw_tiff({256: 2**32 - 1, 257: 2**32 - 1}), ImageTooLarge),
    "TIFF of 49 megapixels in floats": (lambda: raw_tiff({256: 7000, 257: 7000, 258: 32, 339: 3}), ImageTooLarge),
    "TIFF of 49 megapixels in one packed strip": (
        lambda: raw_tiff({256: 7000, 257: 7000, 258: 16, 259: 5, 278: 7000}),
        ImageTooLarge,
    ),
    "TIFF of 36 megapixels in one tile": (
        lambda: raw_tiff({256: 6000, 257: 6000, 259: 5, 322: 2**16, 323: 2**16, 324: 400, 325: 9}),
        ImageTooLarge,
    ),
    "TIFF of zero width": (lambda: raw_tiff({256: 0}), NotAnImage),
    "TIFF without a height": (lambda: raw_tiff({257: None}), NotAnImage),
    "TIFF of an unknown depth": (lambda: raw_tiff({258: 7}), NotAnImage),
    "TIFF of an unknown compression": (lambda: raw_tiff({259: 4711}), NotAnImage),
    "TIFF in ZStandard": (lambda: raw_tiff({259: 50_000}), NotAnImage),
    "TIFF in WebP": (lambda: raw_tiff({259: 50_001}), NotAnImage),
    "TIFF in LZMA": (lambda: raw_tiff({259: 34_925}), NotAnImage),
    "TIFF in ThunderScan": (lambda: raw_tiff({259: 32_809}), NotAnImage),
    "TIFF whose strip lies beyond its end": (lambda: raw_tiff({273: 2**31}), NotAnImage),
    "TIFF of a million strips": (lambda: of_lists(1_000_000), NotAnImage),
    "TIFF of 65535 tags": (lambda: b"II*\0\x08\0\0\0\xff\xff" + bytes(range(12)) * 65_535, NotAnImage),
    "TIFF with a tag of 4 GB": (lambda: raw_tiff({}, ((34_675, 7, 2**32 - 1, 8),)), None),
    "TIFF with a colour profile of 10 MB": (lambda: with_profile(10_000_000), None),
    "TIFF cut in half": (lambda: encoded(cross("RGB"), "TIFF")[:5000], NotAnImage),
    "TIFF in LZW cut in half": (lambda: cut("tiff_lzw"), NotAnImage),
    "TIFF in deflate cut in half": (lambda: cut("tiff_adobe_deflate"), NotAnImage),
    "TIFF in JPEG cut in half": (lambda: cut("jpeg"), NotAnImage),
    # Unusual, and read all the same.
    "TIFF whose pages are a circle": (lambda: raw_tiff({}, following=8), None),
    "TIFF of 100,000 pages": (lambda: of_pages(100_000), None),
    "TIFF of 12 bits in 16": (lambda: encoded(Image.new("I;16", (40, 40), 4095), "TIFF"), None),
    "TIFF in CIELAB": (lambda: encoded(cross("RGB").convert("LAB"), "TIFF"), None),
    "TIFF of the largest floats": (lambda: encoded(Image.new("F", (40, 40), -3e38), "TIFF"), None),
}
