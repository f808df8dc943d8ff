"""For whoever runs the app: /health and /ready, /metrics for Prometheus, and /dashboard, the way to TensorBoard."""

from __future__ import annotations

import http.client
import platform
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from importlib.metadata import version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

import metrics
from serving.app_state import AppState, get_app_state
from storage.database import Database, DatabaseAway
from storage.disk import space
from storage.insights import Insights, Tally
from storage.spool import Spool
from web.storage_gauges import storage_gauges

COUNTING_TIMEOUT = 1.0  # seconds that a scrape waits for the database; Prometheus itself gives up after ten
TENSORBOARD = 6006  # the default port of `tensorboard --logdir`

# --- /health and /ready -----------------------------------------------------------------------------------------------


async def _health(_request: Request) -> JSONResponse:
    """The process lives: nothing more is claimed."""
    return JSONResponse({"status": "alive"})


def _ready(_request: Request) -> JSONResponse:
    """Whether the model is loaded and the database takes what is written; otherwise 503 and the reasons.

    `missing`, `spool` and `disk` are there only if there is something to look at: a model that others read in place of,
    what the spool has set aside, and a disk that is nearly full. The status does not depend on them.
    """
    state = get_app_state()
    state.models.load_now()
    reasons = {"model": state.models.error}
    if not state.settings.read_only:
        reasons["database"] = _unreachable(state.database) or state.writer.trouble
    ready = not any(reasons.values())
    body = {"status": "ready" if ready else "not ready"} | {part: why or "ready" for part, why in reasons.items()}
    body.setdefault("database", "none")  # READ_ONLY: it is not needed
    if missing := state.models.missing:
        body["missing"] = " ".join(missing.values())
    if note := spool_note(state.writer.spool):
        body["spool"] = note
    if not state.settings.read_only and (left := space(state.settings.data_dir)) and left.low:
        body["disk"] = f"The disk is nearly full: {left.words} are left. When it is full, nothing more is saved."
    return JSONResponse(body, status_code=200 if ready else 503)


def _unreachable(database: Database) -> str | None:
    try:
        database.ping()
    except DatabaseAway as error:
        return str(error)
    return None


def spool_note(spool: Spool) -> str:
    """What an operator should look at in the spool, in sentences; "" for nothing."""
    notes = [spool.trouble] if spool.trouble else []
    if spool.full:
        notes.append("The spool is full: what is drawn now is not saved until the database is back.")
    if count := spool.set_aside_count:
        entries = "1 entry that the database does not accept is" if count == 1 else f"{count} entries are"
        notes.append(f"{entries} set aside in the spool's table set_aside; the log says why.")
    if files := spool.damaged_files:
        notes.append(f"The spool was damaged, and is kept as {', '.join(files)}.")
    return " ".join(notes)


# --- /metrics ---------------------------------------------------------------------------------------------------------

# What is read off at each scrape: name, description, value.
GAUGES: tuple[tuple[str, str, Callable[[AppState], float]], ...] = (
    ("spool_entries", "Rows and labels that wait here for the database.", lambda state: state.writer.spooled),
    (
        "spool_set_aside",
        "Rows and labels that the database does not accept, set aside in the spool.",
        lambda state: state.writer.spool.set_aside_count,
    ),
    (
        "spool_damaged_files",
        "Damaged files of the spool that were moved aside and kept.",
        lambda state: len(state.writer.spool.damaged_files),
    ),
    (
        "personal_models",
        "Personal models in memory: one for each person.",
        lambda state: state.hands.size[0],
    ),
    (
        "personal_models_bytes",
        "The memory that personal models take, in bytes.",
        lambda state: state.hands.size[1],
    ),
    (
        "models_missing",
        "Models that cannot read, since their weights are missing or damaged, while others can.",
        lambda state: len(state.models.missing),
    ),
    ("database_connections_max", "Connections that the pool may use.", lambda state: state.database.pool_size),
)


class LiveAccuracy:
    """How often each version was right, counted on a thread of its own so that no scrape waits for the database."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live-accuracy")
        self._counting: Future[None] | None = None
        self._known: dict[tuple[str, int], Tally] = {}

    def of(self, insights: Insights) -> dict[tuple[str, int], Tally]:
        """The tallies of each model and version; those of the last time if counting takes long."""
        if self._counting is None or self._counting.done():
            self._counting = self._thread.submit(self._count, insights)
        wait([self._counting], COUNTING_TIMEOUT)
        return self._known

    def _count(self, insights: Insights) -> None:
        try:
            self._known = insights.figures().versions
        except DatabaseAway:
            self._known = {}


class StateCollector(Collector):
    """The metrics that are read off the running app at each scrape."""

    def __init__(self, state: AppState, accuracy: LiveAccuracy) -> None:
        self._state, self._accuracy = state, accuracy

    def collect(self) -> Iterable[Metric]:
        """Every family, in the order in which they are shown."""
        yield _build()
        for name, text, value in GAUGES:
            yield GaugeMetricFamily(f"digit_reader_{name}", text, value(self._state))
        if not self._state.settings.read_only:
            yield self._database()
            yield from storage_gauges(self._state.settings, self._state.database)
            yield from self._self_check()
        yield self._versions()
        yield from self._labelled()

    def _database(self) -> Metric:
        """Absent where nothing is kept: there is no database whose absence should alarm anybody."""
        up = self._state.database.away is None
        return GaugeMetricFamily("digit_reader_database_up", "Whether the database can be reached, 1 or 0.", up)

    def _self_check(self) -> Iterable[Metric]:
        """Without a value until a check has ended: what has just been installed alarms nobody."""
        ended = GaugeMetricFamily("digit_reader_self_check_timestamp_seconds", "When the last self-check ended.", None)
        findings = GaugeMetricFamily("digit_reader_self_check_findings", "What the last self-check found wrong.", None)
        check = self._state.self_check.last
        if check is not None and check.finished_at is not None:
            ended.add_metric([], check.finished_at.timestamp())
            findings.add_metric([], len(check.findings))
        return ended, findings

    def _versions(self) -> Metric:
        family = GaugeMetricFamily(
            "digit_reader_model_version", "The version that serves, once it is loaded.", labels=["model"]
        )
        models = self._state.models
        if not models.loading and models.error is None:
            for name, model in models.predictor().models.items():
                family.add_metric([name], model.info.version)
        return family

    def _labelled(self) -> Iterable[Metric]:
        labels = ["model", "version"]
        labelled = GaugeMetricFamily(
            "digit_reader_labelled_drawings",
            "Labelled drawings in the database: agreed, the model was right, or corrected.",
            labels=[*labels, "outcome"],
        )
        accuracy = GaugeMetricFamily(
            "digit_reader_live_accuracy_ratio",
            "The fraction of the labelled drawings that was read right, 0-1.",
            labels=labels,
        )
        for (model, number), tally in self._accuracy.of(self._state.insights).items():
            labelled.add_metric([model, str(number), "agreed"], tally.right)
            labelled.add_metric([model, str(number), "corrected"], tally.labelled - tally.right)
            if tally.accuracy is not None:
                accuracy.add_metric([model, str(number)], tally.accuracy)
        return labelled, accuracy

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registry would otherwise collect once more, only to learn the names."""
        return ()


@cache
def _build() -> Metric:
    parts = {"version": metrics.VERSION, "python": platform.python_version()}
    parts |= {package: version(package) for package in ("torch", "streamlit")}
    return InfoMetricFamily("digit_reader_build", "What this app is made of.", parts)


_accuracy = LiveAccuracy()


def _metrics(_request: Request) -> Response:
    """All metrics in Prometheus' text format."""
    now = CollectorRegistry()
    now.register(StateCollector(get_app_state(), _accuracy))
    return Response(generate_latest(now) + generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_PLAIN_0_0_4)


# --- /dashboard -------------------------------------------------------------------------------------------------------

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Digit reader: the trainings</title>
<body style="font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem">
<h1>The trainings</h1><p>{}</p></body></html>"""
_NOT_RUNNING = (
    "No TensorBoard runs on this machine: start <code>python src/train_model.py --log-dir runs</code>, then "
    "<code>tensorboard --logdir runs</code>, and load this page again."
)
_RUNNING_THERE = (
    "TensorBoard runs on the app's own machine and is open to nobody else: "
    f"<code>ssh -L {TENSORBOARD}:127.0.0.1:{TENSORBOARD} you@server</code> brings it to "
    f'<a href="http://127.0.0.1:{TENSORBOARD}/">127.0.0.1:{TENSORBOARD}</a> on yours.'
)


def _dashboard(request: Request) -> Response:
    """TensorBoard for a browser on this machine; for all others a sentence on how to get there."""
    if not tensorboard_runs(TENSORBOARD):
        return HTMLResponse(_PAGE.format(_NOT_RUNNING))
    if request.url.hostname in ("localhost", "127.0.0.1", "::1"):
        return RedirectResponse(f"http://127.0.0.1:{TENSORBOARD}/")
    return HTMLResponse(_PAGE.format(_RUNNING_THERE))


def tensorboard_runs(port: int) -> bool:
    """Whether a TensorBoard answers on that port of this machine. Nothing else is ever asked from here."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/")
        return b"<title>TensorBoard</title>" in connection.getresponse().read(100_000)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def ops_routes(base_path: str = "") -> list[Route]:
    """The routes, at the root; with a base path also under it, where a proxy that passes nothing else on finds them."""
    endpoints = {
        "/health": _health,
        "/ready": _ready,
        "/metrics": _metrics,
        "/dashboard": _dashboard,
    }
    return [
        Route(base + path, endpoint) for base in dict.fromkeys(("", base_path)) for path, endpoint in endpoints.items()
    ]
