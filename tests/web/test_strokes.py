"""POST /api/strokes: what the page's own component asks, while the pen moves and when it goes up."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.responses import JSONResponse

from frames.canvas import MAX_POINTS, MAX_STROKES
from gateway.visitors import COOKIE
from learning.weights import ModelMissing
from support.digits import DIGITS, turned
from support.own_loop import run
from support.running_app import RunningApp, wait_until
from web import strokes as route
from web.own_calls import OwnCalls, calls
from web.strokes import MAX_LENGTH, PREVIEWS, _lines

SIDE = 480


@pytest.fixture
def browser_of(app: RunningApp) -> Iterator[httpx.Client]:
    """Somebody whose browser has our cookie."""
    with httpx.Client(base_url=app.url, cookies={COOKIE: secrets.token_urlsafe(32)}, timeout=30) as client:
        yield client


def text(strokes: Any) -> str:
    return "/".join(" ".join(f"{part * SIDE:.1f}" for point in stroke for part in point) for stroke in strokes)


def body(**change: Any) -> dict[str, Any]:
    seven = text(DIGITS[15][1])
    canvas = {"id": str(uuid4()), "revision": 3, "model": "cnn", "side": SIDE, "pen": 26, "strokes": seven, "up": True}
    return canvas | change


def rows(app: RunningApp, drawing: str) -> list[tuple[Any, ...]]:
    return app.sql(
        "SELECT predicted_digit, source, visitor IS NOT NULL, strokes IS NOT NULL FROM predictions "
        "WHERE drawing_id = %s",
        drawing,
    )


def test_at_pen_up_the_answer_is_kept_as_the_visitors_row(app: RunningApp, browser_of: httpx.Client) -> None:
    sent = body()
    answer = browser_of.post("/api/strokes", json=sent)
    assert answer.status_code == 200
    assert answer.json()["strokes"] == 1
    assert answer.json()["answer"]["digit"] == 7
    assert answer.json()["answer"]["headline"].endswith("sure")
    wait_until(lambda: rows(app, sent["id"]) == [(7, "canvas", True, True)], what="the row")


def test_while_the_pen_moves_nothing_is_kept(app: RunningApp, browser_of: httpx.Client) -> None:
    sent = body(up=False)
    assert browser_of.post("/api/strokes", json=sent).json()["answer"]["digit"] == 7
    after = body()
    browser_of.post("/api/strokes", json=after)
    wait_until(lambda: rows(app, after["id"]), what="the row of what came later")
    assert rows(app, sent["id"]) == []


def test_the_same_state_is_answered_alike_and_another_anew(app: RunningApp, browser_of: httpx.Client) -> None:
    sent = body()
    first = browser_of.post("/api/strokes", json=sent).json()
    one = text(DIGITS[4][1][:1])
    again = browser_of.post("/api/strokes", json=sent | {"strokes": one}).json()
    assert again == first, "the first to bring a state decides: row and page say the same"
    anew = browser_of.post("/api/strokes", json=sent | {"strokes": one, "revision": 4}).json()
    assert anew["answer"] != first["answer"]


def test_where_the_models_differ_the_answer_says_so_once_the_pen_is_up(
    app: RunningApp, browser_of: httpx.Client
) -> None:
    strokes = text(turned(DIGITS[9][1], -20))
    preview = browser_of.post("/api/strokes", json=body(strokes=strokes, up=False)).json()["answer"]
    assert (preview["digit"], preview["detail"]) == (4, "")
    sent = body(strokes=strokes)
    assert browser_of.post("/api/strokes", json=sent).json()["answer"]["detail"] == "The linear model reads 9."
    wait_until(
        lambda: rows(app, sent["id"]) == [(4, "canvas", True, True)], what="one row, of the model that was asked"
    )


def test_another_visitor_cannot_write_over_a_drawing(app: RunningApp, browser_of: httpx.Client) -> None:
    sent = body()
    browser_of.post("/api/strokes", json=sent)
    wait_until(lambda: rows(app, sent["id"]), what="the row")
    other = sent | {"strokes": text(DIGITS[0][1]), "revision": 9}
    theirs = httpx.post(
        f"{app.url}/api/strokes", json=other, cookies={COOKIE: secrets.token_urlsafe(32)}, timeout=30
    ).json()
    assert theirs["answer"]["digit"] == 0
    assert rows(app, sent["id"]) == [(7, "canvas", True, True)]


@pytest.mark.parametrize(
    ("cookies", "headers"),
    [
        ({}, {}),
        ({COOKIE: "short"}, {}),
        ({COOKIE: "a" * 43}, {"sec-fetch-site": "cross-site"}),
        ({COOKIE: "a" * 43}, {"sec-fetch-site": "same-site"}),
    ],
)
def test_other_pages_are_refused(app: RunningApp, cookies: dict[str, str], headers: dict[str, str]) -> None:
    answer = httpx.post(f"{app.url}/api/strokes", json=body(), cookies=cookies, headers=headers, timeout=30)
    assert answer.status_code == 403
    assert list(answer.json()) == ["detail"]


def test_a_busy_app_refuses_previews_but_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, list[Future[Any]]] = {"preview": [], "up": []}

    def reads(what: str) -> Future[Any]:
        asked[what].append(Future())
        return asked[what][-1]

    busy = SimpleNamespace(
        settings=SimpleNamespace(read_only=False),
        reader=SimpleNamespace(read=lambda *_: reads("preview")),
        page_readings=SimpleNamespace(read=lambda *_: reads("up")),
    )
    monkeypatch.setattr(route, "get_app_state", lambda: busy)
    monkeypatch.setattr(route, "_previews", asyncio.Semaphore(PREVIEWS))
    page = OwnCalls(JSONResponse({}), {"/strokes": calls["/strokes"]})

    async def draw() -> None:
        cookies, transport = {COOKIE: "a" * 43}, httpx.ASGITransport(page)
        async with httpx.AsyncClient(transport=transport, base_url="http://app", cookies=cookies) as client:
            moving = [asyncio.create_task(client.post("/strokes", json=body(up=False))) for _ in range(PREVIEWS)]
            while len(asked["preview"]) < PREVIEWS:
                await asyncio.sleep(0.01)
            refused = await client.post("/strokes", json=body(up=False))
            assert (refused.status_code, len(asked["preview"])) == (503, PREVIEWS)
            assert "again in a few seconds" in refused.json()["detail"]
            assert int(refused.headers["retry-after"]) > 0
            pen_up = asyncio.create_task(client.post("/strokes", json=body()))
            while not asked["up"]:
                await asyncio.sleep(0.01)
            for unanswered in (*asked["preview"], *asked["up"]):
                unanswered.set_exception(ModelMissing("The app is shutting down."))
            await asyncio.gather(*moving, pen_up)
            anew = asyncio.create_task(client.post("/strokes", json=body(up=False)))
            while len(asked["preview"]) == PREVIEWS and not anew.done():
                await asyncio.sleep(0.01)
            assert len(asked["preview"]) == PREVIEWS + 1, "there is room again"
            asked["preview"][-1].set_exception(ModelMissing("The app is shutting down."))
            await anew

    run(draw())


@pytest.mark.parametrize(
    "change",
    [
        {"strokes": ""},
        {"strokes": "1"},
        {"strokes": "1 2/"},
        {"strokes": "1 x"},
        {"strokes": "1 2 " * MAX_LENGTH},
        {"strokes": " ".join(["1"] * 2 * (MAX_POINTS + 1))},
        {"strokes": "/".join(["1 2"] * (MAX_STROKES + 1))},
        {"strokes": "nan nan"},
        {"strokes": "1e9 3"},
        {"id": "no"},
        {"revision": -1},
        {"model": "gpt"},
        {"side": 0},
        {"pen": 1e9},
        {"up": "yes"},
        {"more": 1},
    ],
    ids=lambda change: str(change)[:30],
)
def test_what_is_malformed_gets_one_sentence(browser_of: httpx.Client, change: dict[str, Any]) -> None:
    answer = browser_of.post("/api/strokes", json=body(**change))
    assert answer.status_code == 422
    assert list(answer.json()) == ["detail"]


def test_an_x_without_its_y_is_left_out() -> None:
    assert [line.tolist() for line in _lines("1 2 3/4 5/6")] == [[[1, 2]], [[4, 5]]]
