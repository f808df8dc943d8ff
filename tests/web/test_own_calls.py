"""What our own pages ask by themselves: the errors are the API's, and each call has a bound of its own."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from limits import parse
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse

from support.own_loop import run
from web import condition, said, strokes, why
from web.own_calls import Call, OwnCalls, app, calls
from web.problems import NO_JSON, NotFound


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int


async def doubled(asked: Asked, _request: Request) -> dict[str, int]:
    if asked.number == 404:
        raise NotFound("There is no such number.")
    if asked.number == 500:
        raise KeyError(asked.number)
    return {"twice": 2 * asked.number}


def ask(
    body: bytes | str,
    content_type: str = "application/json",
    method: str = "POST",
    times: int = 1,
    path: str = "/double",
) -> Any:
    """The last answer to as many equal calls."""
    small = OwnCalls(JSONResponse({"from": "the API"}), {"/double": Call(Asked, doubled, "5/minute")})

    async def asks() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(small), base_url="http://app") as client:
            for _ in range(times):
                headers = {"content-type": content_type} if content_type else {}
                answer = await client.request(method, path, content=body, headers=headers)
            return answer

    return run(asks())


def test_it_is_answered() -> None:
    answer = ask('{"number": 4}', "application/json; charset=utf-8")
    assert (answer.status_code, answer.json()) == (200, {"twice": 8})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "content_type", "sentence"),
    [
        ("", "application/json", NO_JSON),
        ("{", "application/json", NO_JSON),
        ("[1]", "application/json", NO_JSON),
        (b"\xff\xfe", "application/json", NO_JSON),
        ('{"number": 4}', "text/plain", NO_JSON),
        ('{"number": 4}', "", NO_JSON),
        ("{}", "application/json", "number is missing."),
        ('{"number": 4, "more": 1}', "application/json", "There is no field 'more'."),
        ('{"number": "x"}', "application/json", "number: Input should be a valid integer"),
    ],
)
def test_what_is_malformed_gets_one_sentence(body: bytes | str, content_type: str, sentence: str) -> None:
    answer = ask(body, content_type)
    assert (answer.status_code, list(answer.json())) == (422, ["detail"])
    assert answer.json()["detail"].startswith(sentence)


def test_problems_have_their_documented_codes_and_what_nobody_thought_of_is_left_to_the_app() -> None:
    missing = ask('{"number": 404}')
    assert (missing.status_code, missing.json()) == (404, {"detail": "There is no such number."})
    with pytest.raises(KeyError):
        ask('{"number": 500}')


def test_too_much_is_refused() -> None:
    assert ask(json.dumps([[]] * 2000)).status_code == 413
    too_fast = ask('{"number": 4}', times=6)
    assert (too_fast.status_code, int(too_fast.headers["retry-after"]) > 0) == (429, True)


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_it_takes_nothing_but_post(method: str) -> None:
    refused = ask("", method=method)
    assert (refused.status_code, refused.headers["allow"], list(refused.json())) == (405, "POST", ["detail"])


def test_everything_else_is_the_apis() -> None:
    assert ask('{"number": 4}', path="/double/more").json() == {"from": "the API"}


def test_each_call_has_a_bound_of_its_own_and_none_of_the_apis() -> None:
    rates = {"/condition": condition.RATE, "/strokes": strokes.RATE, "/said": said.RATE, "/why": why.RATE}
    assert set(calls) == set(rates)
    assert {path: call.rate for path, call in app.calls.items()} == {path: parse(rate) for path, rate in rates.items()}
