"""Health, readiness, what Prometheus gets from the running app, and the way to TensorBoard.

Covers src/web: storage_gauges.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

import metrics
from settings import ROOT
from storage.embedded import EmbeddedServer
from support.own_loop import run
from support.pictures import one, photograph, png
from support.running_app import RunningApp, free_port, wait_until
from web import ops
from web.ops import ops_routes

ONE = png(one())
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(app: RunningApp) -> Series:
    """Every sample of /metrics, by its name and labels."""
    answer = httpx.get(f"{app.url}/metrics", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(found: Series, name: str, **labels: str) -> float:
    return found.get((f"digit_reader_{name}", frozenset(labels.items())), 0.0)


def predict(app: RunningApp, picture: bytes = ONE) -> str:
    answer = httpx.post(f"{app.url}/api/predict", files={"file": picture}, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predicted_digit"] == 1
    drawing_id: str = answer.json()["id"]
    return drawing_id


def say(app: RunningApp, drawing_id: str, label: int) -> int:
    said = httpx.post(f"{app.url}/api/feedback", json={"id": drawing_id, "label": label}, timeout=30)
    return said.status_code


@pytest.mark.parametrize("picture", [one(), photograph()], ids=["drawing", "photograph"])
def test_a_prediction_is_counted_and_each_of_its_stages_timed(app: RunningApp, picture: Image.Image) -> None:
    before = series(app)
    predict(app, png(picture))
    after = series(app)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("predictions_total", model="cnn", version="1", digit="1", source="api") == 1
    assert more("confidence_ratio_count", model="cnn") == 1
    for stage in metrics.STAGES:
        assert more("prediction_seconds_count", stage=stage) == 1, stage
    parts = [more("prediction_seconds_sum", stage=stage) for stage in metrics.STAGES]
    assert 0 < sum(parts[:3]) <= parts[3] < 30, "the stages lie within the whole"
    assert parts[0] > picture.width * picture.height * 1e-9, "the picture is decoded within its stage"


def test_labels_are_counted_by_what_became_of_them_and_by_whether_they_agree(app: RunningApp) -> None:
    def outcomes() -> list[float]:
        found = series(app)
        labelled = [
            value(found, "labelled_drawings", model="cnn", version="1", outcome=outcome)
            for outcome in ("agreed", "corrected")
        ]
        return [value(found, "labels_total", outcome=outcome) for outcome in ("saved", "unknown")] + labelled

    before = outcomes()
    assert say(app, predict(app), 1) == 200
    assert say(app, predict(app), 7) == 200
    assert say(app, "00000000-0000-4000-8000-000000000000", 7) == 404
    wait_until(lambda: outcomes() == [before[0] + 2, before[1] + 1, before[2] + 1, before[3] + 1], 10, "the labels")
    saved, _, agreed, corrected = outcomes()
    assert value(series(app), "live_accuracy_ratio", model="cnn", version="1") == agreed / (agreed + corrected)
    assert saved >= 2


def test_what_can_be_read_off_at_any_moment(app: RunningApp) -> None:
    found = series(app)
    assert value(found, "database_up") == 1
    assert value(found, "spool_entries") == 0
    assert value(found, "database_connections_max") == 8
    assert value(found, "model_version", model="cnn") == value(found, "model_version", model="linear") == 1
    builds = [dict(labels) for name, labels in found if name == "digit_reader_build_info"]
    assert [build["version"] for build in builds] == [metrics.VERSION]
    if sys.platform == "linux":
        assert 50e6 < found["process_resident_memory_bytes", frozenset()] < 10e9


def test_the_version_is_the_projects() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == metrics.VERSION


def test_the_names_keep_to_prometheus_conventions(app: RunningApp) -> None:
    families = list(text_string_to_metric_families(httpx.get(f"{app.url}/metrics").text))
    ours = [family for family in families if not family.name.startswith(("process_", "python_"))]
    assert len(ours) >= 11
    for family in ours:
        assert re.fullmatch(r"digit_reader_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
    assert {sample.name for family in ours if family.type == "counter" for sample in family.samples} == {
        "digit_reader_predictions_total",
        "digit_reader_labels_total",
        "digit_reader_expired_drawings_total",
    }


def test_every_series_that_deployment_names_is_there(app: RunningApp) -> None:
    named = set(re.findall(r"\b(?:digit_reader|process)_[a-z_]+", (ROOT / "DEPLOYMENT.md").read_text()))
    shown = re.findall(r"^# TYPE (\S+)", httpx.get(f"{app.url}/metrics").text, re.M)
    assert {name for name in shown if name.startswith("digit_reader_")} <= named, "DEPLOYMENT.md leaves these out"
    assert named <= set(shown), "DEPLOYMENT.md names what is not there"


def test_a_scrape_outlives_the_database(separate: tuple[RunningApp, EmbeddedServer]) -> None:
    app, server = separate
    before = series(app)
    drawing_id = predict(app)
    server.stop()
    wait_until(lambda: value(series(app), "database_up") == 0, what="the outage")
    predict(app)
    assert say(app, drawing_id, 1) == 200
    found = series(app)

    def more(name: str, **labels: str) -> float:
        return value(found, name, **labels) - value(before, name, **labels)

    assert value(found, "spool_entries") == 2
    assert more("labels_total", outcome="spooled") == 1
    assert more("prediction_seconds_count", stage="log") == 2
    assert not [name for name, _ in found if name.startswith("digit_reader_l") and "labels" not in name]


# --- What somebody should look at -------------------------------------------------------------------------------------


def ready(app: RunningApp) -> tuple[int, dict[str, str]]:
    answer = httpx.get(f"{app.url}/ready", timeout=30)
    return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app whose spool was damaged, and whose next one has entries that no database would accept."""
    app = RunningApp(tmp_path_factory.mktemp("troubled"))
    (app.data_dir / "spool.sqlite").write_bytes(b"this is no database" * 300)
    app.start().stop()
    with closing(sqlite3.connect(app.data_dir / "spool.sqlite")) as spool, spool:
        spool.executemany("INSERT INTO entries (statement, parameters) VALUES ('prediction', ?)", [("{}",), ("{",)])
    yield app.start()
    app.stop()


def test_a_spool_that_somebody_should_look_at_is_named_and_hinders_nothing(troubled: RunningApp) -> None:
    predict(troubled)
    (damaged,) = troubled.data_dir.glob("spool-damaged-*.sqlite")
    wait_until(lambda: "set aside" in ready(troubled)[1].get("spool", ""), what="the entries to be set aside")
    status, answer = ready(troubled)
    assert (status, answer) == (
        200,
        {"status": "ready", "model": "ready", "database": "ready"}
        | {
            "spool": "2 entries are set aside in the spool's table set_aside; the log says why. "
            f"The spool was damaged, and is kept as {damaged.name}."
        },
    )
    found = series(troubled)
    assert value(found, "spool_set_aside") == 2
    assert value(found, "spool_damaged_files") == 1
    assert value(found, "spool_entries") == 0
    log = troubled.log.read_text()
    assert log.count("is set aside:") == 2
    assert "Traceback" not in log


WORDS_OF_POSTGRESQL = re.compile(r"column|relation|null|INSERT|SELECT|psycopg|violates|predictions|LINE", re.I)


def test_tables_that_do_not_fit_are_an_outage_and_no_answer_shows_sql(troubled: RunningApp) -> None:
    rows = troubled.sql("SELECT count(*) FROM predictions")[0][0]
    troubled.sql("ALTER TABLE predictions ADD COLUMN extra integer NOT NULL DEFAULT 1")
    troubled.sql("ALTER TABLE predictions ALTER COLUMN extra DROP DEFAULT")
    drawing_id = predict(troubled)
    assert say(troubled, drawing_id, 1) == 200
    status, answer = ready(troubled)
    assert (status, answer["database"]) == (503, "The database's tables do not fit this version of the app.")
    assert value(series(troubled), "spool_entries") == 2
    troubled.sql("ALTER TABLE predictions DROP COLUMN extra")
    wait_until(lambda: ready(troubled)[0] == 200, what="the delivery")
    assert value(series(troubled), "spool_entries") == 0
    assert troubled.sql("SELECT count(*) FROM predictions")[0][0] == rows + 1
    assert troubled.sql("SELECT true_label FROM predictions WHERE drawing_id = %s", drawing_id) == [(1,)]


def test_a_missing_table_is_no_reason_for_sql_in_an_answer(troubled: RunningApp) -> None:
    troubled.sql("ALTER TABLE predictions RENAME TO elsewhere; ALTER VIEW current_tallies RENAME TO tallies_elsewhere")
    try:
        predict(troubled)
        for path in ("/ready", "/api/stats"):
            wait_until(lambda path=path: troubled.status(path) == 503, 10, "503")  # type: ignore[misc]
            answer = troubled.text(path)
            assert not WORDS_OF_POSTGRESQL.search(answer), answer
            assert "do not fit" in answer
    finally:
        troubled.sql(
            "ALTER TABLE elsewhere RENAME TO predictions; ALTER VIEW tallies_elsewhere RENAME TO current_tallies"
        )
    wait_until(lambda: ready(troubled)[0] == 200, what="the delivery")


# --- TensorBoard ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tensorboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A TensorBoard on an empty log: its port."""
    port, folder = free_port(), tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield port
    process.terminate()
    process.wait(30)


def dashboard(host: str) -> httpx.Response:
    """What the dashboard answers to a browser that came by this host's name."""

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=ops_routes()))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}:8501") as client:
            return await client.get("/dashboard")

    return run(get())


def test_without_a_tensorboard_the_dashboard_says_how_to_get_one(
    app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Streamlit" not in httpx.get(f"{app.url}/dashboard", follow_redirects=False).text
    monkeypatch.setattr(ops, "TENSORBOARD", free_port())
    for host in ("localhost", "example.com"):
        answer = dashboard(host)
        assert answer.status_code == 200
        assert "python src/train_model.py --log-dir runs" in answer.text
        assert "tensorboard --logdir runs" in answer.text


def test_with_one_it_leads_there(tensorboard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops, "TENSORBOARD", tensorboard)
    wait_until(lambda: ops.tensorboard_runs(tensorboard), 120, "TensorBoard")
    near = dashboard("localhost")
    assert near.status_code == 307
    assert near.headers["location"] == f"http://127.0.0.1:{tensorboard}/"
    far = dashboard("example.com")
    assert far.status_code == 200
    assert "ssh -L" in far.text, "its own machine is out of a visitor's reach"


def test_another_programs_port_is_not_taken_for_tensorboard(app: RunningApp) -> None:
    assert not ops.tensorboard_runs(int(app.url.rsplit(":", 1)[1]))
