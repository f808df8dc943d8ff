"""What Prometheus counts and times while the app runs. (web/ops.py adds the gauges that are read off at each scrape.)

A new metric is defined here, and counted where it happens.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

VERSION = "0.1.0"
"""The app's own version, as in pyproject.toml."""

STAGES = ("preprocess", "forward", "log", "total")
OUTCOMES = ("saved", "spooled", "unknown", "refused", "failed")

disable_created_metrics()  # type: ignore[no-untyped-call] # the start of each series doubles the lines, and is of no use
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # memory, processor time, open files
GCCollector(registry=REGISTRY)  # while garbage is collected, nothing else runs

PREDICTIONS = Counter(
    "digit_reader_predictions_total",
    "Predictions; a drawing that is read after every stroke counts each time.",
    ("model", "version", "digit", "source"),
    registry=REGISTRY,
)
CONFIDENCE = Histogram(
    "digit_reader_confidence_ratio",
    "The calibrated probability of the predicted digit, 0-1.",
    ("model",),
    buckets=(0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0),
    registry=REGISTRY,
)
SECONDS = Histogram(
    "digit_reader_prediction_seconds",
    "Seconds that a stage takes: preprocessing, the network, until the row is stored, and a whole API call.",
    ("stage",),
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
    registry=REGISTRY,
)
LABELS = Counter(
    "digit_reader_labels_total",
    "Labels, by their outcome: saved, spooled, for an unknown drawing, refused as too fast, or failed.",
    ("outcome",),
    registry=REGISTRY,
)
EXPIRED = Counter(
    "digit_reader_expired_drawings_total",
    "Unlabelled drawings that were deleted for their age (RETENTION_DAYS).",
    registry=REGISTRY,
)
CONNECTIONS = Gauge("digit_reader_database_connections_in_use", "Connections of the pool in use.", registry=REGISTRY)

# These series exist from the first scrape on, at zero, so that their first increase is seen as one.
_SECONDS = {stage: SECONDS.labels(stage) for stage in STAGES}
_LABELS = {outcome: LABELS.labels(outcome) for outcome in OUTCOMES}


def count_prediction(model: str, version: int, digit: int, source: str, confidence: float, seconds: float) -> None:
    """Count one prediction; `seconds` is what the network took."""
    PREDICTIONS.labels(model, str(version), str(digit), source).inc()
    CONFIDENCE.labels(model).observe(confidence)
    _SECONDS["forward"].observe(seconds)


def count_label(outcome: str) -> None:
    """Count one label; `outcome` is one of OUTCOMES."""
    _LABELS[outcome].inc()


def took(stage: str, start: float) -> None:
    """Time a stage of STAGES that began at `start`, of time.perf_counter(), and ends now."""
    _SECONDS[stage].observe(time.perf_counter() - start)


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Time a stage of STAGES, unless it fails."""
    start = time.perf_counter()
    yield
    took(stage, start)
