"""Websockets: one for each page that is open, and each with a session that takes memory."""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import descriptors
from gateway.clients import client_of
from gateway.visitors import asks_for_page

MOST = 1_000  # pages that are open at once: their sessions take some 250 MB
MOST_OF_A_CLIENT = 500  # a whole school behind one address
FIRST_WORD_WITHIN = 30.0  # seconds: a page says what it is at once
AGAIN = 30  # seconds

FULL = "Too many people are here at the moment: this page tries again by itself every half minute."
FULL_FOR_YOU = "Too many pages are open at your address: close some, and this page tries again by itself."
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Digit reader: please wait</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="{again}"></head><body><main><h1>Please wait a moment</h1><p>{why}</p></main></body>
</html>"""


class SocketLimit:
    """ASGI middleware: so many websockets at once, of one client and overall, and none that says nothing.

    A page that could not have one is answered by a page that says so.
    """

    def __init__(self, app: ASGIApp, most: int | None = None, most_of_a_client: int = MOST_OF_A_CLIENT) -> None:
        self.app = app
        self.most = most or min(MOST, descriptors.for_visitors() // 2 // descriptors.OF_A_PAGE)
        self.most_of_a_client = most_of_a_client
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a websocket for as long as it is open; refuse it, and the page that would want one, if need be."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http" and asks_for_page(scope) and (why := self._refusal(client_of(scope))):
            page = HTMLResponse(_PAGE.format(why=why, again=AGAIN), 503, {"retry-after": str(AGAIN)})
            await page(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _refusal(self, client: str) -> str:
        """Why no websocket can be opened; "" if one can."""
        if self._open.total() >= self.most:
            return FULL
        return FULL_FOR_YOU if self._open[client] >= self.most_of_a_client else ""

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = client_of(scope)
        if why := self._refusal(client):
            await JSONResponse({"detail": why}, 503, {"retry-after": str(AGAIN)})(scope, receive, send)
            return
        self._open[client] += 1
        try:
            await self.app(scope, _Impatient(receive, send).receive, send)
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]


class _Impatient:
    """What comes on a websocket; where the first word takes too long, it is over."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send, self._spoken = receive, send, False

    async def receive(self) -> Message:
        """The next message."""
        if self._spoken:
            return await self._receive()
        try:
            async with asyncio.timeout(FIRST_WORD_WITHIN):
                message = await self._receive()
        except TimeoutError:
            await self._send({"type": "websocket.close", "code": 1008, "reason": "Nothing was said."})
            return {"type": "websocket.disconnect", "code": 1008}
        self._spoken = message["type"] == "websocket.receive"
        return message
