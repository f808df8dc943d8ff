"""Errors: every kind has its documented code and one sentence; what an operation may return, it declares."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, model_validator
from starlette.testclient import TestClient

from frames.images import ImageTooLarge, NotAnImage
from frames.masks import NoInk
from learning.weights import ModelMissing
from serving.batching import TooManyAtOnce
from storage.database import DatabaseAway, SchemaMismatch
from storage.writer import NotWritten, TooMuchToWrite
from web.decoding import Busy
from web.problems import NotFound, handle_errors, problems, short

KINDS: dict[type[Exception], int] = {
    NotAnImage: 400,
    NotFound: 404,
    ImageTooLarge: 413,
    NoInk: 422,
    ModelMissing: 503,
    DatabaseAway: 503,
    SchemaMismatch: 503,
    NotWritten: 503,
    TooMuchToWrite: 503,
}


@pytest.fixture
def client() -> TestClient:
    api = FastAPI()
    handle_errors(api)

    @api.get("/fail/{kind}")
    def fail(kind: str) -> None:
        raise next(each for each in KINDS if each.__name__ == kind)("Do this instead.")

    @api.get("/number")
    def number(n: int) -> int:
        return n

    @api.post("/either")
    def either(sent: Either) -> Either:
        return sent

    return TestClient(api)


class Either(BaseModel):
    """Two fields that exclude each other."""

    one: int | None = None
    other: int | None = None

    @model_validator(mode="after")
    def _either(self) -> Either:
        if (self.one is None) == (self.other is None):
            raise ValueError("Send one or the other.")
        return self


@pytest.mark.parametrize("kind", KINDS)
def test_each_error_has_its_code_and_its_sentence(client: TestClient, kind: type[Exception]) -> None:
    answer = client.get(f"/fail/{kind.__name__}")
    assert (answer.status_code, answer.json()) == (KINDS[kind], {"detail": "Do this instead."})


def test_what_fastapi_refuses_is_said_in_the_same_form(client: TestClient) -> None:
    assert client.get("/nothing").json()["detail"].startswith("There is nothing at this address")
    assert client.delete("/number").status_code == 405
    wrong = client.get("/number", params={"n": "many"})
    assert (wrong.status_code, list(wrong.json())) == (422, ["detail"])


def test_what_is_wrong_with_several_fields_is_said_in_the_words_of_their_model(client: TestClient) -> None:
    answer = client.post("/either", json={"one": 1, "other": 2})
    assert (answer.status_code, answer.json()) == (422, {"detail": "Send one or the other."})
    assert "must be a JSON object" in client.post("/either", json=[1]).json()["detail"]


def test_operations_declare_their_codes() -> None:
    assert list(problems(404, 503)) == [404, 503]
    with pytest.raises(KeyError):
        problems(418)


def test_what_a_client_sends_is_repeated_quoted_and_cut() -> None:
    assert short("<script>" * 50) == ascii("<script>" * 5)


@pytest.mark.parametrize("error", [TooManyAtOnce("drawings"), TooMuchToWrite("Too much."), Busy("pictures")])
def test_who_comes_where_too_much_waits_is_told_when_to_come_again(error: Exception) -> None:
    api = FastAPI()
    handle_errors(api)

    @api.get("/full")
    def full() -> None:
        raise error

    answer = TestClient(api).get("/full")
    assert (answer.status_code, answer.json()) == (503, {"detail": str(error)})
    assert int(answer.headers["retry-after"]) > 0
