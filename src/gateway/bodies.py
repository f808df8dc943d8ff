"""How much a request may bring."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frames.images import MAX_BYTES, SIZE_LIMIT

MAX_BODY = MAX_BYTES * 3 // 2  # base64 makes the largest picture a third larger, and its percent-encoding a little more
BODY_LIMIT = f"{MAX_BODY // 2**20} MB"
MAX_PARTS = 1000  # commas and brackets in JSON: what is asked for here has a handful


class BodyLimit:
    """ASGI middleware: a body of more than MAX_BODY bytes is a 413, before it is on this machine's disk.

    So is JSON of more than MAX_PARTS parts, which would hold up everybody while it is taken apart.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in; past the limit, hang up on the sender and answer for the app."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, answered = Body(receive, Headers(scope=scope)), False

        async def corrected(message: Message) -> None:
            nonlocal answered
            if body.fits:
                await send(message)
            elif not answered:
                answered = True
                await _too_large(scope, receive, send)

        if body.fits:
            await self.app(scope, body.receive, corrected)
        else:
            await _too_large(scope, receive, send)


class Body:
    """A body on its way in, and whether it is still one that will be taken."""

    def __init__(self, receive: Receive, headers: Headers) -> None:
        self._receive = receive
        self._json = "json" in headers.get("content-type", "").lower()
        declared = headers.get("content-length", "0")
        self.fits = not declared.isdecimal() or int(declared) <= MAX_BODY
        self._bytes, self._parts = 0, 0

    async def receive(self) -> Message:
        """The next piece, or a hang-up once it is too much."""
        message = await self._receive()
        piece = message.get("body", b"")
        self._bytes += len(piece)
        if self._json:
            self._parts += sum(map(piece.count, (b",", b"[", b"{")))
        self.fits = self._bytes <= MAX_BODY and self._parts <= MAX_PARTS
        return message if self.fits else {"type": "http.disconnect"}


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    detail = f"This is too large: send a picture of at most {SIZE_LIMIT}, in a request of at most {BODY_LIMIT}."
    await JSONResponse({"detail": detail}, 413)(scope, receive, send)
