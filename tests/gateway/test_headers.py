"""The headers of every answer. That the pages work under them is tested in the browser."""

from __future__ import annotations

import base64
import hashlib

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from gateway.headers import SecureHeaders, page_policy
from support.running_app import RunningApp

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()",
}
PATHS = [
    "/",
    "/history",
    "/health",
    "/ready",
    "/metrics",
    "/_stcore/health",
    "/export/idx",
    "/sign-in",
    "/_stcore/none",
]
API = ["/api/models", "/api/nothing", "/api/openapi.json"]


def directives(answer: httpx.Response) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("path", [*PATHS, *API, "/api/docs"])
def test_each_answer_has_them_once(app: RunningApp, path: str) -> None:
    answer = httpx.get(app.url + path)
    for name, value in EVERYWHERE.items():
        assert answer.headers.get_list(name) == [value]
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "strict-transport-security" not in answer.headers
    over_https = httpx.get(app.url + path, headers={"x-forwarded-proto": "https"})
    assert over_https.headers.get_list("strict-transport-security") == ["max-age=31536000"]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_runs_nothing_but_the_apps_own_scripts(app: RunningApp, path: str) -> None:
    policy = directives(httpx.get(app.url + path))
    (inline,) = (source for source in policy["script-src"] if source.startswith("'sha256-"))
    assert policy["script-src"] == ["'self'", "blob:", inline]
    assert policy["default-src"] == policy["frame-ancestors"] == ["'self'"]
    assert policy["connect-src"] == ["'self'", "data:"]
    assert policy["object-src"] == ["'none'"]
    assert policy["base-uri"] == policy["form-action"] == ["'self'"]


@pytest.mark.parametrize("path", API)
def test_what_is_no_page_may_do_nothing_at_all(app: RunningApp, path: str) -> None:
    assert directives(httpx.get(app.url + path)) == {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}


def test_a_script_in_the_page_runs_by_its_hash() -> None:
    script = "\n      window.prerenderReady = false\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page_policy(f'<script>{script}</script><script type="module" src="a.js"></script>', "blob:")
    assert f"script-src 'self' blob: 'sha256-{digest}';" in policy


def test_an_answer_may_be_stricter_itself() -> None:
    own = {"content-security-policy": "sandbox", "referrer-policy": "no-referrer"}
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("", headers=own))])
    answer = TestClient(SecureHeaders(app, "default-src 'self'", "/api")).get("/")
    assert own.items() <= answer.headers.items()
    assert answer.headers["x-content-type-options"] == "nosniff"
