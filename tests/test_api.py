"""The API of the app that is really running: answers, rows and kind errors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from hostile_inputs import HOSTILE
from images import MAX_BYTES, ImageTooLarge, NotAnImage
from ink import NoInk
from pictures import one, png, zero
from running_app import RunningApp

CODES: dict[type[Exception], int] = {NotAnImage: 400, ImageTooLarge: 413, NoInk: 422}


def predict(app: RunningApp, data: bytes, **fields: str) -> httpx.Response:
    return httpx.post(f"{app.url}/api/predict", files={"file": ("x.txt", data, "text/plain")}, data=fields, timeout=30)


@pytest.mark.parametrize("model", ["cnn", "linear"])
def test_a_digit_is_read_and_its_row_is_there_with_the_answer(app: RunningApp, model: str) -> None:
    answer = predict(app, png(zero()), model=model).json()
    assert answer["predicted_digit"] == 0
    assert answer["probabilities"][0] == answer["confidence"] == max(answer["probabilities"])
    assert sum(answer["probabilities"]) == pytest.approx(1)
    assert answer["is_digit"]
    assert (answer["model"], answer["model_version"]) == (model, 1)
    row = app.sql(
        "SELECT predicted_digit, confidence, source, visitor, model, true_label FROM predictions WHERE drawing_id = %s",
        answer["id"],
    )
    assert row == [(0, pytest.approx(answer["confidence"]), "api", None, model, None)]


def test_the_cnn_is_asked_unless_another_is_named(app: RunningApp) -> None:
    answer = predict(app, png(one())).json()
    assert (answer["predicted_digit"], answer["model"]) == (1, "cnn")


def test_a_session_groups_drawings_under_a_name_of_its_own(app: RunningApp) -> None:
    ids = [predict(app, png(zero()), session="alice").json()["id"] for _ in range(2)]
    visitors = app.sql("SELECT DISTINCT visitor FROM predictions WHERE drawing_id = ANY(%s)", [UUID(i) for i in ids])
    assert visitors == [(hashlib.sha256(b"api:alice").hexdigest(),)]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_get_their_documented_answer(app: RunningApp, name: str) -> None:
    data, error = HOSTILE[name]
    answer = predict(app, data)
    allowed = (CODES[error],) if error else (200, 422)  # a picture it is, with or without ink
    assert answer.status_code in allowed, answer.text[:200]
    if answer.status_code != 200:
        assert_kind(answer)


def assert_kind(answer: httpx.Response) -> None:
    """One sentence in `detail`, and nothing of the machinery."""
    body = answer.json()
    assert list(body) == ["detail"]
    assert 10 < len(body["detail"]) < 300
    assert not any(word in body["detail"] for word in ("Traceback", "Error(", 'File "', "<class"))


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (422, {"data": {}}),
        (422, {"data": {"file": "no file"}}),
        (422, {"files": {"file": b""}, "data": {"model": "oracle"}}),
        (422, {"files": {"file": b"x"}, "data": {"session": "s" * 201}}),
        (413, {"files": {"file": b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES)}}),
    ],
)
def test_wrong_fields_are_named(app: RunningApp, code: int, fields: dict[str, Any]) -> None:
    answer = httpx.post(f"{app.url}/api/predict", timeout=30, **fields)
    assert answer.status_code == code
    assert_kind(answer)


def test_a_body_without_end_is_refused_before_it_fills_the_disk(app: RunningApp) -> None:
    def endless() -> Iterator[bytes]:
        """A form without a declared length, and without an end of its file."""
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        for _ in range(40):
            yield bytes(1 << 20)

    kind = {"content-type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{app.url}/api/predict", content=endless(), headers=kind, timeout=60)
    assert answer.status_code == 413
    assert_kind(answer)


def test_unknown_paths_under_api_are_404(app: RunningApp) -> None:
    answer = httpx.get(f"{app.url}/api/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"detail": "Not Found"}


def test_health_and_readiness(app: RunningApp) -> None:
    assert httpx.get(f"{app.url}/health").json() == {"status": "alive"}
    assert httpx.get(f"{app.url}/ready").json() == {"status": "ready", "model": "ready", "database": "ready"}
