"""Streamlit's sessions belong to the browser that began them.

A page whose connection broke goes on with its session by naming it, and so could whoever else learns the name. But
Streamlit gives a session only to the user who began it, whom it knows by a header: here that stands for the cookies.
"""

from __future__ import annotations

import hashlib
import secrets

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.admins import ADMIN
from gateway.visitors import VISITOR

HEADER = "x-digit-reader-browser"
TRUSTED_USER_HEADERS = {HEADER: "browser"}
"""For Streamlit's option server.trustedUserHeaders."""


class OwnSessions:
    """ASGI middleware: a websocket says which browser it comes from, whatever it said before."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on."""
        if scope["type"] == "websocket":
            others = [(name, value) for name, value in scope["headers"] if name.lower() != HEADER.encode()]
            scope = {**scope, "headers": [*others, (HEADER.encode(), _browser(HTTPConnection(scope)).encode())]}
        await self.app(scope, receive, send)


def _browser(connection: HTTPConnection) -> str:
    """A hash of its cookies; of a browser without any, nobody knows that it is the same."""
    visitor = VISITOR.value(connection.cookies) or secrets.token_urlsafe(32)
    return hashlib.sha256(f"{visitor} {ADMIN.value(connection.cookies)}".encode()).hexdigest()
