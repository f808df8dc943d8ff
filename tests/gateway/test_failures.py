"""Errors that nobody caught, and errors of every kind: no path, no SQL, no class's name and no traceback gets out."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import AsyncIterator

import httpx
import psycopg2.errors
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.proto.BackMsg_pb2 import BackMsg

from gateway.failures import SENTENCE, Failures
from gateway.visitors import COOKIE
from settings import ROOT
from support.hostile_requests import HOSTILE_REQUESTS
from support.running_app import RunningApp
from support.streamlit_page import open_page
from web.problems import handle_errors

TELLING = re.compile(
    rf"{re.escape(str(ROOT))}|/home/|/tmp/|/usr/|\.py\b|site-packages|Traceback|File \"|\w*(?:Error|Exception)\b"
    r"|psycopg2|pydantic|SELECT |INSERT |UPDATE |FROM |predictions|<class|object at 0x"
)


async def broken(_request: Request) -> Response:
    raise psycopg2.errors.UndefinedColumn('column "x" of /tmp/secret does not exist: SELECT x FROM predictions')


def test_what_is_wrong_is_for_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    client = TestClient(Starlette(routes=[Route("/", broken)], middleware=[Middleware(Failures)]))
    with caplog.at_level(logging.ERROR):
        answer = client.get("/")
    assert (answer.status_code, answer.json()) == (500, {"detail": SENTENCE})
    assert "SELECT x FROM predictions" in caplog.text
    assert not TELLING.search(answer.text)


def test_the_api_answers_its_own_mistakes_so_too() -> None:
    api = FastAPI()
    api.add_route("/", broken)
    handle_errors(api)
    answer = TestClient(api, raise_server_exceptions=False).get("/")
    assert (answer.status_code, answer.json()) == (500, {"detail": SENTENCE})


def test_an_answer_that_has_begun_is_cut_off() -> None:
    async def half() -> AsyncIterator[str]:
        yield "half"
        raise OSError("a secret disk is full")

    app = Starlette(routes=[Route("/", lambda _: StreamingResponse(half()))], middleware=[Middleware(Failures)])
    with pytest.raises(OSError, match="secret"):
        TestClient(app).get("/")


WRONG = """
GET /api/nothing /api/models/none /export/idx?label=x /media/none /component/a/b /_stcore/none /static/none.js /%00
GET /_stcore/bidi-components/none/x.js //etc/passwd /_stcore/upload_file/a/b
PUT /_stcore/upload_file/a/b /sign-in /health /export/idx
DELETE /_stcore/upload_file/a/b
POST /sign-in /api/strokes /api/said /api/why /metrics
"""


@pytest.mark.parametrize(
    ("method", "path"), [(line.split()[0], path) for line in WRONG.strip().splitlines() for path in line.split()[1:]]
)
def test_no_refusal_tells_of_the_inside(app: RunningApp, method: str, path: str) -> None:
    answer = httpx.request(method, app.url + path, content=b"{" if method == "POST" else None)
    if path != "/metrics" and not answer.headers.get("content-type", "").startswith("text/html"):
        assert 400 <= answer.status_code < 500
        assert not TELLING.search(answer.text)


def test_no_refusal_of_the_api_does(app: RunningApp) -> None:
    with httpx.Client(base_url=app.url, timeout=60) as client:
        for name, call in HOSTILE_REQUESTS.items():
            if call.code == 422 and len(call.body) < 10_000 and "".join(call.headers.values()).isascii():
                answer = client.request(call.method, call.path, content=call.body, headers=call.headers)
                assert not TELLING.search(answer.text), name


def test_a_page_that_is_sent_nonsense_says_nothing_of_the_inside(app: RunningApp) -> None:
    """State that no page would send breaks the script before it begins, so that Streamlit speaks, and not our pages."""
    with open_page(app, f"{COOKIE}={secrets.token_urlsafe(32)}") as page:
        nonsense = BackMsg()
        for each in set(re.findall(r'id: "(\$\$[^"]+)"', "\n".join(map(str, page.run())))):
            state = nonsense.rerun_script.widget_states.widgets.add()
            state.id, state.json_value = each, '{"said": 1}'
        boxes = [m.delta.new_element for m in page.run(message=nonsense) if m.WhichOneof("type") == "delta"]
    (box,) = (each.exception for each in boxes if each.HasField("exception"))
    assert (box.type, list(box.stack_trace)) == ("", [])
    assert not TELLING.search(str(box))
