"""How often one client may call."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.clients import client_of

MAX_CLIENTS = 10_000  # whose calls are remembered


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
