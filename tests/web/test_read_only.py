"""READ_ONLY: drawings are read, and nothing is kept; no database is started, and no folder is made."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from storage.nothing_kept import NOTHING_KEPT
from support.pictures import one, png
from support.running_app import RunningApp
from web.schemas import SEVEN


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("reader")
    app = RunningApp(folder, READ_ONLY="true", DATA_DIR="/proc/no-folder", DB_HOST="nowhere.invalid")
    app.environment["DB_PASSWORD"] = ""
    yield app.start()
    app.stop()


def test_it_is_ready_without_a_database(reader: RunningApp) -> None:
    answer = httpx.get(f"{reader.url}/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "model": "ready", "database": "none"})
    figures = httpx.get(f"{reader.url}/metrics", timeout=30)
    assert figures.status_code == 200
    assert "database_up" not in figures.text, "an alert would say that the database is away"
    assert {file.name for file in reader.data_dir.iterdir()} == {"app.log"}
    assert reader.children("postgres") == []


def test_pictures_are_read_and_have_no_id(reader: RunningApp) -> None:
    answer = httpx.post(
        f"{reader.url}/api/predict", files={"file": png(one())}, data={"session": "a session of my own"}, timeout=30
    ).json()
    assert (answer["predicted_digit"], answer["id"], answer["personal"]) == (1, None, None)
    answer = httpx.post(f"{reader.url}/api/predict/base64", json={"image": SEVEN}, timeout=30).json()
    assert (answer["predicted_digit"], answer["id"]) == (7, None)


def test_labels_and_figures_are_refused_with_the_reason(reader: RunningApp) -> None:
    said = {"id": "00000000-0000-4000-8000-000000000000", "label": 7}
    for answer in (httpx.post(f"{reader.url}/api/feedback", json=said), httpx.get(f"{reader.url}/api/stats")):
        assert (answer.status_code, answer.json()) == (503, {"detail": NOTHING_KEPT})


def test_the_models_are_named(reader: RunningApp) -> None:
    names = [each["model"] for each in httpx.get(f"{reader.url}/api/models", timeout=30).json()]
    assert names == ["cnn", "linear"]


def test_the_log_has_no_trouble(reader: RunningApp) -> None:
    log = reader.log.read_text()
    assert not any(word in log for word in ("WARNING", "ERROR", "Traceback"))
