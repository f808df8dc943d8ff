"""The visitor's cookie: random, out of reach of scripts, and given once."""

from __future__ import annotations

import hashlib
from http.cookies import SimpleCookie
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway.cookies import HOST_ONLY
from gateway.visitors import COOKIE, VisitorCookie, api_visitor, visitor_of
from support.own_loop import run
from support.running_app import RunningApp

PAGE = {"accept": "text/html,application/xhtml+xml"}
GOOD = "a" * 43
SAFE = HOST_ONLY + COOKIE


def visit(headers: dict[str, str], scheme: str = "http", path: str = "/") -> httpx.Response:
    """What an app behind the middleware answers to one request."""
    app = VisitorCookie(Starlette(routes=[Route("/", lambda _: PlainTextResponse("page"))]), path)

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{scheme}://test") as client:
            return await client.get("/", headers=headers)

    return run(get())


def cookie_from(answer: httpx.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers.get("set-cookie", ""))


def test_a_new_browser_gets_a_random_cookie_that_scripts_cannot_read() -> None:
    cookies = [cookie_from(visit(PAGE))[COOKIE] for _ in range(2)]
    assert cookies[0].value != cookies[1].value
    assert len(cookies[0].value) == 43
    assert cookies[0]["httponly"]
    assert cookies[0]["samesite"] == "Lax"
    assert not cookies[0]["secure"]


def test_over_https_no_other_host_and_no_plain_page_can_plant_it() -> None:
    made = cookie_from(visit(PAGE, "https"))[SAFE]
    assert made["secure"]
    assert (made["path"], made["domain"]) == ("/", "")
    under_a_path = cookie_from(visit(PAGE, "https", "/digits"))[COOKIE]
    assert under_a_path["secure"]
    assert under_a_path["path"] == "/digits"


def test_whoever_has_the_ordinary_name_keeps_the_value_under_the_better_one() -> None:
    """Their drawings hang on it."""
    old = PAGE | {"cookie": f"{COOKIE}={GOOD}"}
    assert cookie_from(visit(old, "https"))[SAFE].value == GOOD
    assert "set-cookie" not in visit(old, "https", "/digits").headers
    both = SimpleNamespace(cookies={COOKIE: GOOD})
    again = SimpleNamespace(cookies={SAFE: GOOD, COOKIE: "b" * 43})
    assert visitor_of(both) == visitor_of(again) == hashlib.sha256(f"cookie:{GOOD}".encode()).hexdigest()  # type: ignore[arg-type]
    planted = PAGE | {"cookie": f"{SAFE}={GOOD}; {COOKIE}={'b' * 43}"}
    assert "set-cookie" not in visit(planted, "https").headers


@pytest.mark.parametrize("headers", [{"accept": "*/*"}, {"accept": "image/png"}, PAGE | {"cookie": f"{COOKIE}={GOOD}"}])
def test_programs_and_known_browsers_get_none(headers: dict[str, str]) -> None:
    assert "set-cookie" not in visit(headers).headers


@pytest.mark.parametrize("value", ["", "short", "x" * 5000, "'; DROP TABLE predictions; --", "=;=;="])
def test_a_forged_cookie_is_replaced(value: str) -> None:
    answer = visit(PAGE | {"cookie": f"{COOKIE}={value}"})
    assert COOKIE in cookie_from(answer)


@pytest.mark.parametrize("other", ['prefs={"a": 1, "b": 2}', "a b c", "x=\x7f", "_xsrf=2|a|b|1", '"'])
def test_strange_cookies_of_other_apps_do_not_make_a_stranger(other: str) -> None:
    assert "set-cookie" not in visit(PAGE | {"cookie": f"{other}; {COOKIE}={GOOD}"}).headers


def test_the_apps_own_page_carries_it(app: RunningApp) -> None:
    assert COOKIE in cookie_from(httpx.get(app.url, headers=PAGE))
    assert "set-cookie" not in httpx.get(f"{app.url}/health", headers={"accept": "*/*"}).headers


def test_an_api_session_never_meets_a_cookie() -> None:
    assert api_visitor("") is None
    assert api_visitor("alice") == hashlib.sha256(b"api:alice").hexdigest()
    assert api_visitor(GOOD) != hashlib.sha256(f"cookie:{GOOD}".encode()).hexdigest()
