"""Uploaded pictures take bounded memory, on the running app and by the middleware itself.

Covers src/gateway: kept_files.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from frames.images import MAX_BYTES, too_many_bytes
from gateway import kept_files, uploads
from gateway.uploads import FULL, ONE_AT_A_TIME, UploadLimit
from support.own_loop import run
from support.running_app import RunningApp, wait_until
from support.streamlit_page import open_uploader

LARGE = 5_000_000  # bytes


def test_two_hundred_megabytes_of_uploads_leave_ten(app: RunningApp) -> None:
    """Of a page that sends file after file, as ours never does."""
    assert app._process is not None
    process = psutil.Process(app._process.pid)
    with open_uploader(app) as page:
        page.put("first", os.urandom(LARGE))
        before = process.memory_info().rss
        data = os.urandom(LARGE)
        assert {page.put(str(n), data).status_code for n in range(40)} == {204}
        assert process.memory_info().rss - before < 80_000_000


def test_a_file_that_is_too_large_is_refused_by_what_it_says_and_by_what_it_is(app: RunningApp) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(40):
            yield bytes(MAX_BYTES // 30)

    with open_uploader(app) as page:
        answer = page.put("declared", bytes(MAX_BYTES + 100_000))
        assert (answer.status_code, answer.json()["detail"]) == (413, str(too_many_bytes()))
        place = f"/_stcore/upload_file/{page.session}/chunked"
        headers = {"content-type": "multipart/form-data; boundary=x"}
        answer = page.client.put(place, content=pieces(), headers=headers)
        assert (answer.status_code, answer.json()["detail"]) == (413, str(too_many_bytes()))
        assert page.put("fits", bytes(1000)).status_code == 204
        assert page.client.delete(f"/_stcore/upload_file/{page.session}/fits").status_code == 204


class Kept:
    """Streamlit's files, in place of its own: bytes by their sessions, the newest last."""

    def __init__(self) -> None:
        self.files: dict[str, list[int]] = {}
        self.here = {"ann", "ben", "cid"}

    def is_here(self, session: str) -> bool:
        return session in self.here

    def sizes(self) -> dict[str, int]:
        return {session: sum(files) for session, files in self.files.items() if files}

    def keep_newest(self, session: str, count: int) -> None:
        self.files[session] = self.files.get(session, [])[-count:]

    def drop_those_left_behind(self) -> None:
        self.files = {session: files for session, files in self.files.items() if session in self.here}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    kept = Kept()
    monkeypatch.setattr(uploads, "kept_files", kept)
    return kept


class Sender:
    """Sends files to the middleware, behind which they are kept."""

    def __init__(self, kept: Kept, most: int, of_a_client: int) -> None:
        self.kept, self.waits = kept, False
        self.limit = UploadLimit(self._streamlit, "", most, of_a_client)
        self.go_on = asyncio.Event()

    async def _streamlit(self, scope: Scope, receive: Receive, send: Send) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        if self.waits:
            await self.go_on.wait()
        if scope["method"] == "PUT":
            self.kept.files.setdefault(scope["path"].split("/")[3], []).append(size)
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def put(self, session: str, size: int, client: str = "10.0.0.1", says: int | None = None) -> tuple[int, str]:
        """The code and what is said."""
        answer: list[Message] = []
        pieces = [{"type": "http.request", "body": bytes(size), "more_body": False}]

        async def receive() -> Message:
            return pieces.pop() if pieces else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            answer.append(message)

        length = [] if says is None else [(b"content-length", str(says).encode())]
        path = f"/_stcore/upload_file/{session}/7"
        scope = {"type": "http", "method": "PUT", "path": path, "headers": length, "client": (client, 1)}
        await self.limit(scope, receive, send)
        return answer[0]["status"], b"".join(each.get("body", b"") for each in answer).decode()


def test_of_each_session_two_files_stay_and_an_earlier_one_makes_room(kept: Kept) -> None:
    async def story() -> None:
        sender = Sender(kept, most=1000, of_a_client=1000)
        for size in (100, 200, 300):
            assert (await sender.put("ann", size))[0] == 204
        assert kept.files == {"ann": [200, 300]}
        await sender.put("ben", 400)
        assert (await sender.put("cid", 300, says=300))[0] == 204, "of Ann's, the newest is enough"
        assert kept.files == {"ann": [300], "ben": [400], "cid": [300]}
        code, said = await sender.put("cid", 10, says=10)
        assert (code, FULL in said) == (503, True)
        kept.here.remove("ben")
        assert (await sender.put("cid", 10, says=10))[0] == 204, "who has left makes room"
        assert "ben" not in kept.files

    run(story())


def test_one_client_leaves_room_for_others_whatever_it_says_of_its_files(kept: Kept) -> None:
    async def story() -> None:
        sender = Sender(kept, most=1000, of_a_client=500)
        assert (await sender.put("ann", 400))[0] == 204
        for says in (None, 0, 200):
            assert (await sender.put("ben", 200, says=says))[0] == 503
        assert (await sender.put("ben", 200, client="10.0.0.2"))[0] == 204
        assert kept.files == {"ann": [400], "ben": [200]}

    run(story())


def test_what_is_on_its_way_counts_and_a_session_sends_one_after_the_other(kept: Kept) -> None:
    async def story() -> None:
        sender = Sender(kept, most=1000, of_a_client=1000)
        sender.waits = True
        coming = [asyncio.create_task(sender.put("ann", 300)) for _ in range(2)]
        await asyncio.sleep(0)
        code, said = await sender.put("ann", 1)
        assert (code, ONE_AT_A_TIME in said) == (429, True)
        assert (await sender.put("ben", 500))[0] == 503
        sender.go_on.set()
        assert {(await each)[0] for each in coming} == {204}
        kept.files.clear()
        assert (await sender.put("ben", 500))[0] == 204, "what has come is no longer on its way"

    run(story())


def test_a_session_that_nobody_has_open_is_left_to_streamlit(kept: Kept) -> None:
    async def story() -> None:
        sender = Sender(kept, most=10, of_a_client=10)
        assert (await sender.put("stranger", 10_000))[0] == 204

    run(story())


def test_the_files_of_a_page_go_with_it(app: RunningApp) -> None:
    """What Streamlit itself keeps, as kept_files sees it, is in the app's process; here it is seen from outside."""
    with open_uploader(app) as page:
        assert page.put("a", bytes(1000)).status_code == 204
        gone = page
    wait_until(lambda: gone.client.is_closed)
    with open_uploader(app) as page:
        place = f"/_stcore/upload_file/{gone.session}/b"
        assert page.client.put(place, files={"file": ("b", b"b")}).status_code == 400


def test_streamlit_keeps_files_where_this_looks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    files = MemoryUploadedFileManager("/upload")
    running = SimpleNamespace(uploaded_file_mgr=files, is_active_session=lambda session: session == "ann")
    monkeypatch.setattr("streamlit.runtime.get_instance", lambda: running)
    monkeypatch.setattr(kept_files, "get_script_run_ctx", lambda: SimpleNamespace(session_id="ann"))
    for session in ("ann", "ben"):
        for n in range(3):
            files.add_file(session, UploadedFileRec(str(n), "name", "type", bytes(n + 1)))
    assert kept_files.sizes() == {"ann": 6, "ben": 6}
    kept_files.keep_newest("ann", 2)
    kept_files.keep_newest("nobody", 2)
    assert kept_files.sizes() == {"ann": 5, "ben": 6}
    assert (kept_files.kept_file("2"), kept_files.kept_file("0")) == (bytes(3), b"")
    kept_files.drop_those_left_behind()
    assert kept_files.sizes() == {"ann": 5}
