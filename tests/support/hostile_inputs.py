"""What nobody should send.

HOSTILE has bytes in a picture's place, each with what becomes of it: a named error, or None for a picture that is read.
HOSTILE_REQUESTS has whole requests to the API, each with the code of its answer.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from frames.images import MAX_BYTES, ImageTooLarge, NotAnImage

Outcome = type[Exception] | None

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def picture(mode: str = "L", size: tuple[int, int] = (64, 64)) -> Image.Image:
    """A dark cross on light ground."""
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.line([(width // 4, height // 4), (3 * width // 4, 3 * height // 4)], fill=0, width=5)
    draw.line([(3 * width // 4, height // 4), (width // 4, 3 * height // 4)], fill=0, width=5)
    return image.convert(mode)


def file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, body: bytes, crc: int | None = None) -> bytes:
    """A PNG chunk, its checksum right unless another is given."""
    right = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", right if crc is None else crc)


def png(width: int, height: int, body: bytes, depth: int = 8, colour: int = 0, extra: bytes = b"") -> bytes:
    """A PNG of any header over any compressed body."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return PNG_MAGIC + header + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def blank_rows(width: int, height: int, pixel_bytes: int = 1) -> bytes:
    return zlib.compress(bytes(height * (1 + width * pixel_bytes)), 9)


def frames(kind: str) -> bytes:
    turned = [picture("RGB").rotate(turn) for turn in (0, 30, 60)]
    return file(turned[0], kind, save_all=True, append_images=turned[1:], duration=50)


def with_crc_broken() -> bytes:
    whole = bytearray(file(picture()))
    whole[29] ^= 0xFF
    return bytes(whole)


def with_palette_broken() -> bytes:
    """A palette PNG whose pixels point past its two bytes of palette."""
    rows = zlib.compress((b"\x00" + bytes(range(200, 208))) * 8)
    return png(8, 8, rows, colour=3, extra=chunk(b"PLTE", b"\x00\x01"))


def with_text_bomb() -> bytes:
    text = chunk(b"zTXt", b"k\x00\x00" + zlib.compress(bytes(1_000_000), 9))
    return png(8, 8, blank_rows(8, 8), extra=text * 200)


def with_profiles(count: int, size: int) -> bytes:
    profile = chunk(b"iCCP", b"p\x00\x00" + zlib.compress(bytes(size), 9))
    return png(8, 8, blank_rows(8, 8), extra=profile * count)


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    whole = file(picture(), "JPEG")
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]


def jpeg_of_many_scans() -> bytes:
    """A progressive JPEG whose last scan is repeated a thousand times."""
    whole = file(picture(), "JPEG", progressive=True)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + scan * 1000 + whole[-2:]


def bmp_of(width: int, height: int, bits: int = 24, compression: int = 0) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 16, 0, 0, 54) + header + bytes(16)


def gif_of(width: int, height: int) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00"
    return screen + frame + b";"


def webp_of(width: int, height: int) -> bytes:
    """An extended WebP whose header claims a size and whose body is missing."""
    body = bytes(4) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    riff = b"WEBPVP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(riff)) + riff


def after(whole: bytes, at: int, stuffing: bytes) -> bytes:
    return whole[:at] + stuffing + whole[at:]


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("digit.png", bytes(10_000_000))
    return buffer.getvalue()


def noise(magic: bytes, length: int = 4000) -> bytes:
    return magic + np.random.default_rng(len(magic)).bytes(length)


def sixteen_bits() -> bytes:
    levels = np.asarray(picture(), np.uint16) * 257
    return file(Image.fromarray(levels))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><title>7</title><img src=x onerror=alert(1)>"

BUILT: dict[str, tuple[Callable[[], bytes], Outcome]] = {
    # Nothing, and things that are no pictures at all.
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
    # Pictures of kinds that are not taken.
    "TIFF": (lambda: file(picture(), "TIFF"), NotAnImage),
    "ICO": (lambda: file(picture("RGBA"), "ICO"), NotAnImage),
    "PPM": (lambda: file(picture("RGB"), "PPM"), NotAnImage),
    "TGA": (lambda: file(picture("RGB"), "TGA"), NotAnImage),
    "PCX": (lambda: file(picture(), "PCX"), NotAnImage),
    "JPEG 2000": (lambda: b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(100), NotAnImage),
    "PSD": (lambda: b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 28, 28, 8, 3) + bytes(100), NotAnImage),
    "EPS": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n(rm) run\n", NotAnImage),
    "AVIF": (lambda: b"\x00\x00\x00\x1cftypavif" + bytes(100), NotAnImage),
    # The right first bytes, and nothing sound behind them.
    "PNG magic, then noise": (lambda: noise(PNG_MAGIC), NotAnImage),
    "PNG magic alone": (lambda: PNG_MAGIC, NotAnImage),
    "JPEG magic, then noise": (lambda: noise(b"\xff\xd8\xff\xe0"), NotAnImage),
    "GIF magic, then noise": (lambda: noise(b"GIF89a\x40\x00\x40\x00"), NotAnImage),
    "BMP magic, then noise": (lambda: noise(b"BM"), NotAnImage),
    "WebP magic, then noise": (lambda: noise(b"RIFF\xa0\x0f\x00\x00WEBPVP8 "), NotAnImage),
    # Truncated and broken files.
    "PNG cut in half": (lambda: file(picture())[:120], NotAnImage),
    "PNG without its last chunks": (lambda: file(picture("RGB"))[:-40], NotAnImage),
    "JPEG cut in half": (lambda: file(picture(), "JPEG")[:-300], NotAnImage),
    "GIF cut in half": (lambda: file(picture(), "GIF")[:-60], NotAnImage),
    "BMP cut in half": (lambda: file(picture(), "BMP")[:-900], NotAnImage),
    "WebP cut in half": (lambda: file(picture(), "WEBP", lossless=True)[:-30], NotAnImage),
    "PNG header with a wrong checksum": (with_crc_broken, NotAnImage),
    "PNG with half a palette": (with_palette_broken, None),
    "PNG without a palette": (lambda: png(8, 8, blank_rows(8, 8), colour=3), None),
    "PNG with a body that is no zlib": (lambda: png(28, 28, b"not zlib at all"), NotAnImage),
    "PNG with too short a body": (lambda: png(28, 28, zlib.compress(bytes(10))), NotAnImage),
    "PNG of no width": (lambda: png(0, 28, zlib.compress(b"")), NotAnImage),
    "PNG of an unknown depth": (lambda: png(8, 8, blank_rows(8, 8), depth=7), NotAnImage),
    "BMP of an unknown compression": (lambda: bmp_of(8, 8, 24, 77), NotAnImage),
    "BMP of no width": (lambda: bmp_of(0, 8), NotAnImage),
    # Bombs, and sizes beyond reason: refused from the header.
    "PNG decompression bomb": (lambda: png(30_000, 30_000, blank_rows(30_000, 100)), ImageTooLarge),
    "PNG of 25 megapixels": (lambda: png(5000, 5000, blank_rows(5000, 5000)), ImageTooLarge),
    "PNG of 2^31 a side": (lambda: png(2**31 - 1, 2**31 - 1, b""), ImageTooLarge),
    "PNG of 1x20000": (lambda: png(1, 20_000, blank_rows(1, 20_000)), ImageTooLarge),
    "PNG of 20000x1": (lambda: png(20_000, 1, blank_rows(20_000, 1)), ImageTooLarge),
    "JPEG of 65500x65500": (lambda: jpeg_of(65_500, 65_500), ImageTooLarge),
    "BMP of 100000x100000": (lambda: bmp_of(100_000, 100_000), ImageTooLarge),
    "GIF of 65535x65535": (lambda: gif_of(65_535, 65_535), ImageTooLarge),
    "file over 5 MB": (lambda: file(picture()) + bytes(MAX_BYTES), ImageTooLarge),
    "WebP of 16383x16383": (lambda: webp_of(16_383, 16_383), ImageTooLarge),
    "PNG with a bomb of text": (with_text_bomb, NotAnImage),
    "PNG with a bomb of a colour profile": (lambda: with_profiles(1, 10_000_000), NotAnImage),
    "PNG with many colour profiles": (lambda: with_profiles(1000, 1_000_000), NotAnImage),
    "PNG of many empty chunks": (lambda: png(8, 8, blank_rows(8, 8), extra=chunk(b"abCd", b"") * 300_000), NotAnImage),
    "JPEG of many empty remarks": (
        lambda: after(file(picture(), "JPEG"), 2, b"\xff\xfe\x00\x02" * 1_000_000),
        NotAnImage,
    ),
    "JPEG of much padding": (lambda: after(file(picture(), "JPEG"), 2, b"\xff" * 5_000_000), NotAnImage),
    "GIF of many empty remarks": (lambda: gif_of(8, 8)[:19] + b"!\xfe\x01a\x00" * 900_000, NotAnImage),
    "JPEG of a thousand scans": (jpeg_of_many_scans, NotAnImage),
    # More than one frame.
    "animated GIF": (lambda: frames("GIF"), NotAnImage),
    "animated WebP": (lambda: frames("WEBP"), NotAnImage),
    "animated PNG": (lambda: frames("PNG"), NotAnImage),
    # Odd, and read all the same.
    "PNG with a zip behind it": (lambda: file(picture()) + zipped(), None),
    "JPEG with HTML behind it": (lambda: file(picture(), "JPEG") + HTML, None),
    "GIF that is also a script": (lambda: file(picture(), "GIF") + b"*/=1;alert(1)", None),
    "1x1": (lambda: file(Image.new("L", (1, 1), 0)), None),
    "16-bit PNG": (sixteen_bits, None),
    "CMYK JPEG": (lambda: file(picture("CMYK"), "JPEG"), None),
    "1-bit PNG": (lambda: file(picture("1")), None),
    "progressive JPEG": (lambda: file(picture("RGB"), "JPEG", progressive=True), None),
    "interlaced palette GIF": (lambda: file(picture("P"), "GIF", interlace=1), None),
    "JPEG with broken EXIF": (lambda: file(picture(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff"), None),
}

HOSTILE: dict[str, tuple[bytes, Outcome]] = {name: (build(), outcome) for name, (build, outcome) in BUILT.items()}


@dataclass(frozen=True)
class Call:
    """A request, and the code of the answer that it must get."""

    path: str
    code: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    method: str = "POST"


def as_base64(image: str | bytes, code: int, **fields: object) -> Call:
    text = image if isinstance(image, str) else b64encode(image).decode()
    return Call("/api/predict/base64", code, json.dumps({"image": text} | fields).encode())


def as_json(body: bytes, code: int = 422, **headers: str) -> Call:
    return Call("/api/predict/base64", code, body, {"content-type": "application/json"} | headers)


def as_form(body: bytes, code: int, kind: str = "multipart/form-data; boundary=b") -> Call:
    return Call("/api/predict", code, body, {"content-type": kind})


def part(name: str, body: bytes, more: bytes = b"") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"'.encode() + more + b"\r\n\r\n" + body + b"\r\n"


def says(label: str, code: int = 422, drawing: str = "00000000-0000-4000-8000-000000000000") -> Call:
    """Feedback, its label as it stands in the JSON."""
    return Call("/api/feedback", code, f'{{"id": {json.dumps(drawing)}, "label": {label}}}'.encode())


GOOD = file(picture())
GOOD_PART = part("file", GOOD, b'; filename="x"')
GOOD_JSON = json.dumps({"image": b64encode(GOOD).decode()}).encode()

HOSTILE_REQUESTS: dict[str, Call] = {
    # base64 that is none, or of something else.
    "base64 of nothing": as_base64("", 400),
    "broken base64": as_base64("iVBORw0KGgo=AAAANSUhEUg", 400),
    "base64 without its padding": as_base64(b64encode(GOOD).decode().rstrip("=")[:-1], 400),
    "base64 with NUL bytes": as_base64("iVBO\0Rw0", 400),
    "base64 with letters from elsewhere": as_base64("\uff29\uff36\uff22\uff2f", 400),
    "base64 with half a surrogate": as_base64("\ud800", 400),
    "base64 of HTML": as_base64(HTML, 400),
    "base64 of a zip bomb": as_base64(zipped(), 400),
    "base64 of base64": as_base64(b64encode(GOOD), 400),
    "base64 of a decompression bomb": as_base64(png(30_000, 30_000, blank_rows(30_000, 100)), 413),
    "base64 of a blank picture": as_base64(file(Image.new("L", (64, 64), 255)), 422),
    "base64 over 5 MB": as_base64(GOOD + bytes(4 * 1024 * 1024), 413),
    "base64 of much white space": as_base64(" " * 5_000_000, 400),
    "a data URL of text": as_base64("data:image/svg+xml,<svg onload=alert(1)>", 400),
    "a data URL of nothing": as_base64("data:;base64,", 400),
    "an address": as_base64("http://169.254.169.254/latest/meta-data", 400),
    "a path": as_base64("/etc/passwd", 400),
    "a data URL that lies": as_base64("data:text/html;base64," + b64encode(GOOD).decode(), 200),
    "base64 in lines": as_base64("\r\n".join(b64encode(GOOD).decode()), 200),
    # Fields that do not fit.
    "an image that is a number": as_json(b'{"image": 7}'),
    "an image that is null": as_json(b'{"image": null}'),
    "an image that is a list": as_json(b'{"image": ["aGk="]}'),
    "an image that is NaN": as_json(b'{"image": NaN}'),
    "no image": as_json(b"{}"),
    "an unknown field": as_base64(GOOD, 422, admin=True),
    "an unknown field of a million letters": as_base64(GOOD, 422, **{"a" * 1_000_000: 1}),
    "an unknown model": as_base64(GOOD, 422, model="../../etc/passwd"),
    "a model that is true": as_base64(GOOD, 422, model=True),
    "a session that is too long": as_base64(GOOD, 422, session="s" * 201),
    "a session with half a surrogate": as_base64(GOOD, 422, session="\ud800"),
    "a session with NUL bytes": as_base64(GOOD, 200, session="\0"),
    "a session that is SQL": as_base64(GOOD, 200, session="'; DROP TABLE predictions; --"),
    # JSON that is none, or too much of it.
    "no body": as_json(b""),
    "broken JSON": as_json(b'{"image": '),
    "NaN alone": as_json(b"NaN"),
    "null alone": as_json(b"null"),
    "a list": as_json(b"[1, 2]"),
    "NUL bytes for JSON": as_json(bytes(1000)),
    "JSON that is not UTF-8": as_json(b'{"image": "\xff"}', 400),
    "deep JSON": as_json(b"[" * 900 + b"]" * 900),
    "deep JSON without end": as_json(b"[" * 900),
    "JSON of 100,000 levels": as_json(b"[" * 100_000, 413),
    "JSON of a million parts": as_json(b"[" + b"[]," * 1_000_000 + b"1]", 413),
    "a number of 5,000 digits": as_json(b'{"image": ' + b"9" * 5000 + b"}", 400),
    "JSON over 5 MB": as_json(b'"' + b"a" * 5_500_000 + b'"', 413),
    # Headers that lie, or are too long.
    "JSON as text": as_json(GOOD_JSON, 422, **{"content-type": "text/plain"}),
    "JSON of no type": as_json(GOOD_JSON, 422, **{"content-type": ""}),
    "JSON of a type that is no text": as_json(GOOD_JSON, 422, **{"content-type": "application/\xff\xfe"}),
    "JSON that claims to be packed": as_json(b"\x1f\x8b\x08\x00", 400, **{"content-encoding": "gzip"}),
    "JSON to the form": as_form(GOOD_JSON, 422, "application/json"),
    "a form to the JSON": as_json(GOOD_PART + b"--b--", 422, **{"content-type": "multipart/form-data; boundary=b"}),
    "a huge header": as_json(GOOD_JSON, 200, cookie="a" * 60_000),
    "two thousand headers": as_json(GOOD_JSON, 200, **{f"x-{n}": "a" for n in range(2000)}),
    # Forms that are none.
    "a form without a boundary": as_form(GOOD_PART + b"--b--", 400, "multipart/form-data"),
    "a form of one letter": as_form(b"x", 400),
    "a form without an end": as_form(GOOD_PART, 422),
    "a form part without a name": as_form(b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", 400),
    "a form part with a huge header": as_form(part("file", b"x", b"\r\nX: " + b"a" * 200_000) + b"--b--", 400),
    "a form of two thousand fields": as_form(b"".join(part(f"f{n}", b"x") for n in range(2000)) + b"--b--", 400),
    "a form with a huge field": as_form(part("session", b"a" * 2_000_000) + b"--b--", 400),
    "a form with an unknown field": as_form(GOOD_PART + part("admin", b"1") + b"--b--", 422),
    "a form with a picture for a model": as_form(GOOD_PART + part("model", GOOD) + b"--b--", 422),
    "a form that is an address": as_form(b"file=http://localhost/", 422, "application/x-www-form-urlencoded"),
    # Feedback.
    "a label of 10": says("10"),
    "a label of -1": says("-1"),
    "a label that is true": says("true"),
    "a label that is 7.0": says("7.0"),
    "a label that is text": says('"7"'),
    "a label that is null": says("null"),
    "a label that is NaN": says("NaN"),
    "a label that is infinite": says("1e400"),
    "a label of 5,000 digits": says("9" * 5000, 400),
    "a label and more": says('7, "review": "approved"'),
    "an unknown id": says("7", 404),
    "an id of NUL bytes": says("7", drawing="\0" * 36),
    "an id that is SQL": says("7", drawing="' OR true; --"),
    "an id in braces": says("7", drawing="{00000000-0000-4000-8000-000000000000}"),
    "an id without its hyphens": says("7", drawing="00000000000040008000000000000000"),
    # Addresses and methods.
    "nothing there": Call("/api/nothing", 404, b"", {}, "GET"),
    "NUL in the address": Call("/api/models/x%00", 404, b"", {}, "GET"),
    "a line break in the address": Call("/api/models/a%0Ab", 404, b"", {}, "GET"),
    "no UTF-8 in the address": Call("/api/models/%FF", 404, b"", {}, "GET"),
    "a way up": Call("/api/models/..%2F..%2Fpredict", 404, b"", {}, "GET"),
    "a way into the package": Call("/api/docs/files/..%2F__init__.py", 404, b"", {}, "GET"),
    "an address of 50,000 letters": Call("/api/models/" + "a" * 50_000, 404, b"", {}, "GET"),
    "the wrong method": Call("/api/predict", 405, b"", {}, "GET"),
    "an unknown method": Call("/api/stats", 405, b"", {}, "BREW"),
}
