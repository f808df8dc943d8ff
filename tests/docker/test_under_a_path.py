"""The app under a path of a Caddy that serves other things too: DEPLOYMENT.md's own configuration, in a real Caddy.

Run by `make test-docker`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import httpx
import pytest

from settings import ROOT
from support.pictures import one, png
from support.running_app import RunningApp, free_port, wait_until
from support.stack import Environment, docker

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def placed(engine: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Caddy's address; only the names of the two servers are other ones than on the page."""
    folder = tmp_path_factory.mktemp("placed")
    app = RunningApp(folder, BASE_PATH="/digits").start()
    name, url = f"digits-test-{secrets.token_hex(4)}", f"http://localhost:{free_port()}"
    (folder / "Caddyfile").write_text(documented().format(site=url, app=app.url.removeprefix("http://")))
    mount = f"{folder}/Caddyfile:/etc/caddy/Caddyfile:ro"
    words = ("run", "--detach", "--name", name, "--network", "host", "--volume", mount, "caddy:2")
    started = docker(*words, environment=engine)
    try:
        assert started.returncode == 0, started.stderr
        wait_until(lambda: reachable(url), 30, "Caddy")
        yield url
    finally:
        docker("rm", "--force", "--volumes", name, environment=engine)
        app.stop()


def documented() -> str:
    """The Caddyfile of DEPLOYMENT.md with a place for {site} and one for {app}."""
    text = (ROOT / "DEPLOYMENT.md").read_text(encoding="utf-8")
    found = re.search(r"^    example\.com \{\n(?:        .*\n)+    \}\n", text, re.M)
    assert found, "DEPLOYMENT.md has no Caddyfile for a path"
    braces = found[0].replace("{", "{{").replace("}", "}}")
    return braces.replace("example.com", "{site}").replace("127.0.0.1:8501", "{app}")


def reachable(url: str) -> bool:
    try:
        return httpx.get(f"{url}/digits/health").status_code == 200
    except httpx.TransportError:
        return False


def test_pages_api_and_documentation_lie_under_the_path(placed: str) -> None:
    answer = httpx.post(f"{placed}/digits/api/predict", files={"file": png(one())}, timeout=30)
    assert answer.json()["predicted_digit"] == 1
    page = httpx.get(f"{placed}/digits", follow_redirects=True)
    assert page.status_code == 200
    assert "streamlit" in page.text.lower()
    assert httpx.get(f"{placed}/digits/api/docs").status_code == 200


def test_the_rest_of_the_site_is_somebody_elses(placed: str) -> None:
    for path in ("/", "/api/models", "/digitsandmore", "/metrics"):
        assert "streamlit" not in httpx.get(placed + path).text.lower()
