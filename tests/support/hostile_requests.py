"""Hostile requests to the API, each with the status code of its response."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field

from PIL import Image

from frames.images import MAX_BYTES
from gateway.bodies import MAX_BODY
from support.hostile_pictures import HTML, blank_rows, raw_png, zipped
from support.pictures import cross, encoded


@dataclass(frozen=True)
class Call:
    """A request, and the status code that it must get."""

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


def form_part(name: str, body: bytes, more: bytes = b"") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"'.encode() + more + b"\r\n\r\n" + body + b"\r\n"


def as_feedback(label: str, code: int = 422, drawing: str = "00000000-0000-4000-8000-000000000000") -> Call:
    """Feedback with its label as raw JSON."""
    return Call("/api/feedback", code, f'{{"id": {json.dumps(drawing)}, "label": {label}}}'.encode())


GOOD = encoded(cross())
GOOD_PART = form_part("file", GOOD, b'; filename="x"')
GOOD_JSON = json.dumps({"image": b64encode(GOOD).decode()}).encode()

HOSTILE_REQUESTS: dict[str, Call] = {
    # Broken base64, or base64 of something else.
    "base64 of nothing": as_base64("", 400),
    "broken base64": as_base64("iVBORw0KGgo=AAAANSUhEUg", 400),
    "base64 without its padding": as_base64(b64encode(GOOD).decode().rstrip("="), 200),
    "base64 of an impossible length": as_base64(b64encode(GOOD).decode().rstrip("=") + "AA", 400),
    "base64 with NUL bytes": as_base64("iVBO\0Rw0", 400),
    "base64 with full-width letters": as_base64("\uff29\uff36\uff22\uff2f", 400),
    "base64 with half a surrogate": as_base64("\ud800", 400),
    "base64 of HTML": as_base64(HTML, 400),
    "base64 of a zip bomb": as_base64(zipped(), 400),
    "base64 of base64": as_base64(b64encode(GOOD), 400),
    "base64 of a decompression bomb": as_base64(raw_png(30_000, 30_000, blank_rows(30_000, 100)), 413),
    "base64 of a blank picture": as_base64(encoded(Image.new("L", (64, 64), 255)), 422),
    "base64 over the limit": as_base64(GOOD + bytes(MAX_BYTES), 413),
    "base64 of mostly white space": as_base64(" " * 5_000_000, 400),
    "a data URL of text": as_base64("data:image/svg+xml,<svg onload=alert(1)>", 400),
    "a data URL of nothing": as_base64("data:;base64,", 400),
    "a URL": as_base64("http://169.254.169.254/latest/meta-data", 400),
    "a path": as_base64("/etc/passwd", 400),
    "a data URL of another type": as_base64("data:text/html;base64," + b64encode(GOOD).decode(), 200),
    "base64 in lines": as_base64("\r\n".join(b64encode(GOOD).decode()), 200),
    # Invalid fields.
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
    # Invalid JSON, or too much of it.
    "no body": as_json(b""),
    "broken JSON": as_json(b'{"image": '),
    "NaN alone": as_json(b"NaN"),
    "null alone": as_json(b"null"),
    "a list": as_json(b"[1, 2]"),
    "NUL bytes as JSON": as_json(bytes(1000)),
    "JSON that is not UTF-8": as_json(b'{"image": "\xff"}', 400),
    "deep JSON": as_json(b"[" * 900 + b"]" * 900),
    "deep JSON, unfinished": as_json(b"[" * 900),
    "JSON of 100,000 levels": as_json(b"[" * 100_000, 413),
    "JSON of a million parts": as_json(b"[" + b"[]," * 1_000_000 + b"1]", 413),
    "a number of 5,000 digits": as_json(b'{"image": ' + b"9" * 5000 + b"}", 400),
    "JSON over the limit": as_json(b'"' + b"a" * MAX_BODY + b'"', 413),
    # Headers that are wrong or too long.
    "JSON as text": as_json(GOOD_JSON, 422, **{"content-type": "text/plain"}),
    "JSON of no type": as_json(GOOD_JSON, 422, **{"content-type": ""}),
    "JSON of a type that is not text": as_json(GOOD_JSON, 422, **{"content-type": "application/\xff\xfe"}),
    "JSON that claims to be compressed": as_json(b"\x1f\x8b\x08\x00", 400, **{"content-encoding": "gzip"}),
    "JSON to the form": as_form(GOOD_JSON, 422, "application/json"),
    "a form to the JSON": as_json(GOOD_PART + b"--b--", 422, **{"content-type": "multipart/form-data; boundary=b"}),
    "a huge header": as_json(GOOD_JSON, 200, cookie="a" * 60_000),
    "two thousand headers": as_json(GOOD_JSON, 200, **{f"x-{n}": "a" for n in range(2000)}),
    # Malformed forms.
    "a form without a boundary": as_form(GOOD_PART + b"--b--", 400, "multipart/form-data"),
    "a form of one letter": as_form(b"x", 400),
    "a form without an end": as_form(GOOD_PART, 422),
    "a form part without a name": as_form(b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", 400),
    "a form part with a huge header": as_form(form_part("file", b"x", b"\r\nX: " + b"a" * 200_000) + b"--b--", 400),
    "a form of two thousand fields": as_form(b"".join(form_part(f"f{n}", b"x") for n in range(2000)) + b"--b--", 400),
    "a form with a huge field": as_form(form_part("session", b"a" * 2_000_000) + b"--b--", 400),
    "a form with an unknown field": as_form(GOOD_PART + form_part("admin", b"1") + b"--b--", 422),
    "a form with a picture as the model": as_form(GOOD_PART + form_part("model", GOOD) + b"--b--", 422),
    "a form that is a URL": as_form(b"file=http://localhost/", 422, "application/x-www-form-urlencoded"),
    # Feedback.
    "a label of 10": as_feedback("10"),
    "a label of -1": as_feedback("-1"),
    "a label that is true": as_feedback("true"),
    "a label that is 7.0": as_feedback("7.0"),
    "a label that is text": as_feedback('"7"'),
    "a label that is null": as_feedback("null"),
    "a label that is NaN": as_feedback("NaN"),
    "a label that is infinite": as_feedback("1e400"),
    "a label of 5,000 digits": as_feedback("9" * 5000, 400),
    "a label and another field": as_feedback('7, "review": "approved"'),
    "an unknown id": as_feedback("7", 404),
    "an id of NUL bytes": as_feedback("7", drawing="\0" * 36),
    "an id that is SQL": as_feedback("7", drawing="' OR true; --"),
    "an id in braces": as_feedback("7", drawing="{00000000-0000-4000-8000-000000000000}"),
    "an id without its hyphens": as_feedback("7", drawing="00000000000040008000000000000000"),
    # Paths and methods.
    "an unknown path": Call("/api/nothing", 404, b"", {}, "GET"),
    "NUL in the path": Call("/api/models/x%00", 404, b"", {}, "GET"),
    "a line break in the path": Call("/api/models/a%0Ab", 404, b"", {}, "GET"),
    "invalid UTF-8 in the path": Call("/api/models/%FF", 404, b"", {}, "GET"),
    "a path to a parent folder": Call("/api/models/..%2F..%2Fpredict", 404, b"", {}, "GET"),
    "a path into the package": Call("/api/docs/files/..%2F__init__.py", 404, b"", {}, "GET"),
    "a path of 50,000 letters": Call("/api/models/" + "a" * 50_000, 404, b"", {}, "GET"),
    "the wrong method": Call("/api/predict", 405, b"", {}, "GET"),
    "an unknown method": Call("/api/stats", 405, b"", {}, "BREW"),
}
