"""Connections that keep the app waiting: a request that never comes, an answer that nobody reads.

uvicorn ends only those that are silent between two requests. The classes here take the place of its own: they give up
on the others too, and where too many are open, the one that has been silent longest makes room for the next.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
import uvicorn.config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway import descriptors

REQUEST_WITHIN = 15.0  # seconds from a request's first byte, or from connecting, until its headers are there
READ_WITHIN = 60.0  # seconds until some of what is sent has been read: a phone in a tunnel is back by then
CLOSED_WITHIN = 10.0  # seconds until who does not answer any more is cut off
MOST = 2_000  # at once, beside websockets: 300 browsers that load the page at the same time, with six each


class Room:
    """The connections that are open, and which of them wait for whom; the first to wait are the first to go."""

    def __init__(self) -> None:
        self.most = min(MOST, descriptors.for_visitors() // 2)
        self._open: set[H11Protocol] = set()
        self._waiting: dict[H11Protocol, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, connection: H11Protocol) -> None:
        """Let a connection in; if there is no room for it, one that waits goes, or where none does, it itself."""
        self._open.add(connection)
        if len(self._open) > self.most:
            self._cut(next(iter(self._waiting), connection))

    def leave(self, connection: H11Protocol) -> None:
        """A connection is gone."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)

    def waits(self, connection: H11Protocol) -> None:
        """From now on, nothing is done for a connection until its other side does something."""
        if connection in self._open:
            self._waiting.setdefault(connection)

    def goes_on(self, connection: H11Protocol) -> None:
        """It has done something."""
        self._waiting.pop(connection, None)

    def _cut(self, connection: H11Protocol) -> None:
        self.leave(connection)
        connection.transport.abort()


class Connection(H11Protocol):
    """A connection of a browser, on which request follows request."""

    room: ClassVar[Room]
    _request_due: asyncio.TimerHandle | None = None
    _reading_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Its first request is due."""
        super().connection_made(transport)
        self.room.enter(self)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Its next request is due, or has come."""
        if self._idle and self._request_due is None:
            self._expect_request()
        super().data_received(data)
        if not self._idle:
            self._stop_expecting()

    def on_response_complete(self) -> None:
        """It waits for another request; uvicorn gives it five seconds until the first byte."""
        super().on_response_complete()
        if self._idle:
            self.room.waits(self)

    def pause_writing(self) -> None:
        """Nobody reads what is sent."""
        super().pause_writing()
        self._reading_due = self.loop.call_later(READ_WITHIN, self.transport.abort)
        self.room.waits(self)

    def resume_writing(self) -> None:
        """Somebody does again."""
        super().resume_writing()
        _cancel(self._reading_due)
        self.room.goes_on(self)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From now on it is a Socket's."""
        self._stop_expecting()
        self.room.leave(self)
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, and so is all that was due."""
        self._stop_expecting()
        self.room.leave(self)
        super().connection_lost(exc)
        _cancel(self._reading_due)

    @property
    def _idle(self) -> bool:
        """Whether no request of it is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _expect_request(self) -> None:
        self._request_due = self.loop.call_later(REQUEST_WITHIN, self.transport.abort)
        self.room.waits(self)

    def _stop_expecting(self) -> None:
        _cancel(self._request_due)
        self._request_due = None
        self.room.goes_on(self)


class Socket(WebSocketsSansIOProtocol):
    """A websocket."""

    _reading_due: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """Nobody reads what is sent."""
        super().pause_writing()
        self._reading_due = self.loop.call_later(READ_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        """Somebody does again."""
        super().resume_writing()
        _cancel(self._reading_due)

    def keepalive_timeout(self) -> None:
        """Nobody has answered a ping: uvicorn closes it, but would wait for ever until all was read."""
        super().keepalive_timeout()
        _cancel(self._reading_due)
        self._reading_due = self.loop.call_later(CLOSED_WITHIN, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        _cancel(self._reading_due)
        super().connection_lost(exc)


def _cancel(handle: asyncio.TimerHandle | None) -> None:
    if handle is not None:
        handle.cancel()


def install() -> None:
    """Have the server that Streamlit starts use these classes. (`streamlit run` has chosen its own before.)"""
    Connection.room = Room()
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:Connection"
    uvicorn.config.WS_PROTOCOLS["websockets-sansio"] = f"{__name__}:Socket"
