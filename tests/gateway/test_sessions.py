"""A page that is open belongs to its browser: its session's name alone leads nobody else into it."""

from __future__ import annotations

import secrets
from typing import Any

import httpx

from gateway.admins import ADMIN
from gateway.cookies import HOST_ONLY
from gateway.sessions import HEADER, OwnSessions
from gateway.visitors import COOKIE
from support.own_loop import run
from support.running_app import RunningApp
from support.streamlit_page import open_page, session_of


def test_whoever_learns_the_name_of_an_open_session_gets_one_of_their_own(app: RunningApp) -> None:
    mine, other = (f"{COOKIE}={secrets.token_urlsafe(32)}" for _ in range(2))
    with open_page(app, mine) as page:
        name = session_of(page.run())
        for cookies in (other, "", f"{mine}; {ADMIN.name}={'a' * 43}.{'b' * 43}"):
            with open_page(app, cookies, name) as intruder:
                assert session_of(intruder.run()) != name
        assert session_of(page.run()) == name, "and the page goes on"
    with open_page(app, other, name) as late:
        assert session_of(late.run()) != name
    with open_page(app, mine, name) as again:
        assert session_of(again.run()) == name, "a browser that was cut off goes on where it was"


def test_nor_does_its_name_let_anybody_else_send_a_file_into_it(app: RunningApp) -> None:
    mine, other = ({COOKIE: secrets.token_urlsafe(32)} for _ in range(2))
    with open_page(app, f"{COOKIE}={mine[COOKIE]}") as page, httpx.Client(base_url=app.url, timeout=30) as client:
        place = f"/_stcore/upload_file/{session_of(page.run())}/{secrets.token_hex(8)}"
        token = client.get("/_stcore/health").cookies["_streamlit_xsrf"]

        def put(cookies: dict[str, str]) -> int:
            sent = "; ".join(f"{name}={value}" for name, value in {**cookies, "_streamlit_xsrf": token}.items())
            headers = {"x-xsrftoken": token, "cookie": sent}
            return client.put(place, files={"file": b"a picture"}, headers=headers).status_code

        assert put(other) == put({}) == 403
        assert put(mine) == put({**mine, ADMIN.name: f"{'a' * 43}.{'b' * 43}"}) == 204


def header(*headers: tuple[str, str]) -> bytes:
    """What the server is told of the browser that sends these headers."""
    told: list[bytes] = []

    async def app(scope: Any, _receive: object, _send: object) -> None:
        told.extend(value for name, value in scope["headers"] if name == HEADER.encode())

    scope = {"type": "websocket", "headers": [(name.encode(), value.encode()) for name, value in headers]}
    run(OwnSessions(app)(scope, None, None))  # type: ignore[arg-type]
    (only,) = told
    return only


def test_a_browser_is_known_by_its_cookies_and_says_nothing_of_itself() -> None:
    cookie = ("cookie", f"{COOKIE}={'a' * 43}")
    assert header(cookie) == header(cookie, (HEADER, "somebody")) == header(("cookie", f"{HOST_ONLY}{cookie[1]}"))
    assert header(cookie) != header(("cookie", f"{COOKIE}={'b' * 43}"))
    assert header(cookie) != header(("cookie", f"{cookie[1]}; {ADMIN.name}={'a' * 43}.{'b' * 43}"))
    assert header() != header(), "of two browsers without cookies nobody knows that they are the same"
