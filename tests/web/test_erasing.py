"""Whoever has a session's secret deletes what is kept of it, and of nobody else."""

from __future__ import annotations

import secrets

import httpx
import pytest

from gateway.visitors import api_visitor
from support.pictures import one, png
from support.running_app import RunningApp


def predict(app: RunningApp, session: str) -> str:
    answer = httpx.post(
        f"{app.url}/api/predict", files={"file": png(one())}, data={"session": session}, timeout=30
    ).json()
    drawing_id: str = answer["id"]
    return drawing_id


def rows(app: RunningApp, session: str) -> int:
    ((count,),) = app.sql("SELECT count(*)::int FROM predictions WHERE visitor = %s", api_visitor(session))
    return int(count)


def test_a_session_deletes_its_own(app: RunningApp) -> None:
    mine, yours = secrets.token_hex(), secrets.token_hex()
    for session in (mine, mine, yours):
        predict(app, session)
    answer = httpx.post(f"{app.url}/api/erase", json={"session": mine}, timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"drawings": 2, "complete": True})
    assert (rows(app, mine), rows(app, yours)) == (0, 1)
    again = httpx.post(f"{app.url}/api/erase", json={"session": mine}, timeout=30)
    assert again.json() == {"drawings": 0, "complete": True}


@pytest.mark.parametrize("asked", [{"session": "mine"}, {"session": ""}, {}, {"session": "x" * 201}])
def test_what_others_could_guess_deletes_nothing(app: RunningApp, asked: dict[str, str]) -> None:
    predict(app, "mine")
    refused = httpx.post(f"{app.url}/api/erase", json=asked, timeout=30)
    assert refused.status_code == 422
    assert "session" in refused.json()["detail"]
    assert rows(app, "mine") > 0
