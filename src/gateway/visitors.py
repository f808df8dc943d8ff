"""Visitors: a random cookie, of which the database knows only the hash.

Streamlit's own session ends with a reload, so a visitor's recent drawings belong to this cookie instead.
"""

from __future__ import annotations

import hashlib
import re
import secrets

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.clients import client_at

COOKIE = "digit_reader_visitor"
ONE_YEAR = 365 * 24 * 3600
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{43}")


class VisitorCookie:
    """ASGI middleware that sets a random cookie in every browser without one, for what lies under `path`."""

    def __init__(self, app: ASGIApp, path: str = "/") -> None:
        self.app, self.path = app, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and set the cookie with a page's response."""
        if scope["type"] != "http" or not asks_for_page(scope) or _cookie_of(HTTPConnection(scope)):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = _new_cookie(self.path, secure=scope["scheme"] == "https")
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def current_visitor() -> str:
    """The visitor whose page is running, as a sha-256 in hex. Without cookies, a visitor lasts one session."""
    value = st.context.cookies.get(COOKIE, "")
    if not _WELL_FORMED.fullmatch(value):
        value = st.session_state.setdefault("visitor_without_cookie", secrets.token_urlsafe(32))
    return _hashed("cookie", value)


def visitor_of(connection: HTTPConnection) -> str | None:
    """The visitor whose browser sends this request, as above; None without our cookie."""
    value = _cookie_of(connection)
    return _hashed("cookie", value) if value else None


def current_client() -> str:
    """Where the visitor's page is, as clients.client_of has it; this machine where Streamlit says nothing."""
    return client_at(st.context.ip_address or "127.0.0.1")


def api_visitor(session: str) -> str | None:
    """The visitor that an API client names by its `session`, in a namespace of its own, apart from the cookies."""
    return _hashed("api", session) if session else None


def _hashed(namespace: str, value: str) -> str:
    return hashlib.sha256(f"{namespace}:{value}".encode()).hexdigest()


def asks_for_page(scope: Scope) -> bool:
    """Whether a browser asks for a page, and not for a part of one."""
    headers = dict(scope["headers"])
    return scope["method"] == "GET" and b"text/html" in headers.get(b"accept", b"")


def _cookie_of(connection: HTTPConnection) -> str:
    """Our cookie's value, or nothing."""
    value = connection.cookies.get(COOKIE, "")
    return value if _WELL_FORMED.fullmatch(value) else ""


def _new_cookie(path: str, *, secure: bool) -> str:
    value = f"{COOKIE}={secrets.token_urlsafe(32)}; Path={path}; Max-Age={ONE_YEAR}; HttpOnly; SameSite=Lax"
    return value + "; Secure" if secure else value
