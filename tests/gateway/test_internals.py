"""Of Streamlit's own routes those that the pages need are open, and no others."""

from __future__ import annotations

import http.client

import httpx
import pytest

from support.running_app import RunningApp


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/metrics/",
        "/_stcore/%6detrics",
        "/_stcore/health/../metrics",
        "/_stcore/./metrics",
        "/_stcore/",
        "/_stcore/script-health-check",
        "/_stcore/agent/openapi.json",
        "/_stcore/agent/interact",
        "/_stcore/agent/mcp",
    ],
)
def test_what_tells_of_the_sessions_is_closed(app: RunningApp, path: str) -> None:
    connection = http.client.HTTPConnection(app.url.removeprefix("http://"), timeout=30)  # it sends a path as it is
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status in (400, 404)
    assert b"session" not in answer.read()
    connection.close()


def test_what_the_pages_need_answers(app: RunningApp) -> None:
    assert httpx.get(f"{app.url}/_stcore/health").text == "ok"
    assert httpx.get(f"{app.url}/_stcore/host-config").json()["allowedOrigins"] == []
