"""What the Draw page says of the app itself, in time and truly."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from storage.disk import Space
from storage.nothing_kept import NOTHING_KEPT
from web import condition

PLENTY, LITTLE = Space(10**11, 10**12), Space(10**9, 10**12)


def said(monkeypatch: pytest.MonkeyPatch, left: Space = PLENTY, **given: object) -> list[str]:
    """All that is said of an app in a given state."""
    told = {"away": None, "trouble": None, "spool": None, "read_only": False} | given
    state = SimpleNamespace(
        settings=SimpleNamespace(read_only=told["read_only"], data_dir=Path("/")),
        database=SimpleNamespace(away=told["away"], starting=False),
        writer=SimpleNamespace(trouble=told["trouble"], spool=SimpleNamespace(trouble=told["spool"])),
        models=SimpleNamespace(loading=False, error=None, missing={}),
    )
    monkeypatch.setattr(condition, "space", lambda _: left)

    def script(state: object) -> None:
        from app_pages.indicator import indicator, show_notice

        indicator(state)  # type: ignore[arg-type] # a stand-in
        show_notice(state)  # type: ignore[arg-type]

    at = AppTest.from_function(script, args=(state,)).run()
    assert not at.exception
    return [each.value for part in (at.error, at.warning, at.caption, at.markdown) for each in part]


def test_while_all_is_well_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch) == []


def test_a_disk_that_fills_is_said_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    notice, badge = said(monkeypatch, LITTLE)
    assert notice.startswith("The disk is nearly full: before long nothing more can be saved.")
    assert "Disk nearly full" in badge


def test_what_can_be_kept_nowhere_is_not_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    full = {"trouble": "The database's disk is full.", "spool": "The spool cannot be written: disk full."}
    notice, badge = said(monkeypatch, Space(0, 10**12), **full)
    assert notice.startswith("Nothing can be saved at present")
    assert "kept" not in notice
    assert "Not saved" in badge


def test_while_the_database_is_away_what_is_drawn_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    notice, _ = said(monkeypatch, LITTLE, away="The database cannot be reached.")
    assert notice.endswith("what you draw and say is kept and saved when it is back.")


def test_an_app_that_keeps_nothing_needs_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, LITTLE, read_only=True) == [NOTHING_KEPT]
