"""Valid files and bodies, damaged at random: the same for the same number, so that any finding can be had again.

Faster by far than a fuzzer that looks for coverage, and damaged checksums are repaired, so that what is wrong lies
behind them, where the decoders are.
"""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from PIL import Image

from support.pictures import cross, encoded, heic, one

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
ISOLATED = ("HEIC", "AVIF")
"""Decoded in a process of their own each, which takes long to start: they come seldom."""
RARE = 200


def numbers_row() -> Image.Image:
    """Three strokes side by side: a picture of more than one digit."""
    row = Image.new("L", (240, 90), 255)
    for left in (0, 80, 160):
        row.paste(one().resize((80, 80)), (left, 5))
    return row


@cache
def files() -> dict[str, bytes]:
    """A small valid file of every kind, by its name."""
    colour, alpha = cross("RGB"), cross("RGBA")
    turned = Image.Exif()
    turned[0x0112] = 6
    made = {
        "PNG": encoded(cross()),
        "PNG, colour": encoded(colour),
        "PNG, alpha": encoded(alpha),
        "PNG, palette": encoded(cross("P")),
        "PNG, one bit": encoded(cross("1")),
        "PNG, 16 bits": encoded(Image.new("I;16", (40, 40), 40_000)),
        "PNG, three digits": encoded(numbers_row()),
        "JPEG": encoded(colour, "JPEG"),
        "JPEG, grey": encoded(cross(), "JPEG"),
        "JPEG, progressive": encoded(colour, "JPEG", progressive=True),
        "JPEG, CMYK": encoded(cross("CMYK"), "JPEG"),
        "JPEG, turned": encoded(colour, "JPEG", exif=turned),
        "WebP": encoded(colour, "WEBP"),
        "WebP, lossless": encoded(alpha, "WEBP", lossless=True),
        "BMP": encoded(colour, "BMP"),
        "BMP, palette": encoded(cross("P"), "BMP"),
        "GIF": encoded(cross("P"), "GIF"),
        "HEIC": heic(colour),
        "AVIF": encoded(colour, "AVIF"),
    }
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "group4"):
        image = cross("1") if compression == "group4" else colour
        made[f"TIFF, {compression}"] = encoded(image, "TIFF", compression=compression)
    return made


# --- Damage -----------------------------------------------------------------------------------------------------------


def flip(data: bytearray, dice: random.Random) -> None:
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def set_byte(data: bytearray, dice: random.Random) -> None:
    data[dice.randrange(len(data))] = dice.randrange(256)


def set_number(data: bytearray, dice: random.Random) -> None:
    """A number at the border of what its size holds, in either order of its bytes, most often in the header."""
    size, order = dice.choice((2, 4)), dice.choice("<>")
    at = dice.randrange(min(len(data), dice.choice((64, 256, len(data)))))
    number = dice.choice(INTERESTING) & (1 << 8 * size) - 1
    data[at : at + size] = struct.pack(f"{order}{'H' if size == 2 else 'I'}", number)


def cut(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data)) :]


def leave_out(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    del data[at : at + dice.choice((1, 2, 4, 16, 100))]


def repeat(data: bytearray, dice: random.Random) -> None:
    at, size = dice.randrange(len(data)), dice.choice((1, 4, 16, 100))
    data[at:at] = data[at : at + size] * dice.choice((1, 2, 50))


def splice(data: bytearray, dice: random.Random) -> None:
    """The rest of another file."""
    other = files()[dice.choice(sorted(files()))]
    data[dice.randrange(len(data)) :] = other[dice.randrange(len(other)) :]


DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flip,
    flip,
    set_byte,
    set_byte,
    set_number,
    set_number,
    cut,
    leave_out,
    repeat,
    splice,
)


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Some bytes of a file, damaged in one to six ways, with the checksums of a PNG's parts mostly repaired."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 3, 6))):
        if changed:
            dice.choice(DAMAGES)(changed, dice)
    return repaired(bytes(changed)) if dice.random() < 0.8 else bytes(changed)


def repaired(data: bytes) -> bytes:
    """A PNG with the checksums that its parts should have; any other file as it is."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return data
    out, at = [data[:8]], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            break
        part = data[at + 4 : at + 8 + length]
        out.append(data[at : at + 4] + part + struct.pack(">I", zlib.crc32(part)))
        at += 12 + length
    return b"".join([*out, data[at:]])


def picture(number: int) -> tuple[str, bytes]:
    """The kind of the file that was damaged, and what has become of it."""
    dice = random.Random(number)
    kinds = [kind for kind in sorted(files()) if kind not in ISOLATED]
    kind = ISOLATED[number // RARE % 2] if number % RARE == 0 else dice.choice(kinds)
    return kind, damaged(files()[kind], dice)


# --- Bodies -----------------------------------------------------------------------------------------------------------


class Body(NamedTuple):
    """A request's path, the header content-type, and its body."""

    path: str
    kind: str
    content: bytes


STROKES = {
    "id": "3e0a6d9c-4f0b-4b0c-9a3f-2b8f7f4f6f10",
    "revision": 5,
    "model": "cnn",
    "side": 480,
    "pen": 26,
    "strokes": "40 20 41.5 60 42 130/20 60 90 61",
    "up": False,
}
SAID = {"id": STROKES["id"], "revision": 5, "model": "cnn", "strokes": 2, "label": 7}
VALUES: tuple[object, ...] = (
    *(None, True, -1, 0, 0.1, 1e308, 2**63),
    *("", "x", "7", "null", "\0", "9" * 400, "../..", "\u202e"),
    *([], {}, [[]]),
)


def form(name: str, content: bytes) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="x"\r\n\r\n'
    return head.encode() + content + b"\r\n--b--\r\n"


def body(number: int) -> Body:
    """A malformed call: a damaged picture in a good form, a good picture in a damaged form, or damaged JSON."""
    dice = random.Random(-number - 1)
    kinds = [kind for kind in sorted(files()) if kind not in ISOLATED]
    good, multipart = files()[dice.choice(kinds)], "multipart/form-data; boundary=b"
    path = dice.choice(("/api/predict", "/api/read"))
    match dice.randrange(7):
        case 0:
            return Body(path, multipart, form("file", damaged(good, dice)))
        case 1:
            return Body(path, multipart, damaged(form("file", good), dice))
        case 2:
            return Body(path, dice.choice((multipart, "multipart/form-data", "text/plain", "")), damaged(good, dice))
        case 3:
            image = base64.b64encode(damaged(good, dice)).decode()
            return _json("/api/predict/base64", {"image": image, "model": "cnn"}, dice)
        case 4:
            return _json("/api/strokes", STROKES, dice)
        case 5:
            return _json("/api/said", SAID, dice)
        case _:
            return _json("/api/feedback", {"id": STROKES["id"], "label": 7}, dice)


def _json(path: str, fields: dict[str, object], dice: random.Random) -> Body:
    """The same fields, some with odd values, or their text damaged, or both."""
    changed = dict(fields)
    for name in fields:
        if dice.random() < 0.3:
            changed[dice.choice((name, name, "more"))] = dice.choice(VALUES)
    text = json.dumps(changed).encode()
    return Body(path, "application/json", damaged(text, dice) if dice.random() < 0.6 else text)
