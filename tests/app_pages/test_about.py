"""The About page: the model cards as they are, and what is said of storing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import gateway.admins
from gateway.admins import Admins
from learning.registry import MODELS
from learning.weights import ModelInfo, ModelMissing
from percentages import percent
from serving import app_state
from settings import ROOT
from support.retrained import retrained_card
from support.shipped import shipped


class Models:
    """The models of an app that is not there."""

    def __init__(self, infos: dict[str, ModelInfo] | None) -> None:
        self._infos = infos
        self.missing: dict[str, str] = {}

    def infos(self) -> dict[str, ModelInfo]:
        if self._infos is None:
            raise ModelMissing("cnn.pt cannot be read: run `python src/train_model.py`.")
        return self._infos


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway.admins, "get_admins", lambda: Admins(""))
    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)  # alone, the page knows no others


def opened(infos: dict[str, ModelInfo] | None, monkeypatch: pytest.MonkeyPatch) -> str:
    """All that the page says."""
    state = SimpleNamespace(models=Models(infos), settings=SimpleNamespace(read_only=False, retention_days=90))
    monkeypatch.setattr(app_state, "get_app_state", lambda: state)
    at = AppTest.from_file(str(Path(ROOT / "src/app_pages/about.py")), default_timeout=60).run()
    assert not at.exception
    texts = [each.value for part in (at.markdown, at.warning, at.title, at.header) for each in part]
    return "\n".join([*texts, *(each.proto.body for each in at.get("html"))])


def test_the_cards_are_shown_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    infos = {model: shipped(model).info for model in MODELS}
    said = opened(infos, monkeypatch)
    for info in infos.values():
        for value in (percent(info.card.test_accuracy, 2), f"{info.card.parameters:,}", info.sha256, info.card.data):
            assert value in said
    assert "held-out labels" not in said
    assert "no `ADMIN_PASSWORD` is set" in said
    assert "(api/docs)" in said


def test_a_version_that_learned_from_people_says_what_of(monkeypatch: pytest.MonkeyPatch) -> None:
    said = opened({"linear": ModelInfo("linear", 2, "0" * 64, 1000, retrained_card())}, monkeypatch)
    assert "53 new and 0 earlier ones" in said
    assert "90.00 % before the training, 94.00 % after it (50 labels)" in said


def test_without_models_the_rest_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    said = opened(None, monkeypatch)
    assert "No model can read at the moment. cnn.pt cannot be read" in said
    assert "What is stored" in said
    assert "until you delete it on Draw" in said
    assert "A drawing without a label is deleted after 90 days" in said


def test_the_licence_is_the_one_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert "MIT licence" in opened(None, monkeypatch)
