"""What the labels of an address may: nameless ones a minute, new names an hour; and that others do not pay for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from storage.labels import REFUSED, LabelRow
from support.clock import Clock
from support.pictures import png, zero
from support.running_app import RunningApp
from web.labelling import NEW_NAMES, Allowance

NAMELESS = LabelRow(1, "approved", None, False)


def test_an_address_is_hasty_past_its_rate_and_no_other_is() -> None:
    allowance = Allowance(3)
    for _ in range(3):
        assert not allowance.hasty("10.0.0.1")
        allowance.count("10.0.0.1", NAMELESS)
    assert allowance.hasty("10.0.0.1")
    assert not allowance.hasty("10.0.0.2")


def test_only_nameless_labels_that_were_kept_make_it_hasty() -> None:
    allowance = Allowance(1)
    for row in (LabelRow(0, None, None, None), LabelRow(1, REFUSED, None, False), LabelRow(1, "approved", "a", False)):
        allowance.count("10.0.0.1", row)
    assert not allowance.hasty("10.0.0.1")


def test_an_address_is_crowded_once_so_many_new_names_were_believed() -> None:
    allowance = Allowance(30)
    for n in range(NEW_NAMES):
        assert not allowance.crowded("10.0.0.1")
        allowance.count("10.0.0.1", LabelRow(1, "approved", f"known {n}", False))
        allowance.count("10.0.0.1", LabelRow(1, "pending", f"waits {n}", True))
        allowance.count("10.0.0.1", LabelRow(1, "approved", f"new {n}", True))
    assert allowance.crowded("10.0.0.1")
    assert not allowance.crowded("10.0.0.2")


def test_new_names_count_for_an_hour_whatever_else_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("gateway.rates.time.monotonic", clock)
    allowance = Allowance(30)
    for n in range(NEW_NAMES):
        allowance.count("10.0.0.1", LabelRow(1, "approved", f"new {n}", True))
    for minutes, crowded in ((2, True), (56, True), (3, False)):
        clock.now += 60 * minutes
        allowance.count("10.0.0.2", NAMELESS)
        assert allowance.crowded("10.0.0.1") is crowded


def test_no_rate_is_no_limit() -> None:
    allowance = Allowance(None)
    for n in range(100):
        allowance.count("10.0.0.1", NAMELESS)
        allowance.count("10.0.0.1", LabelRow(1, "approved", f"new {n}", True))
    assert not allowance.hasty("10.0.0.1")
    assert not allowance.crowded("10.0.0.1")


def test_the_address_itself_is_nowhere() -> None:
    some, others = Allowance(3), Allowance(3)
    assert some._hashed("10.0.0.1") != others._hashed("10.0.0.1"), "a key of its own in every process"
    assert "10.0.0.1" not in some._hashed("10.0.0.1")


@pytest.fixture
def strict(tmp_path: Path) -> Any:
    app = RunningApp(tmp_path, LABEL_RATE="3").start()
    yield app
    app.stop()


def test_through_the_api_haste_is_a_429_and_many_new_names_wait(strict: RunningApp) -> None:
    def label(**fields: str) -> httpx.Response:
        sent = httpx.post(f"{strict.url}/api/predict", files={"file": png(zero())}, data=fields, timeout=30).json()
        return httpx.post(f"{strict.url}/api/feedback", json={"id": sent["id"], "label": 0}, timeout=30)

    for name in ({}, {"session": "a person"}):
        answers = [label(**name) for _ in range(4)]
        assert [each.status_code for each in answers] == [200] * 3 + [429]
        assert answers[0].json()["review"] == "approved"
        assert (answers[3].headers["retry-after"], "in a minute" in answers[3].json()["detail"]) == ("60", True)
    others = [label(session=f"another person {n}").json()["review"] for n in range(NEW_NAMES)]
    assert others == ["approved"] * (NEW_NAMES - 1) + ["pending"]
