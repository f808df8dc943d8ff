"""/metrics, what Prometheus collects; /dashboard, the way to TensorBoard."""

from __future__ import annotations

import http.client
import platform
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from importlib.metadata import version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

import metrics
from serving import app_state
from storage.database import DatabaseAway
from storage.insights import Insights, Tally

PATIENCE = 1.0  # seconds that a scrape waits for the database; Prometheus itself gives up after ten
TENSORBOARD = 6006  # the port that `tensorboard --logdir` takes by itself

# --- /metrics ---------------------------------------------------------------------------------------------------------


class LiveAccuracy:
    """How often each version was right, counted in a thread of its own: no scrape fails or hangs with the database."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live-accuracy")
        self._counting: Future[None] | None = None
        self._known: dict[tuple[str, int], Tally] = {}

    def of(self, insights: Insights) -> dict[tuple[str, int], Tally]:
        """The tallies of each model and version: of now, or, when counting takes long, of the last time."""
        if self._counting is None or self._counting.done():
            self._counting = self._thread.submit(self._count, insights)
        wait([self._counting], PATIENCE)
        return self._known

    def _count(self, insights: Insights) -> None:
        try:
            self._known = insights.figures().versions
        except DatabaseAway:
            self._known = {}


class State(Collector):
    """What can be read off the running app at this moment."""

    def __init__(self, running: app_state.Service, accuracy: LiveAccuracy) -> None:
        self._running, self._accuracy = running, accuracy

    def collect(self) -> Iterable[Metric]:
        """Every family, in the order in which they are shown."""
        running = self._running
        yield _build()
        yield _gauge("spool_entries", "Rows and labels that wait here for the database.", running.writer.spooled)
        yield _gauge("database_up", "Whether the database can be reached, 1 or 0.", running.database.away is None)
        yield _gauge("database_connections_max", "Connections that the pool may use.", running.database.pool_size)
        yield self._versions()
        yield from self._labelled()

    def _versions(self) -> Metric:
        family = GaugeMetricFamily(
            "digit_reader_model_version", "The version that serves, once it is loaded.", labels=["model"]
        )
        if not self._running.loading and self._running.model_trouble is None:
            for name, model in self._running.predictor().models.items():
                family.add_metric([name], model.version)
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
            "The share of the labelled drawings that was read right, 0-1.",
            labels=labels,
        )
        for (model, number), tally in self._accuracy.of(self._running.insights).items():
            labelled.add_metric([model, str(number), "agreed"], tally.right)
            labelled.add_metric([model, str(number), "corrected"], tally.labelled - tally.right)
            if tally.accuracy is not None:
                accuracy.add_metric([model, str(number)], tally.accuracy)
        return labelled, accuracy

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registry would otherwise collect once more, only to learn the names."""
        return ()


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"digit_reader_{name}", text, value)


@cache
def _build() -> Metric:
    parts = {"version": metrics.VERSION, "python": platform.python_version()}
    parts |= {package: version(package) for package in ("torch", "streamlit")}
    return InfoMetricFamily("digit_reader_build", "What this app is made of.", parts)


_accuracy = LiveAccuracy()


def _metrics(_request: Request) -> Response:
    """Everything, as Prometheus' text."""
    now = CollectorRegistry()
    now.register(State(app_state.start(), _accuracy))
    return Response(generate_latest(now) + generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_PLAIN_0_0_4)


# --- /dashboard -------------------------------------------------------------------------------------------------------

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Digit reader: the trainings</title>
<body style="font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem">
<h1>The trainings</h1><p>{}</p></body></html>"""
_NONE_RUNS = (
    "No TensorBoard runs on this machine: start <code>python src/train_model.py --log-dir runs</code>, then "
    "<code>tensorboard --logdir runs</code>, and load this page again."
)
_RUNS_THERE = (
    "TensorBoard runs on the app's own machine and is open to nobody else: "
    f"<code>ssh -L {TENSORBOARD}:127.0.0.1:{TENSORBOARD} you@server</code> brings it to "
    f'<a href="http://127.0.0.1:{TENSORBOARD}/">127.0.0.1:{TENSORBOARD}</a> on yours.'
)


def _dashboard(request: Request) -> Response:
    """TensorBoard's own page for who sits at this machine; for all others a sentence how to get there."""
    if not tensorboard_runs(TENSORBOARD):
        return HTMLResponse(_PAGE.format(_NONE_RUNS))
    if request.url.hostname in ("localhost", "127.0.0.1", "::1"):
        return RedirectResponse(f"http://127.0.0.1:{TENSORBOARD}/")
    return HTMLResponse(_PAGE.format(_RUNS_THERE))


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


monitoring_routes = [Route("/metrics", _metrics), Route("/dashboard", _dashboard)]
