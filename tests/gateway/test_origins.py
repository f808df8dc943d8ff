"""What pages of other origins may send: nothing that acts, but what CORS_ORIGINS names."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from gateway.origins import OwnPages, is_own
from support.pictures import one, png
from support.running_app import RunningApp

HOST = "localhost:8501"
FRIEND = "https://friend.example"
STRANGERS = [
    "http://evil.example",
    "http://localhost:9999",
    "http://localhost",
    "http://127.0.0.1:8501",
    "http://localhost:8501.evil.example",
    "http://evil.example@localhost:8501",
    "ftp://localhost:8501",
    "null",
    "",
]


@pytest.mark.parametrize("origin", STRANGERS)
def test_another_origin_is_not_ours(origin: str) -> None:
    assert not is_own(origin, HOST, "http")


def test_ours_is_the_origin_of_the_request() -> None:
    assert is_own("http://localhost:8501", HOST, "ws")
    assert is_own("https://digits.example.org", "digits.example.org", "http"), "a proxy may have taken HTTPS off"
    assert is_own("https://digits.example.org", "digits.example.org", "wss")
    assert not is_own("http://digits.example.org", "digits.example.org", "wss"), "a plain page may be anybody's"


def client(*origins: str) -> TestClient:
    """An app behind the middleware, which any page would find open."""

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    methods = ["GET", "POST", "PUT", "DELETE"]
    answers = [
        Route(path, lambda _: PlainTextResponse("done"), methods=methods)
        for path in ("/api/predict", "/apis", "/sign-in")
    ]
    app = Starlette(routes=[*answers, WebSocketRoute("/stream", socket)])
    return TestClient(OwnPages(app, origins, "/api"), base_url=f"http://{HOST}")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_strangers_page_can_send_nothing_that_acts(method: str) -> None:
    ours, theirs = {"origin": f"http://{HOST}"}, {"origin": "http://evil.example"}
    for path in ("/api/predict", "/sign-in"):
        assert client(FRIEND).request(method, path, headers=theirs).status_code == 403
        assert client(FRIEND).request(method, path, headers=ours).status_code == 200
        assert client(FRIEND).request(method, path).status_code == 200, "a program names no origin"


def test_a_page_that_the_settings_name_may_call_the_api_and_nothing_else() -> None:
    friend, anybody = {"origin": FRIEND}, {"origin": "null"}
    assert client(FRIEND).post("/api/predict", headers=friend).status_code == 200
    assert client("*").post("/api/predict", headers=anybody).status_code == 200
    for settings in (FRIEND, "*"):
        assert client(settings).post("/sign-in", headers=friend).status_code == 403
        assert client(settings).post("/apis", headers=friend).status_code == 403
        with pytest.raises(WebSocketDisconnect), client(settings).websocket_connect("/stream", headers=friend):
            pass


def test_looking_is_left_to_cors() -> None:
    assert client().get("/api/predict", headers={"origin": "http://evil.example"}).status_code == 200


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "text/plain", "application/x-www-form-urlencoded"])
def test_no_form_of_a_strangers_page_is_read(app: RunningApp, kind: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + png(one()) + b"\r\n--b--\r\n"
    url, headers = f"{app.url}/api/predict", {"content-type": kind}
    refused = httpx.post(url, content=body, headers=headers | {"origin": "http://evil.example"}, timeout=30)
    assert refused.status_code == 403
    assert "CORS_ORIGINS" in refused.json()["detail"]
    if "multipart" in kind:
        assert httpx.post(url, content=body, headers=headers | {"origin": app.url}, timeout=30).status_code == 200


def test_the_pages_websocket_is_for_our_own_origin_alone(app: RunningApp) -> None:
    address = app.url.replace("http", "ws") + "/_stcore/stream"
    for origin in ("http://localhost:1", "http://127.0.0.1:1", "http://0.0.0.0", "http://evil.example", "null"):
        with (
            pytest.raises(InvalidStatus, match="403"),
            connect(address, origin=Origin(origin), subprotocols=[Subprotocol("streamlit")]),
        ):
            pass
    with connect(address, origin=Origin(app.url), subprotocols=[Subprotocol("streamlit")]) as socket:
        assert socket.subprotocol == "streamlit"
