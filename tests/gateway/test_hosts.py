"""Names that strangers make lead to the app are refused; addresses, and names of one's own network, are not."""

from __future__ import annotations

import socket

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from gateway.hosts import is_known
from support.running_app import RunningApp

NAMES = ("digits.example.org", "192.0.2.1")


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost:8501",
        "LocalHost",
        "localhost.",
        "digits.localhost",
        "127.0.0.1:8501",
        "192.168.1.10",
        "172.18.0.3:8501",
        "[::1]:8501",
        "[2001:db8::1]",
        "app:8501",
        "digit_reader-app-1:8501",
        "raspberrypi.local:8501",
        "nas.home.arpa",
        "db.internal",
        "digits.example.org",
        "digits.example.org:9000",
        "Digits.Example.Org.",
    ],
)
def test_the_apps_own_names_are_known(host: str) -> None:
    assert is_known(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8501",
        "127.0.0.1.nip.io:8501",
        "digits.example.org.evil.example",
        "evil-digits.example.org",
        "localhost.evil.example",
        "evil.example#.localhost",
        "user@localhost",
        "localhost:8501:1",
        "localhost/",
        "[::1].evil.example",
        "1.2.3",
        "\u0131.local",
        " ",
    ],
)
def test_strangers_names_are_not(host: str) -> None:
    assert not is_known(host, NAMES)


@pytest.mark.parametrize("path", ["/", "/api/models", "/health", "/_stcore/health", "/metrics"])
def test_a_page_that_leads_its_own_name_here_gets_nothing(app: RunningApp, path: str) -> None:
    refused = httpx.get(app.url + path, headers={"host": "evil.example"})
    assert refused.status_code == 421
    assert "DOMAIN" in refused.json()["detail"]
    assert refused.headers["content-security-policy"]
    assert httpx.get(app.url + path, headers={"host": "192.168.1.10:8501"}).status_code == 200


def test_nor_does_its_websocket(app: RunningApp) -> None:
    host, port = app.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as here, pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://evil.example:{port}/_stcore/stream", sock=here, origin=Origin(f"http://evil.example:{port}"))


def test_over_https_the_certificate_vouches_for_the_name(app: RunningApp) -> None:
    """A proxy that is trusted says that it is HTTPS; who is not trusted may say so too, and is not believed."""
    said = {"host": "digits.example.org", "x-forwarded-proto": "https"}
    assert httpx.get(f"{app.url}/health", headers=said).status_code == 200
