"""POST /api/read: whole numbers, each digit of them a row; and what /api/predict says to such a picture.

Covers src/web: forms.
"""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from gateway.rates import RateLimit
from support.digits import DIGITS
from support.pictures import one, png, zero
from support.running_app import RunningApp
from support.sketches import painted
from web.whole_numbers import RATE

SESSION = "a session of whole numbers"


def digit(index: int, side: int = 200) -> np.ndarray:
    """One of DIGITS in a square, black on white."""
    strokes = [np.array(stroke) * side for stroke in DIGITS[index][1]]
    return painted(strokes, size=side, pen=14, scale=1, at=(0, 0))


def number(*lines: list[int]) -> Image.Image:
    """Lines of DIGITS, each in its square."""
    return Image.fromarray(np.vstack([np.hstack([digit(index) for index in line]) for line in lines]))


def read(app: RunningApp, picture: Image.Image | bytes, **fields: str) -> httpx.Response:
    data = picture if isinstance(picture, bytes) else png(picture)
    return httpx.post(f"{app.url}/api/read", files={"file": data}, data=fields, timeout=60)


def test_each_digit_of_a_number_is_boxed_read_and_kept(app: RunningApp) -> None:
    answer = read(app, number([5, 0, 5, 13]), session=SESSION).json()
    assert (answer["text"], answer["lines"]) == ("2026", ["2026"])
    for place, each in enumerate(answer["digits"]):
        x, y, width, height = each["box"]
        assert place * 200 <= x
        assert x + width <= (place + 1) * 200
        assert 0 <= y <= y + height <= 200
        assert each["is_digit"]
        assert len(each["probabilities"]) == 10
        assert each["confidence"] == max(each["probabilities"])
    kept = app.sql("SELECT drawing_id::text, predicted_digit, source FROM predictions ORDER BY id DESC LIMIT 4")
    assert sorted(kept) == sorted((each["id"], each["predicted_digit"], "api") for each in answer["digits"])


def test_lines_are_read_from_top_to_bottom(app: RunningApp) -> None:
    answer = read(app, number([5, 0, 5], [13, 15, 17])).json()
    assert answer["text"] == "202\n678"
    assert answer["lines"] == ["202", "678"]
    assert "".join(str(each["predicted_digit"]) for each in answer["digits"]) == "202678"


def test_one_digit_of_a_number_is_corrected_by_itself(app: RunningApp) -> None:
    first, second = read(app, number([5, 13])).json()["digits"]
    said = httpx.post(f"{app.url}/api/feedback", json={"id": second["id"], "label": 0})
    assert said.status_code == 200
    labels = app.sql(
        "SELECT true_label FROM predictions WHERE drawing_id = ANY(%s::uuid[])", [first["id"], second["id"]]
    )
    assert sorted(labels, key=str) == [(0,), (None,)]


@pytest.mark.parametrize("picture", [Image.new("L", (300, 100), 255), Image.new("RGBA", (300, 100))])
def test_a_picture_without_ink_is_a_422(app: RunningApp, picture: Image.Image) -> None:
    answer = read(app, picture)
    assert answer.status_code == 422
    assert list(answer.json()) == ["detail"]


def test_where_nothing_is_a_digit_the_text_is_empty(app: RunningApp) -> None:
    scribble = np.full((200, 200), 255, np.uint8)
    scribble[20:180:16, 20:180] = scribble[20:180, 20:180:16] = 0
    answer = read(app, Image.fromarray(scribble))
    assert answer.status_code == 200
    assert (answer.json()["text"], answer.json()["lines"]) == ("", [])
    assert not any(each["is_digit"] for each in answer.json()["digits"])


def test_more_than_two_hundred_digits_are_refused(app: RunningApp) -> None:
    answer = read(app, Image.fromarray(np.tile(digit(3, 60), (12, 20))))
    assert answer.status_code == 422
    assert "at most 200 digits" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("data", "code"), [(b"no picture", 400), (b"\x89PNG" + bytes(16 * 1024 * 1024), 413), (png(zero())[:200], 400)]
)
def test_what_is_refused_as_one_digit_is_refused_as_several(app: RunningApp, data: bytes, code: int) -> None:
    answer = read(app, data)
    assert answer.status_code == code
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize("fields", [{"model": "gpt"}, {"personal": "yes"}, {"more": "1"}])
def test_a_bad_field_gets_a_sentence(app: RunningApp, fields: dict[str, str]) -> None:
    answer = read(app, one(), **fields)
    assert answer.status_code == 422
    assert list(answer.json()) == ["detail"]


def test_several_digits_are_no_answer_of_one(app: RunningApp) -> None:
    before = app.sql("SELECT count(*) FROM predictions")
    answer = httpx.post(f"{app.url}/api/predict", files={"file": png(number([5, 0, 5, 13]))}, timeout=60)
    assert answer.status_code == 422
    assert "/api/read" in answer.json()["detail"]
    assert app.sql("SELECT count(*) FROM predictions") == before


def test_whatever_else_is_no_digit_has_an_answer(app: RunningApp) -> None:
    scribble = np.full((200, 200), 255, np.uint8)
    scribble[20:180:16, 20:180] = scribble[20:180, 20:180:16] = 0
    answer = httpx.post(f"{app.url}/api/predict", files={"file": png(Image.fromarray(scribble))}, timeout=60)
    assert answer.status_code == 200
    assert answer.json()["is_digit"] is False


def test_it_has_a_bound_of_its_own() -> None:
    from web.api import api

    limits: list[dict[str, Any]] = [each.kwargs for each in api.user_middleware if str(RateLimit) == str(each.cls)]
    assert {"rate": RATE, "only": "/read"} in limits
