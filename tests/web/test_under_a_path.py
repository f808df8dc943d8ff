"""The app under a path of a reverse proxy, over IPv6, for pages elsewhere, and without a home folder.

Covers src/gateway: origins.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from gateway.visitors import COOKIE
from settings import ROOT
from support.pictures import one, png
from support.running_app import RunningApp

PAGE = {"accept": "text/html"}
ELSEWHERE = "https://example.com"


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app with a path, an IPv6 address and an origin that may call it; its home folder cannot be made."""
    if not socket.has_ipv6:
        pytest.skip("This machine has no IPv6.")
    data_dir = tmp_path_factory.mktemp("placed")
    app = RunningApp(
        data_dir, BASE_PATH="/digits", ADDRESS="::", CORS_ORIGINS=ELSEWHERE, HOME="/proc/no-home", LC_ALL="xx_XX.UTF-8"
    )
    yield app.start()
    app.stop()


def get(app: RunningApp, path: str, **headers: str) -> httpx.Response:
    return httpx.get(app.url + path, headers=headers, timeout=30)


def test_pages_api_and_documentation_are_under_the_path(placed: RunningApp) -> None:
    page = get(placed, "/digits/", **PAGE)
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")
    (script,) = re.findall(r'src="\./(static/js/index[^"]+\.js)"', page.text)
    assert get(placed, f"/digits/{script}").status_code == 200
    assert get(placed, "/digits/_stcore/health").status_code == 200
    answer = httpx.post(f"{placed.url}/digits/api/predict", files={"file": png(one())}, timeout=30)
    assert answer.json()["predicted_digit"] == 1
    schema = get(placed, "/digits/api/openapi.json").json()
    assert schema["servers"] == [{"url": "/digits/api"}]
    for link in re.findall(r'(?:src|href)="([^"]+)"', get(placed, "/digits/api/docs").text):
        assert get(placed, f"/digits/api/{link}").status_code == 200, link
    assert "/digits/api/docs" in get(placed, "/digits/api/nothing").json()["detail"]


@pytest.mark.parametrize(("path", "to"), [("/", "/digits/"), ("/digits", "/digits/"), ("/digits?x=1", "/digits/?x=1")])
def test_the_way_to_the_pages_is_shown(placed: RunningApp, path: str, to: str) -> None:
    answer = get(placed, path, **PAGE)
    assert (answer.status_code, answer.headers["location"]) == (307, to)


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_what_operators_ask_for_is_at_the_root_and_under_the_path(placed: RunningApp, path: str) -> None:
    assert get(placed, path).status_code == get(placed, f"/digits{path}").status_code == 200


@pytest.mark.parametrize("path", ["/api/models", "/_stcore/health", "/static/index.html", "/digitsx/"])
def test_nothing_else_is_outside_the_path(placed: RunningApp, path: str) -> None:
    assert get(placed, path).status_code == 404


def test_the_cookie_stays_under_the_path(placed: RunningApp) -> None:
    cookie = SimpleCookie(get(placed, "/digits/", **PAGE).headers["set-cookie"])[COOKIE]
    assert cookie["path"] == "/digits"


def test_both_families_reach_the_app_and_the_printed_address_does(placed: RunningApp) -> None:
    port = placed.url.rsplit(":", 1)[1]
    assert httpx.get(f"http://[::1]:{port}/health").status_code == 200
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    (printed,) = re.findall(r"URL: \S*?(http://\S+?)\x1b?(?:\s|$)", placed.log.read_text())
    assert printed == f"http://localhost:{port}/digits"
    assert httpx.get(printed, follow_redirects=True).status_code == 200


# --- Pages elsewhere --------------------------------------------------------------------------------------------------


def preflight(app: RunningApp, path: str, origin: str) -> httpx.Response:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    return httpx.options(app.url + path, headers={"origin": origin, **asked}, timeout=30)


def allowed(answer: httpx.Response) -> str | None:
    assert "access-control-allow-credentials" not in answer.headers
    origin: str | None = answer.headers.get("access-control-allow-origin")
    return origin


def test_a_named_origin_may_call_the_api_and_read_its_errors(placed: RunningApp) -> None:
    assert preflight(placed, "/digits/api/feedback", ELSEWHERE).status_code == 200
    assert allowed(preflight(placed, "/digits/api/feedback", ELSEWHERE)) == ELSEWHERE
    assert allowed(get(placed, "/digits/api/models", origin=ELSEWHERE)) == ELSEWHERE
    broken = httpx.post(f"{placed.url}/digits/api/feedback", content="{", headers={"origin": ELSEWHERE})
    assert (broken.status_code, allowed(broken)) == (422, ELSEWHERE)


def test_no_other_origin_may(placed: RunningApp) -> None:
    for origin in ("https://example.org", "http://example.com", "null"):
        assert preflight(placed, "/digits/api/predict", origin).status_code == 400
        assert allowed(get(placed, "/digits/api/models", origin=origin)) is None


def test_no_origin_reaches_what_goes_by_the_cookie_or_what_is_not_the_api(placed: RunningApp) -> None:
    assert preflight(placed, "/digits/api/strokes", ELSEWHERE).status_code == 405
    assert allowed(preflight(placed, "/digits/api/strokes", ELSEWHERE)) is None
    for path in ("/digits/", "/digits/health", "/metrics"):
        assert allowed(get(placed, path, origin=ELSEWHERE)) is None


def test_by_default_no_page_elsewhere_may_call(app: RunningApp) -> None:
    assert allowed(get(app, "/api/models", origin=ELSEWHERE)) is None
    assert preflight(app, "/api/predict", ELSEWHERE).status_code == 405


def test_a_user_without_a_home_can_start_the_app(elsewhere: Path) -> None:
    """As in a container that runs as a number that no user has: the start comes as far as the settings."""
    (elsewhere / "sitecustomize.py").write_text(
        "import pwd\ndef getpwuid(number): raise KeyError(number)\npwd.getpwuid = getpwuid\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    environment |= {"PYTHONPATH": str(elsewhere), "PORT": "eighty"}
    command = [sys.executable, str(ROOT / "src/app.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.startswith("The app does not start. PORT must be"), done.stderr
