"""Prometheus: what is counted and timed while the app runs (monitoring.py adds what can be read off at any moment)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from serving.prediction import Prediction

VERSION = "0.1.0"
"""The app's own version, as in pyproject.toml."""

STAGES = ("preprocess", "forward", "log", "total")
OUTCOMES = ("saved", "spooled", "unknown", "failed")

disable_created_metrics()  # type: ignore[no-untyped-call] # when each series began: twice as many lines, and nobody asks
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # memory, processor time, open files

PREDICTIONS = Counter(
    "digit_reader_predictions_total",
    "Drawings read; one that is read after every stroke counts each time.",
    ("model", "version", "digit", "source"),
    registry=REGISTRY,
)
CONFIDENCE = Histogram(
    "digit_reader_confidence_ratio",
    "The calibrated probability of the digit that was read, 0-1.",
    ("model",),
    buckets=(0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0),
    registry=REGISTRY,
)
SECONDS = Histogram(
    "digit_reader_prediction_seconds",
    "Seconds that a stage takes: from picture to frame, the network, until the row is kept, and an API call's whole.",
    ("stage",),
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
    registry=REGISTRY,
)
LABELS = Counter(
    "digit_reader_labels_total",
    "What people said, by where it went: saved, spooled, for an unknown drawing, or failed.",
    ("outcome",),
    registry=REGISTRY,
)
CONNECTIONS = Gauge(
    "digit_reader_database_connections_in_use", "Connections of the pool that somebody works with.", registry=REGISTRY
)

# Series that begin at nought are there from the first scrape on, so that their first increase is seen as one.
_SECONDS = {stage: SECONDS.labels(stage) for stage in STAGES}
_LABELS = {outcome: LABELS.labels(outcome) for outcome in OUTCOMES}


def count_prediction(prediction: Prediction, source: str) -> None:
    """A drawing was read."""
    digit, version = str(prediction.predicted_digit), str(prediction.model_version)
    PREDICTIONS.labels(prediction.model, version, digit, source).inc()
    CONFIDENCE.labels(prediction.model).observe(prediction.confidence)
    _SECONDS["forward"].observe(prediction.elapsed_ms / 1e3)


def count_label(outcome: str) -> None:
    """Somebody said what a drawing is; `outcome` is one of OUTCOMES."""
    _LABELS[outcome].inc()


def took(stage: str, start: float) -> None:
    """A stage of STAGES has ended that began at `start`, of time.perf_counter()."""
    _SECONDS[stage].observe(time.perf_counter() - start)


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Time a stage of STAGES, unless it fails."""
    start = time.perf_counter()
    yield
    took(stage, start)
