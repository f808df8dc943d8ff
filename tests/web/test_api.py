"""The API of the app that is really running: answers, rows and kind errors."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any, get_args
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image, ImageDraw

from frames.images import MAX_BYTES, ImageTooLarge, NotAnImage, is_quick
from frames.masks import NoInk
from learning.registry import MODELS
from learning.weights import SHIPPED_DIR
from storage.embedded import EmbeddedServer
from support.hostile_pictures import HOSTILE_PICTURES
from support.hostile_requests import HOSTILE_REQUESTS
from support.pictures import cross, encoded, heic, one, photograph, png, zero
from support.running_app import RunningApp, wait_until
from web.schemas import SEVEN, ModelName

CODES: dict[type[Exception], int] = {NotAnImage: 400, ImageTooLarge: 413, NoInk: 422}


def predict(app: RunningApp, data: bytes, **fields: str) -> httpx.Response:
    return httpx.post(f"{app.url}/api/predict", files={"file": ("x.txt", data, "text/plain")}, data=fields, timeout=30)


def post(app: RunningApp, path: str, **body: object) -> httpx.Response:
    return httpx.post(f"{app.url}/api/{path}", json=body, timeout=30)


def assert_kind(answer: httpx.Response) -> None:
    """One sentence in `detail`, and nothing of the machinery."""
    body = answer.json()
    assert list(body) == ["detail"]
    assert 10 < len(body["detail"]) < 300
    assert not any(word in body["detail"] for word in ("Traceback", "Error(", 'File "', "<class"))


# --- Reading ----------------------------------------------------------------------------------------------------------


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
    ids = [predict(app, png(zero()), session="alice").json()["id"]]
    ids += [post(app, "predict/base64", image=SEVEN, session="alice").json()["id"]]
    visitors = app.sql("SELECT DISTINCT visitor FROM predictions WHERE drawing_id = ANY(%s)", [UUID(i) for i in ids])
    assert visitors == [(hashlib.sha256(b"api:alice").hexdigest(),)]


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "DATA:;charset=x;Base64,"])
@pytest.mark.parametrize("model", ["cnn", "linear"])
def test_base64_and_data_urls_are_read_as_the_same_file_is(app: RunningApp, prefix: str, model: str) -> None:
    answer = post(app, "predict/base64", image=prefix + b64encode(png(zero())).decode(), model=model).json()
    as_file = predict(app, png(zero()), model=model).json()
    same = answer.keys() - {"id", "elapsed_ms"}
    assert {name: answer[name] for name in same} == {name: as_file[name] for name in same}
    assert app.sql("SELECT source, model FROM predictions WHERE drawing_id = %s", answer["id"]) == [("api", model)]


def test_a_field_that_is_left_empty_counts_as_left_out(app: RunningApp) -> None:
    answer = predict(app, png(one()), model="", session="")
    assert (answer.status_code, answer.json()["model"]) == (200, "cnn")


def test_a_drawing_does_not_stand_behind_photographs(app: RunningApp) -> None:
    """They come first, and all together take longer than anything that a drawing may have to wait for."""
    large = png(photograph())
    assert not is_quick(large)
    done: list[str] = []

    def send(name: str, data: bytes) -> None:
        assert predict(app, data).json()["predicted_digit"] == 1
        done.append(name)

    with ThreadPoolExecutor(9) as pool:
        sent = [pool.submit(send, "photograph", large) for _ in range(8)]
        wait(sent, return_when=FIRST_COMPLETED)
        pool.submit(send, "drawing", png(one())).result(30)
    for each in sent:
        each.result()
    assert done.index("drawing") < 6, done


@pytest.mark.parametrize("kind", ["HEIC", "AVIF", "TIFF"])
def test_what_phones_and_scanners_make_is_read(app: RunningApp, kind: str) -> None:
    data = heic(zero()) if kind == "HEIC" else encoded(zero(), kind)
    assert predict(app, data).json()["predicted_digit"] == 0


def test_whoever_brings_a_large_picture_too_many_is_told_when_to_come_again(app: RunningApp) -> None:
    large = png(photograph().resize((4000, 4000)))
    assert not is_quick(large)
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: predict(app, large), range(24)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert 0 < len(refused) < 24
    assert {answer.headers["retry-after"] for answer in refused} == {"5"}
    assert_kind(refused[0])
    assert {answer.status_code for answer in answers} == {200, 503}


def test_the_fields_know_the_models() -> None:
    assert get_args(ModelName) == tuple(MODELS)


# --- Saying what it was -----------------------------------------------------------------------------------------------


# Pictures of these tests' own: a label waits where another test of the same app has given its picture another one.
TALL_ZERO = Image.new("L", (300, 300), 255)
ImageDraw.Draw(TALL_ZERO).ellipse([105, 40, 195, 260], outline=0, width=22)
WIDE_CROSS = cross(size=(96, 64))


def test_feedback_works_at_once_and_leaves_a_trace(app: RunningApp) -> None:
    for label, review in ((0, "approved"), (8, "pending")):  # what the model finds likely teaches without a review
        drawing = predict(app, png(TALL_ZERO)).json()["id"]
        answer = post(app, "feedback", id=drawing, label=label)
        assert answer.status_code == 200
        assert answer.json() == {"id": drawing, "label": label, "not_a_digit": False, "review": review}
        rows = app.sql("SELECT true_label, review FROM predictions WHERE drawing_id = %s", drawing)
        assert rows == [(label, review)]
    post(app, "feedback", id=drawing, label=0)
    trace = "SELECT who, old_label, new_label FROM label_events WHERE drawing_id = %s ORDER BY id"
    assert app.sql(trace, drawing) == [("api", None, 8), ("api", 8, 0)]


def test_not_a_digit_is_a_label_too_and_may_be_changed(app: RunningApp) -> None:
    for picture, review in ((WIDE_CROSS, "approved"), (TALL_ZERO, "pending")):  # what the model refuses too, a digit
        sent = predict(app, png(picture)).json()
        assert sent["is_digit"] is (review == "pending")
        answer = post(app, "feedback", id=sent["id"], not_a_digit=True)
        assert answer.status_code == 200
        assert answer.json() == {"id": sent["id"], "label": None, "not_a_digit": True, "review": review}
        rows = app.sql("SELECT true_label, not_a_digit, review FROM predictions WHERE drawing_id = %s", sent["id"])
        assert rows == [(None, True, review)]
    post(app, "feedback", id=sent["id"], label=0, not_a_digit=False)
    rows = app.sql("SELECT true_label, not_a_digit FROM predictions WHERE drawing_id = %s", sent["id"])
    assert rows == [(0, False)]
    trace = "SELECT who, old_label, new_label FROM label_events WHERE drawing_id = %s ORDER BY id"
    assert app.sql(trace, sent["id"]) == [("api", None, 10), ("api", 10, 0)]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"label": None},
        {"not_a_digit": False},
        {"label": 7, "not_a_digit": True},
        {"label": None, "not_a_digit": False},
    ],
)
def test_feedback_takes_a_label_or_not_a_digit_and_says_so(app: RunningApp, said: dict[str, Any]) -> None:
    answer = post(app, "feedback", id=str(uuid4()), **said)
    assert answer.status_code == 422
    assert answer.json() == {"detail": "Send either label, the right digit, or not_a_digit: true."}


@pytest.mark.parametrize("wrong", [{"label": 10}, {"label": 7.0}, {"not_a_digit": "true"}, {"not_a_digit": 1}])
def test_a_wrong_label_names_its_field(app: RunningApp, wrong: dict[str, Any]) -> None:
    answer = post(app, "feedback", id=str(uuid4()), **wrong)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{next(iter(wrong))}: ")


def test_feedback_on_no_drawing_is_a_404(app: RunningApp) -> None:
    answer = post(app, "feedback", id=str(uuid4()), label=7)
    assert answer.status_code == 404
    assert_kind(answer)


def test_nobodys_id_is_told_to_another(app: RunningApp) -> None:
    """The id is the right to label the drawing, so no answer but the drawing's own may hold it."""
    drawing = predict(app, png(zero()), session="alice").json()["id"]
    post(app, "feedback", id=drawing, label=0)
    again = predict(app, png(zero()), session="alice")
    for text in (again.text, *(httpx.get(f"{app.url}{path}").text for path in OPEN_PATHS)):
        assert drawing not in text
        assert hashlib.sha256(b"api:alice").hexdigest() not in text


OPEN_PATHS = ("/", "/api/models", "/api/models/cnn", "/api/stats", "/api/docs", "/api/openapi.json", "/ready")


def test_with_the_database_away_both_go_on_and_arrive_later(separate: tuple[RunningApp, EmbeddedServer]) -> None:
    app, server = separate
    before = predict(app, png(zero())).json()["id"]
    server.stop()
    meanwhile = predict(app, png(one())).json()["id"]
    scribble = predict(app, png(cross())).json()["id"]
    for drawing, said in ((before, {"label": 0}), (meanwhile, {"label": 1}), (scribble, {"not_a_digit": True})):
        answer = post(app, "feedback", id=drawing, **said)
        assert (answer.status_code, answer.json()["review"]) == (200, "pending")
    away = httpx.get(f"{app.url}/api/stats", timeout=30)
    assert away.status_code == 503
    assert_kind(away)
    server.start()
    labels = "SELECT drawing_id::text, true_label, not_a_digit FROM predictions ORDER BY id"
    wanted = [(before, 0, False), (meanwhile, 1, False), (scribble, None, True)]
    wait_until(lambda: app.sql(labels) == wanted, what="the labels in the database")


# --- What there is ----------------------------------------------------------------------------------------------------


def test_the_models_are_listed_and_told_of(app: RunningApp) -> None:
    listed = httpx.get(f"{app.url}/api/models").json()
    assert [model["model"] for model in listed] == list(MODELS)
    for summary in listed:
        name = summary["model"]
        card = json.loads((SHIPPED_DIR / f"{name}.json").read_text())
        told = httpx.get(f"{app.url}/api/models/{name}").json()
        assert {field: told[field] for field in summary} == summary
        assert (told["model_version"], told["active"], told["architecture"]) == (1, True, name)
        assert (told["parameters"], told["accuracy"]) == (card["parameters"], card["test_accuracy"])
        assert told["size_bytes"] == (SHIPPED_DIR / f"{name}.pt").stat().st_size
        assert told["calibration"] == {field: card[field] for field in ("temperature", "ece", "nll")}
        assert told["trained"]["data"] == card["data"]
        assert told["per_digit_accuracy"] == card["per_digit_accuracy"]


def stats(app: RunningApp) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{app.url}/api/stats").json()
    return answer


def test_the_stats_follow_what_is_read_and_said(app: RunningApp) -> None:
    before = stats(app)
    right, wrong = (predict(app, png(zero()), model="linear").json()["id"] for _ in range(2))
    post(app, "feedback", id=right, label=0)
    post(app, "feedback", id=wrong, label=6)
    wait_until(lambda: stats(app)["total"]["labelled"] >= before["total"]["labelled"] + 2, what="the new figures")
    after = stats(app)
    assert after["total"]["predictions"] == before["total"]["predictions"] + 2
    assert after["total"]["right"] == before["total"]["right"] + 1
    assert after["total"]["accuracy"] == after["total"]["right"] / after["total"]["labelled"]
    assert after["predicted"][0] == before["predicted"][0] + 2
    assert after["labels"][6] == before["labels"][6] + 1
    assert after["confusion"][6][0] == before["confusion"][6][0] + 1
    assert after["sources"]["api"] == before["sources"]["api"] + 2
    post(app, "feedback", id=wrong, not_a_digit=True)
    wait_until(lambda: stats(app)["total"]["not_a_digit"] > before["total"]["not_a_digit"], what="the new figures")
    assert stats(app)["total"]["labelled"] == after["total"]["labelled"] - 1, "no longer a digit that was misread"
    assert after["days"][-1]["labelled"] >= 2
    assert len(after["days"]) == 30
    version = next(each for each in after["versions"] if each["model"] == "linear")
    assert version["model_version"] == 1
    assert version["labelled"] >= 2


# --- What goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE_PICTURES)
def test_hostile_bytes_get_their_documented_answer(app: RunningApp, name: str) -> None:
    data, error = HOSTILE_PICTURES[name]
    answer = predict(app, data)
    allowed = (CODES[error],) if error else (200, 422)  # a picture it is, with or without ink
    assert answer.status_code in allowed, answer.text[:200]
    if answer.status_code != 200:
        assert_kind(answer)


@pytest.mark.parametrize("name", HOSTILE_REQUESTS)
def test_hostile_requests_get_their_documented_answer(app: RunningApp, name: str) -> None:
    call = HOSTILE_REQUESTS[name]
    headers = [(name.encode(), value.encode("latin-1")) for name, value in call.headers.items()]
    answer = httpx.request(call.method, app.url + call.path, content=call.body, headers=headers, timeout=30)
    assert answer.status_code == call.code, answer.text[:200]
    if answer.status_code != 200:
        assert_kind(answer)


def test_a_header_without_end_is_refused_and_the_app_lives(app: RunningApp) -> None:
    with suppress(httpx.TransportError):  # the server may hang up before everything is sent
        assert httpx.get(f"{app.url}/api/models", headers={"cookie": "a" * 4_000_000}).status_code == 400
    assert httpx.get(f"{app.url}/api/models").status_code == 200


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


@pytest.mark.parametrize(
    ("path", "kind"),
    [("predict", "multipart/form-data; boundary=b"), ("predict/base64", "application/json")],
)
def test_a_body_without_end_is_refused_before_it_fills_the_disk(app: RunningApp, path: str, kind: str) -> None:
    def endless() -> Iterator[bytes]:
        """A form without a declared length, and without an end of its file."""
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        for _ in range(40):
            yield bytes(1 << 20)

    answer = httpx.post(f"{app.url}/api/{path}", content=endless(), headers={"content-type": kind}, timeout=60)
    assert answer.status_code == 413
    assert_kind(answer)


def test_a_wrong_method_is_told_the_right_one(app: RunningApp) -> None:
    answer = httpx.delete(f"{app.url}/api/models")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert_kind(answer)


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/models/oracle", "/docs/files/nothing.js", "/predict/"])
def test_unknown_paths_under_api_are_404(app: RunningApp, path: str) -> None:
    answer = httpx.get(f"{app.url}/api{path}", follow_redirects=False)
    assert answer.status_code == 404
    assert_kind(answer)


def test_health_and_readiness(app: RunningApp) -> None:
    assert httpx.get(f"{app.url}/health").json() == {"status": "alive"}
    assert httpx.get(f"{app.url}/ready").json() == {"status": "ready", "model": "ready", "database": "ready"}
