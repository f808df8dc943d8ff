"""Bodies come in time, or not at all, and not more at once than there is memory for."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from gateway import receiving
from gateway.receiving import FULL, SLOW, SMALL, Receiving
from support.own_loop import run

SOON = 0.2  # seconds


async def counts(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the size of what was sent."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


class Sender:
    """Sends bodies in pieces, as slowly as told."""

    def __init__(self, limit: Receiving, client: str = "10.0.0.1") -> None:
        self.limit, self.client = limit, client
        self.answer: list[Message] = []

    async def send(self, *pieces: bytes, pause: float = 0.0, last: bool = True) -> tuple[int, str]:
        """The code, and what is said; without a `last` piece the end never comes."""
        left = list(pieces)

        async def receive() -> Message:
            if not left and not last:
                await asyncio.sleep(60)
            await asyncio.sleep(pause)
            body = left.pop(0) if left else b""
            return {"type": "http.request", "body": body, "more_body": bool(left) or not last}

        async def send(message: Message) -> None:
            self.answer.append(message)

        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "client": (self.client, 1)}
        await self.limit(scope, receive, send)
        return self.answer[0]["status"], b"".join(each.get("body", b"") for each in self.answer).decode()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "WITHIN", SOON)
    monkeypatch.setattr(receiving, "PIECE", 1000)


def test_a_body_that_comes_in_pieces_arrives() -> None:
    assert run(Sender(Receiving(counts)).send(bytes(900), bytes(900), bytes(900), pause=SOON / 4)) == (200, "2700")


@pytest.mark.parametrize("pieces", [(), (bytes(10),), (bytes(5000),), (bytes(5000), bytes(10))])
def test_a_body_that_stops_is_not_waited_for(pieces: tuple[bytes, ...]) -> None:
    code, said = run(Sender(Receiving(counts)).send(*pieces, last=False))
    assert (code, SLOW in said) == (408, True)


def test_one_that_comes_byte_by_byte_takes_too_long() -> None:
    code, _ = run(Sender(Receiving(counts)).send(*[b"a"] * 100, pause=SOON / 4))
    assert code == 408


def test_who_takes_long_to_answer_may() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.sleep(2 * SOON)
        await PlainTextResponse("done")(scope, receive, send)

    assert run(Sender(Receiving(slow)).send(b"all")) == (200, "done")


def test_large_bodies_share_so_much_room_and_small_ones_need_none() -> None:
    async def story() -> None:
        go_on, taken = asyncio.Event(), asyncio.Semaphore(0)

        async def holds(scope: Scope, receive: Receive, send: Send) -> None:
            body = await Request(scope, receive).body()
            taken.release()
            if len(body) > SMALL:
                await go_on.wait()
            await PlainTextResponse(str(len(body)))(scope, receive, send)

        limit = Receiving(holds, in_hand=5 * SMALL, of_a_client=3 * SMALL)
        held = [asyncio.create_task(Sender(limit).send(bytes(2 * SMALL)))]
        await taken.acquire()
        code, said = await Sender(limit).send(bytes(2 * SMALL))
        assert (code, FULL in said) == (503, True)
        assert await Sender(limit).send(bytes(SMALL)) == (200, str(SMALL)), "what is drawn is taken in all the same"
        held.append(asyncio.create_task(Sender(limit, "10.0.0.2").send(bytes(2 * SMALL))))
        await taken.acquire()
        await taken.acquire()
        assert (await Sender(limit, "10.0.0.3").send(bytes(2 * SMALL)))[0] == 503
        go_on.set()
        assert {(await each)[0] for each in held} == {200}
        assert not limit.in_hand
        assert (await Sender(limit, "10.0.0.3").send(bytes(2 * SMALL)))[0] == 200

    run(story())


def test_whoever_hangs_up_leaves_no_traceback() -> None:
    async def gone(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ClientDisconnect

    sender = Sender(Receiving(gone))
    with pytest.raises(IndexError):  # nothing was answered, and nobody is there
        run(sender.send(b"a"))
    assert sender.answer == []
