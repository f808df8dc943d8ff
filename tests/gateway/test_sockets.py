"""So many pages may be open, of one address and overall, and who comes then is told so kindly."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway import sockets
from gateway.sockets import FULL, FULL_FOR_YOU, SocketLimit
from support.own_loop import run


class Streamlit:
    """Takes websockets until they are closed, and answers whatever else."""

    def __init__(self) -> None:
        self.codes: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"the page"})
            return
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            pass
        self.codes.append(message["code"])


class Browser:
    """Opens a page of the limited app."""

    def __init__(self, limit: SocketLimit, client: str = "10.0.0.1") -> None:
        self.limit, self.client = limit, client
        self.sent: list[Message] = []
        self.says: asyncio.Queue[Message] = asyncio.Queue()

    async def _call(self, **scope: Any) -> None:
        async def send(message: Message) -> None:
            self.sent.append(message)

        headers = [(b"accept", b"text/html,*/*")]
        await self.limit({"path": "/", "headers": headers, "client": (self.client, 1)} | scope, self.says.get, send)

    async def connect(self) -> asyncio.Task[None]:
        """A websocket that has been opened, or refused."""
        self.says.put_nowait({"type": "websocket.connect"})
        extensions: dict[str, Any] = {"websocket.http.response": {}}
        task = asyncio.create_task(self._call(type="websocket", extensions=extensions))
        await asyncio.sleep(0.01)
        return task

    async def get(self, accept: bytes = b"text/html,*/*") -> tuple[int, str]:
        """The code and the text of a page."""
        self.sent = []
        await self._call(type="http", method="GET", headers=[(b"accept", accept)])
        return self.sent[0]["status"], b"".join(each.get("body", b"") for each in self.sent).decode()

    def hang_up(self) -> None:
        self.says.put_nowait({"type": "websocket.disconnect", "code": 1001})


def test_so_many_pages_of_an_address_and_so_many_overall() -> None:
    async def story() -> None:
        limit = SocketLimit(Streamlit(), most=3, most_of_a_client=2)
        here = [Browser(limit) for _ in range(2)]
        tasks = [await each.connect() for each in here]
        assert [each.sent[0]["type"] for each in here] == ["websocket.accept"] * 2
        late = Browser(limit)
        await (await late.connect())
        assert late.sent[0]["type"] == "websocket.http.response.start"
        assert late.sent[0]["status"] == 503
        assert dict(late.sent[0]["headers"])[b"retry-after"]
        code, page = await late.get()
        assert (code, FULL_FOR_YOU in page, 'http-equiv="refresh"' in page) == (503, True, True)
        assert await late.get(accept=b"*/*") == (200, "the page"), "what is no page needs no websocket"
        elsewhere = Browser(limit, "10.0.0.2")
        assert (await elsewhere.get())[0] == 200
        tasks.append(await elsewhere.connect())
        code, page = await Browser(limit, "10.0.0.3").get()
        assert (code, FULL in page) == (503, True)
        for each in (*here, elsewhere):
            each.hang_up()
        await asyncio.gather(*tasks)
        assert not limit._open, "nothing is remembered of who has left"
        assert (await late.get())[0] == 200

    run(story())


def test_a_websocket_that_says_nothing_is_closed_and_one_that_spoke_may_be_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "FIRST_WORD_WITHIN", 0.1)

    async def story() -> None:
        streamlit = Streamlit()
        limit = SocketLimit(streamlit, most=9)
        silent, speaker = Browser(limit), Browser(limit)
        gone, stays = await silent.connect(), await speaker.connect()
        speaker.says.put_nowait({"type": "websocket.receive", "bytes": b"rerun"})
        await asyncio.wait_for(gone, 5)
        assert silent.sent[-1]["type"] == "websocket.close"
        assert streamlit.codes == [1008]
        await asyncio.sleep(0.2)
        assert not stays.done()
        speaker.hang_up()
        await stays

    run(story())


def test_a_school_fits_behind_one_address() -> None:
    limit = SocketLimit(Streamlit())
    assert limit.most_of_a_client >= 400
    assert limit.most >= 50, "even where the system gives few descriptors"
