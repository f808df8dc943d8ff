"""POST /api/said: a label from the page, of a drawing that was read for this very visitor.

Covers src/web: said.
"""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.responses import JSONResponse

from gateway.visitors import COOKIE
from storage.writer import NotWritten, Written
from support.own_loop import run
from support.own_page import drawn, somebody
from support.running_app import RunningApp
from web import said
from web.own_calls import OwnCalls, calls


def say(client: httpx.Client, shown: dict[str, Any], label: Any, **more: Any) -> httpx.Response:
    told = {name: value for name, value in shown.items() if name != "source"} | {"label": label}
    return client.post("/api/said", json=told, **more)


def label_of(app: RunningApp, drawing: str) -> list[tuple[int | None, bool]]:
    return app.sql("SELECT true_label, not_a_digit FROM predictions WHERE drawing_id = %s", drawing)


@pytest.mark.parametrize(
    ("label", "kept", "words"), [(1, (1, False), "that was a 1"), (None, (None, True), "not a digit")]
)
def test_a_label_is_safe_when_the_page_is_told_what_to_go_on_with(
    app: RunningApp, label: int | None, kept: tuple[int | None, bool], words: str
) -> None:
    with somebody(app) as client:
        shown = drawn(client)
        told = say(client, shown, label)
        assert told.status_code == 200
        assert label_of(app, shown["id"]) == [kept]
        assert UUID(told.json()["id"]) != UUID(shown["id"])
        assert told.json()["text"].startswith("Saved: ")
        assert words in told.json()["text"]


def test_a_drawing_that_was_deleted_meanwhile_is_there_again(app: RunningApp) -> None:
    with somebody(app) as client:
        shown = drawn(client)
        assert say(client, shown, 7).status_code == 200
        app.sql("DELETE FROM predictions WHERE drawing_id = %s RETURNING 1", shown["id"])
        assert say(client, shown, 7).status_code == 200
        assert label_of(app, shown["id"]) == [(7, False)]


def test_nobody_labels_somebody_elses_drawing_or_one_that_was_not_read(app: RunningApp) -> None:
    with somebody(app) as client, somebody(app) as other:
        shown = drawn(client)
        for who, what in (
            (other, shown),
            (client, shown | {"id": str(uuid4())}),
            (client, shown | {"revision": 4}),
            (client, shown | {"strokes": 2}),
        ):
            refused = say(who, what, 1)
            assert (refused.status_code, list(refused.json())) == (404, ["detail"])
        assert say(client, shown, 1, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        with httpx.Client(base_url=app.url, timeout=30) as nobody:
            assert say(nobody, shown, 1).status_code == 403
        assert label_of(app, shown["id"]) == [(None, False)]


@pytest.mark.parametrize("label", [10, -1, 1.5, "1", True])
def test_a_label_is_a_digit_or_none(app: RunningApp, label: Any) -> None:
    with somebody(app) as client:
        shown = drawn(client)
        refused = say(client, shown, label)
        assert (refused.status_code, list(refused.json())) == (422, ["detail"])
        assert label_of(app, shown["id"]) == [(None, False)]


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (NotWritten("The database does not accept this entry."), 503),
        (Written(spooled=False, row=(1, "refused", "me", True)), 429),
    ],
)
def test_a_label_that_is_not_saved_says_why(
    monkeypatch: pytest.MonkeyPatch, result: Written | NotWritten, code: int
) -> None:
    written: Future[Written] = Future()
    written.set_exception(result) if isinstance(result, NotWritten) else written.set_result(result)
    ended: list[object] = []
    reading = SimpleNamespace(drawing=SimpleNamespace(strokes="[]"))
    app = SimpleNamespace(
        settings=SimpleNamespace(read_only=False),
        reader=SimpleNamespace(keep=lambda _: None),
        page_readings=SimpleNamespace(known=lambda _: reading, end=lambda *_: ended.append(1)),
    )
    monkeypatch.setattr(said, "get_app_state", lambda: app)
    monkeypatch.setattr(said, "give_label", lambda *_: written)
    page = OwnCalls(JSONResponse({}), {"/said": calls["/said"]})
    told = {"id": str(uuid4()), "revision": 1, "model": "cnn", "strokes": 1, "label": 7}

    async def asks() -> httpx.Response:
        transport = httpx.ASGITransport(page)
        async with httpx.AsyncClient(transport=transport, base_url="http://app", cookies={COOKIE: "a" * 43}) as client:
            return await client.post("/said", json=told)

    answer = run(asks())
    assert (answer.status_code, list(answer.json()), ended) == (code, ["detail"], [])
