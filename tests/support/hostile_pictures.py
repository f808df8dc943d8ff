"""Hostile bytes in a picture's place, each with its outcome: a named error, or None for a picture that is read."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from frames.images import MAX_BYTES, ImageTooLarge, NotAnImage
from support.hostile_heifs import HOSTILE_HEIFS
from support.hostile_tiffs import HOSTILE_TIFFS
from support.pictures import cross, encoded

Outcome = type[Exception] | None

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, body: bytes, crc: int | None = None) -> bytes:
    """A PNG chunk, with a valid checksum unless another is given."""
    right = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", right if crc is None else crc)


def raw_png(width: int, height: int, body: bytes, depth: int = 8, colour: int = 0, extra: bytes = b"") -> bytes:
    """A PNG with any header and any compressed body."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return PNG_SIGNATURE + header + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def blank_rows(width: int, height: int, pixel_bytes: int = 1) -> bytes:
    return zlib.compress(bytes(height * (1 + width * pixel_bytes)), 9)


def animated(kind: str) -> bytes:
    turned = [cross("RGB").rotate(turn) for turn in (0, 30, 60)]
    return encoded(turned[0], kind, save_all=True, append_images=turned[1:], duration=50)


def with_wrong_checksum() -> bytes:
    whole = bytearray(encoded(cross()))
    whole[29] ^= 0xFF
    return bytes(whole)


def with_short_palette() -> bytes:
    """A palette PNG whose pixels point past its two bytes of palette."""
    rows = zlib.compress((b"\x00" + bytes(range(200, 208))) * 8)
    return raw_png(8, 8, rows, colour=3, extra=chunk(b"PLTE", b"\x00\x01"))


def with_text_bomb() -> bytes:
    text = chunk(b"zTXt", b"k\x00\x00" + zlib.compress(bytes(1_000_000), 9))
    return raw_png(8, 8, blank_rows(8, 8), extra=text * 200)


def with_profiles(count: int, size: int) -> bytes:
    profile = chunk(b"iCCP", b"p\x00\x00" + zlib.compress(bytes(size), 9))
    return raw_png(8, 8, blank_rows(8, 8), extra=profile * count)


def jpeg_claiming(width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    whole = encoded(cross(), "JPEG")
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]


def jpeg_of_many_scans() -> bytes:
    """A progressive JPEG whose last scan is repeated a thousand times."""
    whole = encoded(cross(), "JPEG", progressive=True)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + scan * 1000 + whole[-2:]


def raw_bmp(width: int, height: int, bits: int = 24, compression: int = 0) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 16, 0, 0, 54) + header + bytes(16)


def raw_gif(width: int, height: int) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00"
    return screen + frame + b";"


def webp_header(width: int, height: int) -> bytes:
    """An extended WebP whose header claims a size and whose body is missing."""
    body = bytes(4) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    riff = b"WEBPVP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(riff)) + riff


def inserted(whole: bytes, at: int, extra: bytes) -> bytes:
    return whole[:at] + extra + whole[at:]


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("digit.png", bytes(10_000_000))
    return buffer.getvalue()


def noise(signature: bytes, length: int = 4000) -> bytes:
    return signature + np.random.default_rng(len(signature)).bytes(length)


def sixteen_bits() -> bytes:
    levels = np.asarray(cross(), np.uint16) * 257
    return encoded(Image.fromarray(levels))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><title>7</title><img src=x onerror=alert(1)>"

BUILT: dict[str, tuple[Callable[[], bytes], Outcome]] = {
    # Nothing, and other kinds of files.
    "empty": (lambda: b"", NotAnImage),
    "one byte": (lambda: b"\x89", NotAnImage),
    "NUL bytes": (lambda: bytes(5000), NotAnImage),
    "random bytes": (lambda: noise(b""), NotAnImage),
    "text": (lambda: b"seven", NotAnImage),
    "HTML": (lambda: HTML, NotAnImage),
    "SVG": (lambda: SVG, NotAnImage),
    "JSON": (lambda: b'{"image": "7"}', NotAnImage),
    "PDF": (lambda: b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF", NotAnImage),
    "zip bomb": (zipped, NotAnImage),
    "gzip": (lambda: b"\x1f\x8b\x08\x00" + bytes(100), NotAnImage),
    "pickle": (lambda: b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.", NotAnImage),
    "ELF": (lambda: b"\x7fELF\x02\x01\x01" + bytes(200), NotAnImage),
    "numpy file": (lambda: b"\x93NUMPY\x01\x00" + bytes(120), NotAnImage),
    # Formats that are not accepted.
    "ICO": (lambda: encoded(cross("RGBA"), "ICO"), NotAnImage),
    "PPM": (lambda: encoded(cross("RGB"), "PPM"), NotAnImage),
    "TGA": (lambda: encoded(cross("RGB"), "TGA"), NotAnImage),
    "PCX": (lambda: encoded(cross(), "PCX"), NotAnImage),
    "JPEG 2000": (lambda: b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(100), NotAnImage),
    "PSD": (lambda: b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 28, 28, 8, 3) + bytes(100), NotAnImage),
    "EPS": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n(rm) run\n", NotAnImage),
    # A valid signature, then garbage.
    "PNG signature, then noise": (lambda: noise(PNG_SIGNATURE), NotAnImage),
    "PNG signature alone": (lambda: PNG_SIGNATURE, NotAnImage),
    "JPEG signature, then noise": (lambda: noise(b"\xff\xd8\xff\xe0"), NotAnImage),
    "GIF signature, then noise": (lambda: noise(b"GIF89a\x40\x00\x40\x00"), NotAnImage),
    "BMP signature, then noise": (lambda: noise(b"BM"), NotAnImage),
    "WebP signature, then noise": (lambda: noise(b"RIFF\xa0\x0f\x00\x00WEBPVP8 "), NotAnImage),
    # Truncated and broken files.
    "PNG cut in half": (lambda: encoded(cross())[:120], NotAnImage),
    "PNG without its last chunks": (lambda: encoded(cross("RGB"))[:-40], NotAnImage),
    "JPEG cut in half": (lambda: encoded(cross(), "JPEG")[:-300], NotAnImage),
    "GIF cut in half": (lambda: encoded(cross(), "GIF")[:-60], NotAnImage),
    "BMP cut in half": (lambda: encoded(cross(), "BMP")[:-900], NotAnImage),
    "WebP cut in half": (lambda: encoded(cross(), "WEBP", lossless=True)[:-30], NotAnImage),
    "PNG header with a wrong checksum": (with_wrong_checksum, NotAnImage),
    "PNG with half a palette": (with_short_palette, None),
    "PNG without a palette": (lambda: raw_png(8, 8, blank_rows(8, 8), colour=3), None),
    "PNG with a body that is not zlib": (lambda: raw_png(28, 28, b"not zlib at all"), NotAnImage),
    "PNG with too short a body": (lambda: raw_png(28, 28, zlib.compress(bytes(10))), NotAnImage),
    "PNG of zero width": (lambda: raw_png(0, 28, zlib.compress(b"")), NotAnImage),
    "PNG of an unknown depth": (lambda: raw_png(8, 8, blank_rows(8, 8), depth=7), NotAnImage),
    "BMP of an unknown compression": (lambda: raw_bmp(8, 8, 24, 77), NotAnImage),
    "BMP of zero width": (lambda: raw_bmp(0, 8), NotAnImage),
    # Decompression bombs and huge sizes: refused by the header.
    "PNG decompression bomb": (lambda: raw_png(30_000, 30_000, blank_rows(30_000, 100)), ImageTooLarge),
    "PNG of 64 megapixels": (lambda: raw_png(8000, 8000, blank_rows(8000, 8000)), ImageTooLarge),
    "PNG of 42 megapixels in colour": (lambda: raw_png(7000, 6000, b"", colour=2), ImageTooLarge),
    "PNG of 2^31 a side": (lambda: raw_png(2**31 - 1, 2**31 - 1, b""), ImageTooLarge),
    "PNG of 1x20000": (lambda: raw_png(1, 20_000, blank_rows(1, 20_000)), ImageTooLarge),
    "PNG of 20000x1": (lambda: raw_png(20_000, 1, blank_rows(20_000, 1)), ImageTooLarge),
    "JPEG of 65500x65500": (lambda: jpeg_claiming(65_500, 65_500), ImageTooLarge),
    "BMP of 100000x100000": (lambda: raw_bmp(100_000, 100_000), ImageTooLarge),
    "GIF of 65535x65535": (lambda: raw_gif(65_535, 65_535), ImageTooLarge),
    "file over the limit": (lambda: encoded(cross()) + bytes(MAX_BYTES), ImageTooLarge),
    "WebP of 16383x16383": (lambda: webp_header(16_383, 16_383), ImageTooLarge),
    "PNG with a text bomb": (with_text_bomb, NotAnImage),
    "PNG with a colour profile bomb": (lambda: with_profiles(1, 10_000_000), NotAnImage),
    "PNG with many colour profiles": (lambda: with_profiles(1000, 1_000_000), NotAnImage),
    "PNG of many empty chunks": (
        lambda: raw_png(8, 8, blank_rows(8, 8), extra=chunk(b"abCd", b"") * 300_000),
        NotAnImage,
    ),
    "JPEG of many empty comments": (
        lambda: inserted(encoded(cross(), "JPEG"), 2, b"\xff\xfe\x00\x02" * 1_000_000),
        NotAnImage,
    ),
    "JPEG of much padding": (lambda: inserted(encoded(cross(), "JPEG"), 2, b"\xff" * 5_000_000), NotAnImage),
    "GIF of many empty comments": (lambda: raw_gif(8, 8)[:19] + b"!\xfe\x01a\x00" * 900_000, NotAnImage),
    "JPEG of a thousand scans": (jpeg_of_many_scans, NotAnImage),
    # More than one frame.
    "animated GIF": (lambda: animated("GIF"), NotAnImage),
    "animated WebP": (lambda: animated("WEBP"), NotAnImage),
    "animated PNG": (lambda: animated("PNG"), NotAnImage),
    "animated AVIF": (lambda: animated("AVIF"), NotAnImage),
    **HOSTILE_TIFFS,
    **HOSTILE_HEIFS,
    # Unusual, and read all the same.
    "PNG followed by a zip": (lambda: encoded(cross()) + zipped(), None),
    "JPEG followed by HTML": (lambda: encoded(cross(), "JPEG") + HTML, None),
    "GIF that is also a script": (lambda: encoded(cross(), "GIF") + b"*/=1;alert(1)", None),
    "1x1": (lambda: encoded(Image.new("L", (1, 1), 0)), None),
    "16-bit PNG": (sixteen_bits, None),
    "CMYK JPEG": (lambda: encoded(cross("CMYK"), "JPEG"), None),
    "1-bit PNG": (lambda: encoded(cross("1")), None),
    "progressive JPEG": (lambda: encoded(cross("RGB"), "JPEG", progressive=True), None),
    "interlaced palette GIF": (lambda: encoded(cross("P"), "GIF", interlace=1), None),
    "JPEG with broken EXIF": (lambda: encoded(cross(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff"), None),
}

HOSTILE_PICTURES: dict[str, tuple[bytes, Outcome]] = {
    name: (build(), outcome) for name, (build, outcome) in BUILT.items()
}
