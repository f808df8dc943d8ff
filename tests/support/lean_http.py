"""HTTP as a browser's tab speaks it: one connection that is kept open, from an address of its own, with its cookies.

Hundreds of tabs share two cores with the app that they load: a whole client library would take as much as the app.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http.cookies import SimpleCookie
from urllib.parse import urlsplit


class HttpFailed(RuntimeError):
    """The server answered with an error, or not at all."""


class Http:
    """One tab's connection to a server."""

    def __init__(self, url: str, address: str) -> None:
        self._where, self._address = urlsplit(url), address
        self._jar: SimpleCookie = SimpleCookie()
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def cookies(self) -> str:
        """The Cookie header."""
        return "; ".join(f"{name}={morsel.coded_value}" for name, morsel in self._jar.items())

    async def fetch(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
        """The body of the answer. Raises HttpFailed, also for an answer that is no 2xx."""
        status, answer = await self.ask(method, path, headers, body)
        if not 200 <= status < 300:
            self.close()
            raise HttpFailed(f"{status}: {answer[:200].decode(errors='replace')}")
        return answer

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
        """The status code and the body of the answer. Raises HttpFailed where there is none."""
        try:
            if self._connection is not None:  # the server may have closed it meanwhile
                with suppress(ConnectionError, EOFError):
                    return await self._exchange(method, path, headers, body)
                self.close()
            return await self._exchange(method, path, headers, body)
        except (OSError, EOFError) as error:
            raise HttpFailed(repr(error)) from error

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None

    async def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = await asyncio.open_connection(
                self._where.hostname, self._where.port, local_addr=(self._address, 0)
            )
        reader, writer = self._connection
        all_headers = {"host": self._where.netloc, "cookie": self.cookies, "content-length": str(len(body))} | headers
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items() if value)]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        status, *told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        length = 0
        for name, _, value in (line.partition(": ") for line in told):
            if name.lower() == "set-cookie":
                self._jar.load(value.split(";")[0])
            elif name.lower() == "content-length":
                length = int(value)
        return int(status.split()[1]), await reader.readexactly(length)
