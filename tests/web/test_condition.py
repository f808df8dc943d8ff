"""What a page asks for every few seconds: another word for each other condition of the app, and next to no work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage.disk import Space
from storage.embedded import EmbeddedServer
from support.running_app import RunningApp, wait_until
from web import condition
from web.condition import condition_of


@dataclass
class Anything:
    """A stand-in with the given attributes."""

    given: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return self.given[name]


def state(**changed: Any) -> Any:
    """The state of an app that is well, but for what has `changed`."""
    told: dict[str, Any] = dict.fromkeys(("read_only", "away", "starting", "trouble", "spool", "loading", "error"))
    told |= {"missing": {}} | changed
    return Anything(
        {
            "settings": Anything({"read_only": told["read_only"], "data_dir": Path("/")}),
            "database": Anything({"away": told["away"], "starting": bool(told["starting"])}),
            "writer": Anything({"trouble": told["trouble"], "spool": Anything({"trouble": told["spool"]})}),
            "models": Anything({name: told[name] for name in ("loading", "error", "missing")}),
        }
    )


CHANGES: list[dict[str, Any]] = [
    {"loading": True},
    {"error": "No model."},
    {"missing": {"linear": "The linear model is missing."}},
    {"starting": True},
    {"away": "It is away."},
    {"away": "It is away.", "spool": "The spool cannot be written."},
]


def test_each_condition_has_a_word_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condition, "space", lambda _: Space(10**11, 10**12))
    well = condition_of(state()).word
    words = {well, *(condition_of(state(**each)).word for each in CHANGES)}
    monkeypatch.setattr(condition, "space", lambda _: Space(10**9, 10**12))
    words.add(condition_of(state()).word)
    assert len(words) == len(CHANGES) + 2
    assert condition_of(state(read_only=True, away="It is away.")).word == well, "it keeps nothing anyway"


def test_the_word_changes_while_the_database_is_away(separate: tuple[RunningApp, EmbeddedServer]) -> None:
    app, server = separate

    def word() -> str:
        answer = httpx.get(f"{app.url}/api/condition", timeout=30)
        assert answer.status_code == 200
        told: dict[str, str] = answer.json()
        assert told.keys() == {"condition"}
        return told["condition"]

    well = word()
    assert word() == well
    server.stop()
    try:
        wait_until(lambda: word() != well, 30, "another word")
    finally:
        server.start()
    wait_until(lambda: word() == well, 30, "the first one again")
