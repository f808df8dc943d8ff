"""The measure of the benchmark: answers are timed, compared with the rows, and refused when they are none."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from benchmarks import load_test
from benchmarks.load_test import AppFailed, Throughput
from support.own_loop import run
from support.running_app import RunningApp


def port(app: RunningApp) -> int:
    return int(app.url.rsplit(":", 1)[1])


def rush(app: RunningApp, pictures: list[bytes], clients: int, requests: int) -> tuple[Throughput, list[UUID]]:
    """What requests of so many clients get."""
    coming = load_test.send(port(app), [load_test.http_request(picture) for picture in pictures], clients, requests)
    return run(coming)


def test_every_client_is_answered_and_each_answer_has_its_row(app: RunningApp) -> None:
    before = app.sql("SELECT count(*) FROM predictions")[0][0]
    measured, ids = rush(app, load_test.pictures(3), clients=4, requests=40)
    assert (measured.clients, len(set(ids))) == (4, 40)
    assert 0 < measured.p50 <= measured.p99
    assert measured.per_second > 1
    assert app.sql("SELECT count(*) FROM predictions")[0][0] == before + 40
    assert app.sql("SELECT count(*) FROM predictions WHERE drawing_id = ANY(%s)", ids) == [(40,)]


def test_an_answer_that_is_no_prediction_ends_the_measurement(app: RunningApp) -> None:
    with pytest.raises(AppFailed, match="400"):
        rush(app, [b"no picture"], clients=1, requests=1)


def test_missing_and_doubled_rows_are_noticed() -> None:
    one, two = uuid4(), uuid4()
    load_test.compare([one, two], [two, one])
    for rows in ([one], [one, two, two], [one, two, uuid4()]):
        with pytest.raises(AppFailed, match="have no row"):
            load_test.compare([one, two], rows)


@pytest.fixture
def connection(app: RunningApp) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port(app))) as connection:
        yield connection


def test_the_second_answer_on_a_connection_is_not_held_back(connection: socket.socket) -> None:
    """With Nagle's algorithm on, each answer but the first waits 40 ms for its reader's receipt."""
    times = []
    for _ in range(20):
        start = time.perf_counter()
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: app\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(65536)
        times.append(time.perf_counter() - start)
    assert sorted(times)[10] < 0.03


def test_an_app_that_does_not_start_is_said(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_THREADS", "many")
    began = time.monotonic()
    with pytest.raises(AppFailed, match="not ready"), load_test.running_app(tmp_path_factory.mktemp("app")):
        pass
    assert time.monotonic() - began < 60, "it is not waited for when it has ended"
