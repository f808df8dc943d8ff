"""Streamlit's sessions belong to the browser that began them.

A page whose connection broke goes on with its session by naming it, and so could whoever else learns the name. But
Streamlit gives a session only to the user who began it, whom it knows by a header: here that stands for the cookies.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime

from gateway.admins import ADMIN
from gateway.visitors import VISITOR

HEADER = "x-digit-reader-browser"
TRUSTED_USER_HEADERS = {HEADER: "browser"}
"""For Streamlit's option server.trustedUserHeaders."""


class OwnSessions:
    """ASGI middleware: a websocket says which browser it comes from, whatever it said before.

    A file for a session is taken from the browser whose it is, and from no other.
    """

    def __init__(self, app: ASGIApp, base_path: str = "") -> None:
        self.app, self.uploads = app, f"{base_path}/_stcore/upload_file/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on."""
        if scope["type"] == "websocket":
            others = [(name, value) for name, value in scope["headers"] if name.lower() != HEADER.encode()]
            scope = {**scope, "headers": [*others, (HEADER.encode(), _browser(scope).encode())]}
        elif scope["type"] == "http" and scope["path"].startswith(self.uploads):
            session = scope["path"].removeprefix(self.uploads).split("/")[0]
            if not _may_send_to(session, HTTPConnection(scope).cookies):
                await JSONResponse({"detail": "This is another browser's page."}, 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _browser(scope: Scope) -> str:
    """A hash of its cookies; of a browser without any, nobody knows that it is the same."""
    cookies = HTTPConnection(scope).cookies
    visitor = VISITOR.value(cookies) or secrets.token_urlsafe(32)
    return hashlib.sha256(f"{visitor} {ADMIN.value(cookies)}".encode()).hexdigest()


def _may_send_to(session: str, cookies: Mapping[str, str]) -> bool:
    """Whether this is the visitor whose page is open under that name, signed in since or not; or none is open."""
    client = runtime.get_instance().get_client(session) if runtime.exists() else None
    page = client.client_context if client else None
    return page is None or VISITOR.value(page.cookies) == VISITOR.value(cookies) != ""
