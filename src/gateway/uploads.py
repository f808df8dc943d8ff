"""Pictures that visitors upload on the page, which Streamlit keeps in memory for as long as the page is open.

Streamlit bounds the size of one, and not how many there are: whoever has a page open may send any number. Our page
shows one at a time, and an "Undo" may bring back the one before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frames.images import MAX_BYTES, too_many_bytes
from gateway import kept_files
from gateway.clients import client_of

KEPT = 2  # files of a session: the one that is shown, and the one before
AT_ONCE = 2  # that a session may be sending: a second one, where somebody changes their mind
FORM = 16 * 1024  # bytes that a form has around its file, at most
MEGABYTE = 1024 * 1024
MOST = 320 * MEGABYTE  # of all files together: with the 750 MB that the app takes, half of a machine of 2 GB
MOST_OF_A_CLIENT = 192 * MEGABYTE  # a class of 60 behind one address, with a telephone's photograph each
AGAIN = 60  # seconds

ONE_AT_A_TIME = "One picture at a time: wait until the last one is there."
FULL = "Too many pictures are being looked at at the moment: send yours again in a minute."

Refusal = tuple[int, str]  # a code and a sentence


@dataclass
class _Coming:
    """A file that is being sent."""

    session: str
    client: str
    declared: int
    received: int = 0
    refusal: Refusal | None = None

    @property
    def size(self) -> int:
        """Bytes: as it says, or as it is."""
        return max(self.declared, self.received)


class UploadLimit:
    """ASGI middleware: a file that is too large, or one too many, is refused before Streamlit takes it in.

    Of a session's files the newest KEPT stay. Where memory runs short, those of visitors who have left go first, and
    then all but the newest of each session.
    """

    def __init__(self, app: ASGIApp, base_path: str, most: int = MOST, of_a_client: int = MOST_OF_A_CLIENT) -> None:
        self.app, self.most, self.most_of_a_client = app, most, of_a_client
        self._path = re.compile(rf"{re.escape(base_path)}/_stcore/upload_file/([^/]+)/[^/]+")
        self._clients: dict[str, str] = {}  # by their sessions
        self._coming: list[_Coming] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a file in, or say why not. Of a session that is not open, Streamlit refuses all by itself, unread."""
        found = self._path.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if found is None or not kept_files.is_here(found[1]):
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        coming = _Coming(found[1], client_of(scope), int(declared) if declared.isdecimal() else 0)
        with self._noted(coming):
            coming.refusal = self._refusal(coming)
            if coming.refusal is None:
                await self._pass_on(coming, scope, receive, send)
        if coming.refusal is not None:
            code, detail = coming.refusal
            headers = {"connection": "close"} | ({} if code == 413 else {"retry-after": str(AGAIN)})
            await JSONResponse({"detail": detail}, code, headers)(scope, receive, send)

    async def _pass_on(self, coming: _Coming, scope: Scope, receive: Receive, send: Send) -> None:
        """Have Streamlit take a file in, unless it turns out to be larger than it said."""

        async def counted() -> Message:
            message = await receive()
            coming.received += len(message.get("body", b""))
            if coming.received > coming.declared and coming.refusal is None:
                coming.refusal = self._refusal(coming)
            return {"type": "http.disconnect"} if coming.refusal else message

        async def watched(message: Message) -> None:
            if not coming.refusal:
                await send(message)

        try:
            await self.app(scope, counted, watched)
        except ClientDisconnect:
            if not coming.refusal:
                raise
        kept_files.keep_newest(coming.session, KEPT)

    @contextmanager
    def _noted(self, coming: _Coming) -> Iterator[None]:
        self._coming.append(coming)
        self._clients[coming.session] = coming.client
        try:
            yield
        finally:
            self._coming.remove(coming)

    def _refusal(self, coming: _Coming) -> Refusal | None:
        """Why a file is not taken in."""
        if coming.size > MAX_BYTES + FORM:
            return 413, str(too_many_bytes())
        if sum(each.session == coming.session for each in self._coming) > AT_ONCE:
            return 429, ONE_AT_A_TIME
        if self._fits(coming.client):
            return None
        kept_files.drop_those_left_behind()
        for session in kept_files.sizes():
            kept_files.keep_newest(session, 1)
        return None if self._fits(coming.client) else (503, FULL)

    def _fits(self, client: str) -> bool:
        """Whether what is kept and what is coming is not too much, of a client and of all."""
        kept = kept_files.sizes()
        self._clients = {session: each for session, each in self._clients.items() if session in kept} | {
            each.session: each.client for each in self._coming
        }
        coming = sum(each.size for each in self._coming)
        of_client = sum(size for session, size in kept.items() if self._clients.get(session) == client)
        of_client += sum(each.size for each in self._coming if each.client == client)
        return sum(kept.values()) + coming <= self.most and of_client <= self.most_of_a_client
