"""Bodies of requests on their way in: in time, and not more at once than there is memory for.

How large one may be, and how often a client may send one, is said elsewhere (bodies.py, rates.py); but a hundred that
come one byte a second, or that stop before their end, would be within these limits.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.clients import client_of

PIECE = 80_000  # bytes, or a body's end, that come within
WITHIN = 20.0  # seconds: as fast as the slowest of telephones
SMALL = 128 * 1024  # bytes: whatever is drawn or said has less, and is taken in whoever sends large pictures
IN_HAND = 192 * 1024 * 1024  # bytes of larger bodies that are taken in or read at once, of all clients
IN_HAND_OF_A_CLIENT = 64 * 1024 * 1024  # of one: four of the largest pictures, or a class's photographs in turn
AGAIN = 5  # seconds

SLOW = "This request came too slowly: send it again where the connection is better."
FULL = f"Too many pictures are being sent at once: send this one again in {AGAIN} seconds."


class Receiving:
    """ASGI middleware: who sends too slowly gets a 408, and who sends more than there is room for a 503."""

    def __init__(self, app: ASGIApp, in_hand: int = IN_HAND, of_a_client: int = IN_HAND_OF_A_CLIENT) -> None:
        self.app, self.most, self.most_of_a_client = app, in_hand, of_a_client
        self.in_hand: Counter[str] = Counter()
        """Bytes, by their clients."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch what comes in; where it is too slow or too much, hang up on the sender and answer for the app."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, started = _Body(self, client_of(scope), receive), False

        async def watched(message: Message) -> None:
            nonlocal started
            if started or not body.refusal:
                started = True
                await send(message)

        try:
            await self.app(scope, body.receive, watched)
        except ClientDisconnect:
            pass  # it hung up, or we did: nobody is left to be told
        finally:
            body.done()
        if body.refusal and not started:
            code, detail = body.refusal
            headers = {"connection": "close"} | ({"retry-after": str(AGAIN)} if code == 503 else {})
            await JSONResponse({"detail": detail}, code, headers)(scope, receive, send)


class _Body:
    """A body on its way in, and, once it will not be taken, the code and the sentence that say why."""

    def __init__(self, room: Receiving, client: str, receive: Receive) -> None:
        self._room, self._client, self._receive = room, client, receive
        self._bytes, self._counted, self._more = 0, 0, True
        self._due: float | None = None
        self._due_bytes = 0
        self.refusal: tuple[int, str] | None = None

    async def receive(self) -> Message:
        """The next piece, or a hang-up once it is too slow or too much."""
        if self.refusal:
            return {"type": "http.disconnect"}
        if not self._more:
            return await self._receive()
        message = await self._in_time()
        self._more = bool(message.get("more_body"))
        self._bytes += len(message.get("body", b""))
        if self._bytes > SMALL and not self._count():
            self.refusal = (503, FULL)
        return {"type": "http.disconnect"} if self.refusal else message

    def done(self) -> None:
        """The request has been answered."""
        self._room.in_hand[self._client] -= self._counted
        if not self._room.in_hand[self._client]:
            del self._room.in_hand[self._client]

    async def _in_time(self) -> Message:
        now = asyncio.get_running_loop().time()
        if self._due is None or self._bytes >= self._due_bytes:
            self._due, self._due_bytes = now + WITHIN, self._bytes + PIECE
        try:
            async with asyncio.timeout_at(self._due):
                return await self._receive()
        except TimeoutError:
            self.refusal = (408, SLOW)
            return {"type": "http.disconnect"}

    def _count(self) -> bool:
        """Count what has come; False if there is no room for it."""
        more, self._counted = self._bytes - self._counted, self._bytes
        held = self._room.in_hand
        held[self._client] += more
        return held[self._client] <= self._room.most_of_a_client and held.total() <= self._room.most
