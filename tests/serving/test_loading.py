"""Loading the models: the first page goes first, and nobody waits for models that will not come."""

from __future__ import annotations

import gc
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from learning import weights
from learning.weights import SHIPPED_DIR, ModelMissing, load_network, write_weights
from serving import loading
from serving.loading import ModelLoader, watch
from serving.predictor import Predictor, load_predictor
from settings import Settings, load_settings
from storage import model_store
from storage.database import Database
from support.classroom import damaged, register
from support.running_app import wait_until
from support.shipped import card, shipped


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


# --- Each model stands alone ------------------------------------------------------------------------------------------


@pytest.fixture
def damaged_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's models, of which the CNN's weights are damaged."""
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED_DIR, folder)
    monkeypatch.setattr(weights, "SHIPPED_DIR", folder)
    (folder / "cnn.pt").write_bytes(damaged((folder / "cnn.pt").read_bytes()))
    return folder


def test_one_damaged_file_stops_one_model_and_it_is_said_which(damaged_files: Path, tmp_path: Path) -> None:
    models = ModelLoader(load_settings({"DATA_DIR": str(tmp_path)}, tmp_path / "no.env"))
    frame = np.zeros((28, 28), np.uint8)
    assert models.predictor().predict(frame, "linear").model == "linear"
    assert models.error is None
    assert models.default == "linear"
    assert set(models.infos()) == {"linear"}
    said = (
        "The CNN model cannot read at the moment. "
        "cnn.pt is damaged or of another kind: run `python src/train_model.py`."
    )
    assert models.missing == {"cnn": said}
    assert models.passed_over == [said]
    with pytest.raises(ModelMissing, match=re.escape(said)):
        models.predictor().predict(frame, "cnn")


def test_the_version_in_the_database_serves_where_the_file_is_damaged(
    damaged_files: Path, tmp_path: Path, database: Database
) -> None:
    register(database, "cnn")
    settings = load_settings({"DATA_DIR": str(tmp_path)}, tmp_path / "no.env")
    models = ModelLoader(settings, watch=lambda predictor: watch(settings, database, predictor))
    try:
        assert models.predictor().models["cnn"].info.version == 1
        assert (models.missing, models.default) == ({}, "cnn")
        (said,) = models.passed_over
        assert said.startswith("The files of the CNN model were passed over, and version 1 from the database serves.")
        stored = {(each.model, each.version) for each in model_store.versions(database)}
        assert stored == {("cnn", 1), ("linear", 1)}, "a damaged file became a version"
    finally:
        models.close()


def test_only_the_model_without_weights_is_trained_while_the_other_reads(
    damaged_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (damaged_files / "cnn.pt").unlink()
    asked: list[str] = []
    trained, go_on = tmp_path / "data/model", threading.Event()

    def train(
        folder: str, _data: str, report: Callable[[str], None], _closing: threading.Event, model: str = "all"
    ) -> bool:
        asked.append(model)
        report("There are no trained weights, so they are being trained: cnn, 12 % done.")
        assert go_on.wait(30)
        write_weights(Path(folder), "cnn", load_network("cnn", shipped("cnn").data, shipped("cnn").sha256), card("cnn"))
        return True

    monkeypatch.setattr(loading, "train_from_scratch", train)
    models = ModelLoader(load_settings({"DATA_DIR": str(tmp_path / "data")}, tmp_path / "no.env"))
    assert set(models.predictor().models) == {"linear"}
    wait_until(lambda: "12 % done" in models.missing["cnn"], what="the progress")
    go_on.set()
    wait_until(lambda: not models.missing, what="the trained model")
    assert asked == ["cnn"]
    assert trained.is_dir()
    assert set(models.predictor().models) == {"cnn", "linear"}


def test_where_no_model_is_intact_the_reasons_are_all_said(damaged_files: Path, tmp_path: Path) -> None:
    (damaged_files / "linear.json").write_text("[" * 100_000)
    models = ModelLoader(load_settings({"DATA_DIR": str(tmp_path)}, tmp_path / "no.env"))
    with pytest.raises(ModelMissing, match=r"cnn\.pt is damaged .* linear\.json cannot be used"):
        models.predictor()
    assert models.missing == {}, "there is none that reads in their place"
