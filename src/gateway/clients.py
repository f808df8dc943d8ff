"""Who calls: the client that limits count, by its address."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.types import Scope


def client_of(scope: Scope) -> str:
    """Who calls: an IPv4 address, or the /64 network of an IPv6 address, since that is what one household is given.

    Behind a trusted proxy, uvicorn has put the address that the proxy forwards in place of the proxy's own.
    """
    return client_at((scope.get("client") or ("", 0))[0])


def client_at(host: str) -> str:
    """The same, of an address that is known."""
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]  # not an address: a Unix socket's peer, or whatever name a proxy gives
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))
    return str(address)
