"""What every answer tells the browser to refuse: foreign scripts, frames, guessed types, referrers, devices.

These headers are set here alone, so that they are the same with Caddy, nginx and none of them, and never twice.
"""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
HSTS = "max-age=31536000"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",  # for browsers that do not know frame-ancestors
    "referrer-policy": "same-origin",
    # The camera is for the Upload tab.
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()",
}


def page_policy(html: str, *more_scripts: str) -> str:
    """The Content-Security-Policy of a page: everything from here, and of scripts in the page those that it has now.

    `more_scripts` are other sources of scripts. Styles may stand in the page, as Streamlit's do, and a data URL may be
    fetched, which is how its camera hands its picture over.
    """
    inline = re.findall(r"<script>(.*?)</script>", html, re.S)
    scripts = " ".join(("'self'", *more_scripts, *map(_source, inline)))
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    )


def _source(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


class SecureHeaders:
    """ASGI middleware: sets the headers on each answer that does not set them itself.

    `pages` is the policy of the pages, and of everything but what lies under `api`.
    """

    def __init__(self, app: ASGIApp, pages: str, api: str) -> None:
        self.app, self.pages, self.api = app, pages, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers(scope).items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _headers(self, scope: Scope) -> dict[str, str]:
        policy = API_POLICY if f"{scope['path']}/".startswith(f"{self.api}/") else self.pages
        https = {"strict-transport-security": HSTS} if scope["scheme"] == "https" else {}
        return {"content-security-policy": policy} | HEADERS | https
