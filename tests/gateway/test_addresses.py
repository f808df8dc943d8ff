"""The address that is printed leads to the app, over IPv4 and IPv6."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.addresses import shown_address

BOTH = ["::1", "127.0.0.1"]


@pytest.fixture
def neighbour() -> Iterator[int]:
    """The port of another program on the address that stands for ::1 below."""
    with socket.create_server(("127.0.0.2", 0)) as listening:
        yield int(listening.getsockname()[1])


def let_localhost_be(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    real = socket.getaddrinfo

    def found(host: str, port: int, *rest: Any, **named: Any) -> list[Any]:
        if host != "localhost":
            return list(real(host, port, *rest, **named))
        return [(0, 0, 0, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize(
    ("address", "localhost", "shown"),
    [
        ("127.0.0.1", ["127.0.0.1"], "localhost"),
        ("127.0.0.1", BOTH, "localhost"),
        ("0.0.0.0", BOTH, "localhost"),  # noqa: S104 - nothing is opened
        ("::", ["127.0.0.1"], "localhost"),
        ("::1", BOTH, "localhost"),
        ("127.0.0.1", ["::1"], "127.0.0.1"),
        ("::1", ["127.0.0.1"], "[::1]"),
        ("192.168.1.10", BOTH, "192.168.1.10"),
        ("2001:db8::1", BOTH, "[2001:db8::1]"),
        ("digits.example.com", BOTH, "digits.example.com"),
    ],
)
def test_localhost_is_shown_where_it_leads_to_the_app(
    monkeypatch: pytest.MonkeyPatch, address: str, localhost: list[str], shown: str
) -> None:
    let_localhost_be(monkeypatch, localhost)
    assert shown_address(address, 1) == shown


def test_another_program_under_localhost_is_not_taken_for_the_app(
    monkeypatch: pytest.MonkeyPatch, neighbour: int
) -> None:
    let_localhost_be(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    assert shown_address("127.0.0.1", neighbour) == "127.0.0.1"
    assert shown_address("127.0.0.1", 1) == "localhost"
