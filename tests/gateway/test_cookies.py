"""The names and properties of the app's cookies."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.cookies import Cookie

COOKIE = Cookie("crumb", re.compile(r"[a-z]{3}"), max_age=60)


def over(scheme: str) -> dict[str, Any]:
    return {"type": "http", "scheme": scheme}


@pytest.mark.parametrize(
    ("scheme", "path", "header"),
    [
        ("http", "/", "crumb=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"),
        ("http", "/digits", "crumb=abc; Path=/digits; Max-Age=60; HttpOnly; SameSite=Lax"),
        ("https", "/", "__Host-crumb=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"),
        ("https", "/digits", "crumb=abc; Path=/digits; Max-Age=60; HttpOnly; SameSite=Lax; Secure"),
    ],
)
def test_the_best_name_that_a_browser_takes_is_set(scheme: str, path: str, header: str) -> None:
    assert COOKIE.header("abc", over(scheme), path) == header


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ({}, ""),
        ({"crumb": "abc"}, "abc"),
        ({"crumb": "ABC"}, ""),
        ({"__Host-crumb": "abc", "crumb": "xyz"}, "abc"),
        ({"__Host-crumb": "broken", "crumb": "xyz"}, "xyz"),
        ({"__Secure-crumb": "abc"}, ""),
    ],
)
def test_the_name_that_cannot_be_planted_comes_first(sent: dict[str, str], value: str) -> None:
    assert COOKIE.value(sent) == value
