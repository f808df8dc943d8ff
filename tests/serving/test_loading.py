"""Loading the models: the first page goes first, and nobody waits for models that will not come."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from learning.weights import SHIPPED_DIR, ModelMissing
from serving import loading
from serving.loading import ModelLoader
from serving.predictor import Predictor, load_predictor
from settings import Settings, load_settings
from support.running_app import wait_until


class Loader:
    """Loads the shipped models when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.called, self.error = threading.Event(), error

    def __call__(self, _settings: Settings) -> Predictor:
        self.called.set()
        if self.error:
            raise self.error
        return load_predictor(SHIPPED_DIR)


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """The loader hides what it finds from the collector: right for an app, not for a test run."""
    yield
    gc.unfreeze()
    assert gc.isenabled()


def opened(loader: Loader, folder: Path) -> ModelLoader:
    return ModelLoader(load_settings({"DATA_DIR": str(folder)}), loader)


def test_the_models_wait_for_the_first_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "DELAY_AFTER_START", 60)
    loader = Loader()
    running = opened(loader, tmp_path)
    assert not loader.called.wait(0.5)
    assert running.loading
    running.page_sent()
    assert loader.called.wait(10)
    running.wait(30)
    assert running.error is None


def test_where_nobody_opens_a_page_the_models_load_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "DELAY_AFTER_START", 0.2)
    running = opened(Loader(), tmp_path)
    wait_until(lambda: not running.loading, what="models loaded unasked")


def test_who_asks_for_the_model_has_it_loaded_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "DELAY_AFTER_START", 600)
    running = opened(Loader(), tmp_path)
    assert set(running.predictor().models) == {"cnn", "linear"}


def test_nobody_waits_for_models_that_will_not_come(tmp_path: Path) -> None:
    running = opened(Loader(RuntimeError("out of memory")), tmp_path)
    with pytest.raises(ModelMissing, match="log says why"):
        running.predictor()
    assert not running.loading
