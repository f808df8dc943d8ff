"""A page as a browser opens it, without one: Streamlit's own websocket, and the cookie against forged requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

XSRF = "_streamlit_xsrf"


@dataclass(frozen=True)
class PageSession:
    """An open page: its websocket, its session's id, and a client that sends as the page does."""

    socket: ClientConnection
    session: str
    client: httpx.Client

    def put(self, name: str, data: bytes) -> httpx.Response:
        """Upload a file under a name, as the uploader does."""
        return self.client.put(f"/_stcore/upload_file/{self.session}/{name}", files={"file": (name, data)})


@contextmanager
def open_session(url: str) -> Iterator[PageSession]:
    """Open a page, and close it at the end."""
    with httpx.Client(base_url=url, timeout=60) as client:
        token = client.get("/_stcore/health").cookies.get(XSRF) or client.get("/_stcore/host-config").cookies[XSRF]
        client.headers["X-Xsrftoken"] = token
        client.get("/", headers={"accept": "text/html"})  # for the visitor's cookie, without which no file is taken
        headers = {"Origin": url, "Cookie": "; ".join(f"{each.name}={each.value}" for each in client.cookies.jar)}
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        protocols = [Subprotocol("streamlit"), Subprotocol(token)]
        with connect(
            address, subprotocols=protocols, additional_headers=headers, max_size=None, max_queue=None, close_timeout=1
        ) as socket:
            run = BackMsg()
            run.rerun_script.query_string = ""
            socket.send(run.SerializeToString())
            first = ForwardMsg()
            first.ParseFromString(socket.recv(timeout=60, decode=False))
            yield PageSession(socket, first.new_session.initialize.session_id, client)
