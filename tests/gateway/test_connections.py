"""Who keeps the app waiting is cut off, and whoever comes finds room: on a server of uvicorn's with these classes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
import uvicorn.config
from starlette.types import Receive, Scope, Send

from gateway import connections
from gateway.connections import Connection, Room, Socket, install
from support.running_app import free_port, wait_until

SOON = 0.4  # seconds
LARGE = 30_000_000  # bytes: more than all buffers on the way


async def answers(scope: Scope, _receive: Receive, send: Send) -> None:
    """The path /large is answered with very much."""
    if scope["type"] == "http":
        body = bytes(LARGE) if scope["path"] == "/large" else b"hello"
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for start in range(0, len(body), 1_000_000):
            await send({"type": "http.response.body", "body": body[start : start + 1_000_000], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    for name in ("REQUEST_WITHIN", "READ_WITHIN"):
        monkeypatch.setattr(connections, name, SOON)
    monkeypatch.setattr(connections, "MOST", 8)
    monkeypatch.setattr(uvicorn.config, "HTTP_PROTOCOLS", dict(uvicorn.config.HTTP_PROTOCOLS))
    monkeypatch.setattr(uvicorn.config, "WS_PROTOCOLS", dict(uvicorn.config.WS_PROTOCOLS))
    install()
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(answers, port=port, lifespan="off", log_config=None, timeout_keep_alive=60))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, 20)
    yield port
    server.should_exit = True
    thread.join(20)


def opened(port: int, said: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(said)
    return connection


def asked(connection: socket.socket) -> bytes:
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b"hello") and (piece := connection.recv(1000)):
        answer += piece
    return answer


def is_cut(connection: socket.socket, within: float = 5) -> bool:
    """Whether the other side ends a connection soon."""
    connection.settimeout(within)
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: localh"])
def test_a_request_that_does_not_come_is_not_waited_for(port: int, said: bytes) -> None:
    with opened(port, said) as connection:
        assert is_cut(connection)


def test_nor_one_that_comes_letter_by_letter(port: int) -> None:
    with opened(port) as connection:
        assert b"200" in asked(connection), "the first is answered, and the next one may take its time until it begins"
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 5:
                connection.sendall(b"G")
                time.sleep(SOON / 5)
        assert time.monotonic() - began < 4


def test_who_asks_in_time_may_ask_again_later(port: int) -> None:
    with opened(port) as connection:
        assert b"200" in asked(connection)
        time.sleep(2 * SOON)
        assert b"200" in asked(connection)


def test_an_answer_that_nobody_reads_is_given_up(port: int) -> None:
    with opened(port, b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
        wait_until(lambda: len(Connection.room) == 1, 10)
        wait_until(lambda: len(Connection.room) == 0, 10, "the end of the connection")
        read = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(1_000_000):
                read += len(piece)
        assert read < LARGE


def test_where_too_many_are_open_the_one_that_waits_longest_makes_room(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_WITHIN", 60)
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(opened(port)) for _ in range(Connection.room.most)]
        newest = stack.enter_context(opened(port))
        assert b"200" in asked(newest)
        assert is_cut(waiting[0])
        assert b"200" in asked(waiting[1])


def test_without_anybody_who_waits_the_next_one_is_turned_away() -> None:
    class Busy:
        cut = False

        @property
        def transport(self) -> Busy:
            return self

        def abort(self) -> None:
            self.cut = True

    room, here = Room(), [Busy() for _ in range(3)]
    room.most = 2
    for each in here:
        room.enter(each)  # type: ignore[arg-type]
    assert [each.cut for each in here] == [False, False, True]
    assert len(room) == 2


def test_the_server_that_streamlit_starts_uses_these_classes() -> None:
    install()
    config = uvicorn.Config(answers, ws="websockets-sansio", log_config=None)
    config.load()
    assert config.http_protocol_class is Connection
    assert config.ws_protocol_class is Socket
