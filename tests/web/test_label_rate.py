"""Nameless labels from one address: how many a minute are approved, and that nobody with a name pays for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from support.pictures import png, zero
from support.running_app import RunningApp
from web.label_rate import NamelessLabels


def test_an_address_is_too_fast_past_its_rate_and_no_other_is() -> None:
    labels = NamelessLabels(3)
    for _ in range(3):
        assert not labels.too_fast("10.0.0.1")
        labels.count("10.0.0.1")
    assert labels.too_fast("10.0.0.1")
    assert not labels.too_fast("10.0.0.2")


def test_no_rate_is_no_limit() -> None:
    labels = NamelessLabels(None)
    for _ in range(100):
        labels.count("10.0.0.1")
    assert not labels.too_fast("10.0.0.1")


def test_the_address_itself_is_nowhere() -> None:
    labels, others = NamelessLabels(3), NamelessLabels(3)
    assert labels._hashed("10.0.0.1") != others._hashed("10.0.0.1"), "a key of its own in every process"
    assert "10.0.0.1" not in labels._hashed("10.0.0.1")


@pytest.fixture
def strict(tmp_path: Path) -> Any:
    app = RunningApp(tmp_path, LABEL_RATE="3").start()
    yield app
    app.stop()


def test_through_the_api_haste_without_a_name_waits_and_a_name_does_not(strict: RunningApp) -> None:
    def label(**fields: str) -> str:
        sent = httpx.post(f"{strict.url}/api/predict", files={"file": png(zero())}, data=fields, timeout=30).json()
        said = httpx.post(f"{strict.url}/api/feedback", json={"id": sent["id"], "label": 0}, timeout=30)
        review: str = said.json()["review"]
        return review

    assert [label() for _ in range(5)] == ["approved"] * 3 + ["pending"] * 2
    assert [label(session="a person") for _ in range(3)] == ["approved"] * 3
