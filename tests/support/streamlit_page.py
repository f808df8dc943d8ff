"""A browser's page as Streamlit's server sees it, without a browser: the websocket and its messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from support.running_app import RunningApp


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
