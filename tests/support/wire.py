"""A wire to PostgreSQL that can be cut, or that can go silent as behind a firewall: a TCP proxy before its socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

Made = TypeVar("Made")


class Wire:
    """TCP at 127.0.0.1:`port` on one side, a server's Unix socket on the other; open until close()."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._whole = asyncio.Event()  # while it is not set, what is sent waits, and nobody is told
        self._ends: set[asyncio.StreamWriter] = set()
        self._cut = False
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="wire", daemon=True).start()
        self._server = self._do(asyncio.start_server(self._connect, "127.0.0.1"))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.mend()

    def cut(self) -> None:
        """End every connection, and each new one at once."""
        self._cut = True
        self._call(self._hang_up)

    def silence(self) -> None:
        """Let nothing through any more, and keep the connections."""
        self._call(self._whole.clear)

    def mend(self) -> None:
        """Let everything through again; what waited comes as well."""
        self._cut = False
        self._call(self._whole.set)

    def close(self) -> None:
        """Take it away."""
        self.cut()
        self._call(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _hang_up(self) -> None:
        for end in self._ends:
            end.close()

    def _do(self, work: Coroutine[Any, Any, Made]) -> Made:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _call(self, what: Callable[[], None]) -> None:
        async def called() -> None:
            what()

        self._do(called())

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.close()
            return
        try:
            there, back = await asyncio.open_unix_connection(self._socket)
        except OSError:  # no server is there
            writer.close()
            return
        self._ends |= {writer, back}
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        self._ends -= {writer, back}

    async def _carry(self, source: asyncio.StreamReader, end: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(65536):
                await self._whole.wait()
                end.write(piece)
                await end.drain()
        end.close()
