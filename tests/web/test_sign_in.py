"""The exchange of a ticket for the administrators' cookie. What the browser makes of it is in tests/browser."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gateway.admins import ADMIN, Admins
from gateway.cookies import HOST_ONLY
from support.clock import RIGHT
from web import sign_in
from web.sign_in import sign_in_routes


@pytest.fixture
def admins(monkeypatch: pytest.MonkeyPatch) -> Admins:
    admins = Admins(RIGHT)
    monkeypatch.setattr(sign_in, "get_admins", lambda: admins)
    return admins


def exchange(ticket: str | bytes, url: str = "http://app", base_path: str = "") -> tuple[int, SimpleCookie]:
    """The status of the answer, and the cookies that it sets."""
    with TestClient(Starlette(routes=sign_in_routes(base_path)), base_url=url) as client:
        answer = client.post(f"{base_path}/sign-in", content=ticket)
    return answer.status_code, SimpleCookie(answer.headers.get("set-cookie", ""))


@pytest.mark.parametrize(
    ("url", "base_path", "name"),
    [
        ("http://app", "", ADMIN.name),
        ("https://app", "", HOST_ONLY + ADMIN.name),
        ("https://app", "/digits", ADMIN.name),
    ],
)
def test_a_ticket_becomes_a_cookie_that_admits(admins: Admins, url: str, base_path: str, name: str) -> None:
    code, cookies = exchange(admins.sign_in(RIGHT, "192.0.2.1"), url, base_path)
    assert code == 204
    assert admins.admits(cookies[name].value)
    assert cookies[name]["httponly"]
    assert cookies[name]["path"] == (base_path or "/")
    assert bool(cookies[name]["secure"]) == url.startswith("https")


@pytest.mark.parametrize("forged", ["", "x" * 43, "x" * 10_000_000, b"\xff\xfe", "\0"])
def test_nothing_else_does(admins: Admins, forged: str | bytes) -> None:
    code, cookies = exchange(forged)
    assert code == 403
    assert not cookies
    assert admins.sign_in(RIGHT, "192.0.2.1")


def test_a_ticket_is_exchanged_once(admins: Admins) -> None:
    ticket = admins.sign_in(RIGHT, "192.0.2.1")
    assert [exchange(ticket)[0] for _ in range(2)] == [204, 403]
