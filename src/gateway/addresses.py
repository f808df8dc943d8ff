"""The address that is printed when the app starts: one that leads to this app in a browser on this machine."""

from __future__ import annotations

import socket

LOOPBACK = ("127.0.0.1", "::1")
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - each with this machine's own address in its place
PATIENCE = 0.5  # seconds until a port that answers nothing counts as free


def shown_address(address: str, port: int) -> str:
    """What stands for the app's address in its URL: localhost where that leads to the app, and otherwise the address.

    A name can lead elsewhere: on many machines localhost is ::1 first, and there another program may have the port.
    """
    near = ANYWHERE.get(address, address)
    if near in LOOPBACK and (address == "::" or _leads_to(near, port)):
        return "localhost"
    return f"[{near}]" if ":" in near else near


def _leads_to(near: str, port: int) -> bool:
    """Whether browsers that go through the addresses of localhost, in turn, come to this one."""
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)]
    except OSError:
        return False
    for each in found:
        if each == near:
            return True
        if _somebody_answers(each, port):
            return False
    return False


def _somebody_answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), PATIENCE).close()
    except OSError:
        return False
    return True
