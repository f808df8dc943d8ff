"""A browser's page as Streamlit's server sees it, without a browser: the websocket and its messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from support.running_app import RunningApp

XSRF = "_streamlit_xsrf"


class OpenPage:
    """The page of a browser that sends these cookies."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def run(self, page: str = "", message: BackMsg | None = None) -> list[ForwardMsg]:
        """Have a page's script run, and return what it says until it has ended."""
        asked = message or BackMsg()
        asked.rerun_script.page_name = page
        self._socket.send(asked.SerializeToString())
        said: list[ForwardMsg] = []
        while not said or said[-1].WhichOneof("type") != "script_finished":
            said.append(ForwardMsg.FromString(bytes(self._socket.recv(timeout=60))))  # type: ignore[arg-type]
        return said


@contextmanager
def open_page(app: RunningApp, cookies: str = "", session: str = "") -> Iterator[OpenPage]:
    """A page of a new session, or of the `session` that it names as a browser does that was cut off."""
    words = [Subprotocol(word) for word in ("streamlit", "token", session) if word]
    headers = {"cookie": cookies} if cookies else {}
    address = app.url.replace("http", "ws") + "/_stcore/stream"
    with connect(address, origin=Origin(app.url), subprotocols=words, additional_headers=headers) as socket:
        yield OpenPage(socket)


def session_of(said: list[ForwardMsg]) -> str:
    """The session's name, as its page is told it."""
    return next(m.new_session.initialize.session_id for m in said if m.WhichOneof("type") == "new_session")


@dataclass(frozen=True)
class Uploader:
    """A page that files are sent to: its session's name, and a client that sends as the page does."""

    session: str
    client: httpx.Client

    def put(self, name: str, data: bytes) -> httpx.Response:
        """Upload a file under a name, as the page does."""
        return self.client.put(f"/_stcore/upload_file/{self.session}/{name}", files={"file": (name, data)})


@contextmanager
def open_uploader(app: RunningApp) -> Iterator[Uploader]:
    """Open a page as a new visitor, with the cookie against forged requests, and close it at the end."""
    with httpx.Client(base_url=app.url, timeout=60) as client:
        token = client.get("/_stcore/health").cookies.get(XSRF) or client.get("/_stcore/host-config").cookies[XSRF]
        client.headers["X-Xsrftoken"] = token
        client.get("/", headers={"accept": "text/html"})  # for the visitor's cookie, without which no file is taken
        cookies = "; ".join(f"{each.name}={each.value}" for each in client.cookies.jar)
        with open_page(app, cookies) as page:
            yield Uploader(session_of(page.run()), client)
