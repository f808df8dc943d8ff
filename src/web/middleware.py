"""What stands before the API: which pages may ask, how often one client may, and how much a request may bring."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from ipaddress import IPv6Address, IPv6Network, ip_address

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frames.images import MAX_BYTES, SIZE_LIMIT

MAX_BODY = MAX_BYTES * 3 // 2  # base64 makes the largest picture a third larger, and its percent-encoding a little more
BODY_LIMIT = f"{MAX_BODY // 2**20} MB"
MAX_PARTS = 1000  # commas and brackets in JSON: what is asked for here has a handful
MAX_CLIENTS = 10_000  # whose calls are remembered

# --- From where -------------------------------------------------------------------------------------------------------


class CrossOrigin(CORSMiddleware):
    """ASGI middleware: pages of other origins may call, without cookies; not what lies under `closed`."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...], closed: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=("content-type",),
            expose_headers=("retry-after",),
            max_age=3600,
        )
        self.closed = closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a browser's question whether it may call, or pass the call on."""
        if scope["path"].removeprefix(scope["root_path"]).startswith(self.closed):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


# --- How often --------------------------------------------------------------------------------------------------------


class RateLimit:
    """ASGI middleware: who calls more often than `rate` (such as 30/second) gets a 429, before its body is read.

    It counts what lies under `only`, everything by default; what lies under `free` is not counted.
    """

    def __init__(self, app: ASGIApp, rate: str, free: tuple[str, ...] = (), only: str = "") -> None:
        self.app, self.free, self.only = app, free, only
        self.rate = parse(rate)
        self.limiter = MovingWindowRateLimiter(RecentCalls())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the call; pass it on, or say when the next one is welcome."""
        if scope["type"] != "http" or not self._counts(scope["path"].removeprefix(scope["root_path"])):
            await self.app(scope, receive, send)
            return
        client = client_of(scope)
        if self.limiter.hit(self.rate, client):
            await self.app(scope, receive, send)
            return
        free_again = self.limiter.get_window_stats(self.rate, client).reset_time
        wait = max(1, math.ceil(free_again - time.monotonic()))
        detail = f"This is too fast: {_spoken(self.rate)} are allowed, and the next is welcome in {wait} s."
        await JSONResponse({"detail": detail}, 429, {"retry-after": str(wait)})(scope, receive, send)

    def _counts(self, path: str) -> bool:
        return path.startswith(self.only) and not path.startswith(self.free)


def _spoken(rate: RateLimitItem) -> str:
    span = {1: "a second", 60: "a minute", 3600: "an hour", 86_400: "a day"}[rate.get_expiry()]
    return f"{rate.amount} calls {span}"


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


class RecentCalls(MemoryStorage):
    """The times of every client's last calls, for the MAX_CLIENTS that called last.

    The library's own storage in memory never forgets a client, and looks through all of them at almost every call.
    Used by one thread at a time: the event loop's, or whoever holds a lock.
    """

    STORAGE_SCHEME = ["recent"]  # noqa: RUF012 - as the library declares it

    def __init__(self) -> None:
        super().__init__()
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Note `amount` calls, unless that would make more than `limit` in the last `expiry` seconds."""
        now = time.monotonic()
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - expiry:
            calls.popleft()
        if len(calls) + amount > limit:
            return False
        calls.extend([now] * amount)
        self._calls.move_to_end(key)
        self._forget(now - expiry)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 - the library's
        """The time of the oldest call that still counts, by time.monotonic, and how many do."""
        now = time.monotonic()
        calls = [at for at in self._calls.get(key, ()) if at > now - expiry]
        return (calls[0] if calls else now), len(calls)

    def _forget(self, before: float) -> None:
        """Forget those whose last call lies before that time; past MAX_CLIENTS, those who have been silent longest."""
        while len(self._calls) > MAX_CLIENTS or next(iter(self._calls.values()))[-1] <= before:
            self._calls.popitem(last=False)


# --- How much ---------------------------------------------------------------------------------------------------------


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
