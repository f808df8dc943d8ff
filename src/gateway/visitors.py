"""Visitors: a random cookie, of which the database knows only the hash; and what else a page's browser says of itself.

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

from gateway.admins import ADMIN
from gateway.clients import client_at
from gateway.cookies import Cookie, can_be_host_only

VISITOR = Cookie("digit_reader_visitor", re.compile(r"[A-Za-z0-9_-]{43}"), max_age=365 * 24 * 3600)
COOKIE = VISITOR.name


class VisitorCookie:
    """ASGI middleware that sets a random cookie in every browser without one, for what lies under `path`.

    A browser that has it under the ordinary name only, where there is a better one, gets the same value under that:
    the visitor stays the same, and what is planted from then on changes nothing.
    """

    def __init__(self, app: ASGIApp, path: str = "/") -> None:
        self.app, self.path = app, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and set the cookie with a page's response."""
        value = self._to_set(scope)
        if not value:
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", VISITOR.header(value, scope, self.path))
            await send(message)

        await self.app(scope, receive, send_with_cookie)

    def _to_set(self, scope: Scope) -> str:
        """The value that this request's browser should have and has not; "" for none."""
        if scope["type"] != "http" or not asks_for_page(scope):
            return ""
        cookies = HTTPConnection(scope).cookies
        known = VISITOR.value(cookies)
        if not known:
            return secrets.token_urlsafe(32)
        return known if can_be_host_only(scope, self.path) and not VISITOR.own(cookies) else ""


def current_visitor() -> str:
    """The visitor whose page is running, as a sha-256 in hex. Without cookies, a visitor lasts one session."""
    value = VISITOR.value(st.context.cookies)
    if not value:
        value = st.session_state.setdefault("visitor_without_cookie", secrets.token_urlsafe(32))
    return _hashed("cookie", value)


def current_admin() -> str:
    """The administrators' cookie of the browser whose page is running, for gateway.admins; "" without one."""
    return ADMIN.value(st.context.cookies)


def visitor_of(connection: HTTPConnection) -> str | None:
    """The visitor whose browser sends this request, as above; None without our cookie."""
    value = VISITOR.value(connection.cookies)
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
