"""Files that are made while they are sent, to a click on our own pages and to nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from datasets.exporting import Download

OWN_PAGES = ("same-origin", "none")  # what a browser says of a click on our page, and of an address typed by hand
HEADERS = {
    "cache-control": "no-store",
    "content-encoding": "identity",  # packed already: nothing on the way need try again
    "x-content-type-options": "nosniff",
}


def from_elsewhere(request: Request) -> bool:
    """Whether a browser says that another origin's page asks."""
    return request.headers.get("sec-fetch-site", "same-origin") not in OWN_PAGES


def problem(code: int, sentence: str, **headers: str) -> JSONResponse:
    """An error, in one sentence."""
    return JSONResponse({"detail": sentence}, status_code=code, headers={"cache-control": "no-store"} | headers)


class Sending(StreamingResponse):
    """A download; whatever ends it, and after `longest` seconds at the latest, what it holds is freed by `release`."""

    def __init__(self, made: Download, release: Callable[[], None], longest: float | None = None) -> None:
        named = {"content-disposition": f'attachment; filename="{made.name}"'}
        super().__init__(made.parts, media_type=made.media_type, headers=HEADERS | named)
        self._parts: Generator[bytes] = made.parts
        self._release, self._longest = release, longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; one that takes too long is cut off, which its receiver notices."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._longest):
                    await super().__call__(scope, receive, send)
        finally:
            self._parts.close()
            self._release()
