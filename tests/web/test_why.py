"""POST /api/why: only of a drawing that has been read, and only for the visitor whose page shows it."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from support.own_page import drawn, somebody
from support.running_app import RunningApp


def ask(client: httpx.Client, shown: dict[str, Any], **more: Any) -> httpx.Response:
    """Ask why, again where the tests have been too fast."""
    answer = client.post("/api/why", json=shown, **more)
    while answer.status_code == 429:
        time.sleep(0.3)
        answer = client.post("/api/why", json=shown, **more)
    return answer


def test_an_answer_is_explained(app: RunningApp) -> None:
    with somebody(app) as client:
        told = ask(client, drawn(client))
        assert told.status_code == 200
        assert told.json()["title"] == "Why 7?"
        assert told.json()["picture"].startswith("data:image/png;base64,")
        assert told.json()["sentences"][0].startswith("Next: ")
        assert told.json()["likenesses"] == []


def test_nobody_can_ask_about_somebody_elses_drawing(app: RunningApp) -> None:
    with somebody(app) as client, somebody(app) as other:
        asked = drawn(client)
        refused = ask(other, asked)
        assert (refused.status_code, list(refused.json())) == (404, ["detail"])
        assert ask(client, asked, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    with httpx.Client(base_url=app.url, timeout=30) as nobody:
        assert ask(nobody, asked).status_code == 403


@pytest.mark.parametrize(
    "change", [{"revision": 4}, {"strokes": 2}, {"model": "linear"}, {"source": "upload"}], ids=str
)
def test_another_state_than_was_read_is_not_known(app: RunningApp, change: dict[str, Any]) -> None:
    with somebody(app) as client:
        assert ask(client, drawn(client, **change)).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"strokes": 0}, {"source": "api"}, {"id": "no"}, {"model": "gpt"}, {"more": 1}, {"revision": -1}],
    ids=str,
)
def test_what_is_malformed_gets_one_sentence(app: RunningApp, change: dict[str, Any]) -> None:
    with somebody(app) as client:
        answer = ask(client, drawn(client, **change))
        assert (answer.status_code, list(answer.json())) == (422, ["detail"])
