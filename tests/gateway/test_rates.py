"""How often one client may call: on running apps, and on the pieces by themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway import rates
from gateway.rates import RateLimit, RecentCalls
from support.own_loop import run
from support.running_app import RunningApp

ALLOWED = 5


def limited_app(factory: pytest.TempPathFactory, proxies: str = "") -> Iterator[RunningApp]:
    app = RunningApp(factory.mktemp("limited"), API_RATE_LIMIT=f"{ALLOWED}/hour", TRUSTED_PROXIES=proxies)
    app.start(ready=False)  # the models may be listed while they load
    yield app
    app.stop()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app that no proxy stands before."""
    yield from limited_app(tmp_path_factory)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app behind a proxy on this machine, and another in 10.0.0.0/8."""
    yield from limited_app(tmp_path_factory, "127.0.0.1, 10.0.0.0/8")


def models(app: RunningApp, *forwarded: str) -> httpx.Response:
    return httpx.get(f"{app.url}/api/models", headers=[("x-forwarded-for", each) for each in forwarded], timeout=30)


def test_who_asks_too_often_is_told_when_to_go_on_whatever_address_it_claims(alone: RunningApp) -> None:
    codes = [models(alone, f"203.0.113.{n}").status_code for n in range(ALLOWED + 2)]
    assert codes == [200] * ALLOWED + [429] * 2
    answer = models(alone)
    assert 3500 < int(answer.headers["retry-after"]) <= 3600
    assert list(answer.json()) == ["detail"]
    assert f"{ALLOWED} calls an hour" in answer.json()["detail"]
    for path in ("predict", "predict/base64", "feedback"):
        assert httpx.post(f"{alone.url}/api/{path}", content=b"x").status_code == 429
    assert alone.status("/api/nothing") == 429
    free = ("/health", "/api/docs", "/api/openapi.json", "/api/docs/files/swagger-ui.css", "/")
    assert [alone.status(path) for path in free * 2] == [200] * 10
    assert alone.status("/ready") in (200, 503)


def test_behind_a_trusted_proxy_each_client_has_its_own_calls(behind: RunningApp) -> None:
    def calls(*forwarded: str) -> int:
        """How many of many calls are answered."""
        return sum(models(behind, *forwarded).status_code == 200 for _ in range(ALLOWED + 1))

    assert calls("198.51.100.1") == ALLOWED
    assert calls("198.51.100.2") == ALLOWED
    assert calls("203.0.113.9, 198.51.100.2") == 0, "what the client itself claims comes first, and is not believed"
    assert calls("203.0.113.9", "198.51.100.2, 10.1.2.3") == 0, "a second proxy that is trusted too"
    assert calls("198.51.100.2, 192.0.2.7") == ALLOWED, "a second proxy that is not: it is the client"
    assert calls("2001:db8:1:2::1") == ALLOWED
    assert calls("2001:db8:1:2:ffff::2") == 0, "the same /64"
    assert calls("2001:db8:1:3::1") == ALLOWED
    assert calls("198.51.100.3:5555") == ALLOWED
    assert calls("198.51.100.3:7777") == 0, "another port, the same client"
    assert calls() == ALLOWED, "the proxy itself"


def test_the_window_moves() -> None:
    calls = RecentCalls()
    assert [calls.acquire_entry("a", 3, 1) for _ in range(4)] == [True] * 3 + [False]
    assert calls.acquire_entry("b", 3, 1)
    start, count = calls.get_moving_window("a", 3, 1)
    assert time.monotonic() - 1 < start <= time.monotonic()
    assert count == 3
    time.sleep(1.1)
    assert calls.get_moving_window("a", 3, 1)[1] == 0
    assert calls.acquire_entry("a", 3, 1)


def test_no_more_is_remembered_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MAX_CLIENTS", 100)
    calls = RecentCalls()
    for n in range(1000):
        assert calls.acquire_entry("regular", 5000, 60)
        assert calls.acquire_entry(f"passing {n}", 5, 60)
    clients = ["regular", *(f"passing {n}" for n in range(1000))]

    def remembered() -> list[str]:
        return [client for client in clients if calls.get_moving_window(client, 5000, 3600)[1]]

    assert len(remembered()) == 100
    assert calls.get_moving_window("regular", 5000, 60)[1] == 1000, "who goes on calling is not forgotten"
    time.sleep(1.1)
    assert calls.acquire_entry("late", 5, 1)
    assert remembered() == [], "nor is anybody kept whose calls no longer count"
    assert calls.get_moving_window("late", 5, 1)[1] == 1


def test_a_limit_may_count_one_path_alone_or_leave_one_out() -> None:
    assert statuses(["/x", "/x", "/y", "/y"], only="/x") == [204, 429, 204, 204]
    assert statuses(["/x", "/x", "/y", "/y"], free=("/x",)) == [204, 204, 204, 429]


def test_the_refused_body_is_not_even_read() -> None:
    assert statuses(["/x", "/x"]) == [204, 429]


def statuses(paths: list[str], **which: Any) -> list[int]:
    """What calls of these paths get where one a minute is allowed; their bodies are never read."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204})

    async def receive() -> Message:
        raise AssertionError("the body was asked for")

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> None:
        limited = RateLimit(app, "1/minute", **which)
        for path in paths:
            await limited({"type": "http", "path": path, "root_path": "", "client": ("a", 1)}, receive, send)

    run(call())
    return [message["status"] for message in sent if "status" in message]
