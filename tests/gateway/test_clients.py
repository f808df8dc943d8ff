"""Who is one client."""

from __future__ import annotations

import pytest

from gateway.clients import client_of


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("x" * 10_000, "x" * 64),
        (None, ""),
    ],
)
def test_who_is_one_client(peer: str | None, client: str) -> None:
    assert client_of({"type": "http", "client": peer and (peer, 1234)}) == client
