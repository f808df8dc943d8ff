"""The figures of all drawings: counts, live accuracy, and the confusion matrix.

Everybody's model is judged, also where a personal one answered. A label that was rejected in review does not count, and
"not a digit" is counted apart: no reading of such a drawing can be right. Days are in UTC.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from learning.classes import DIGITS
from storage.database import Database

DAYS = 30
SOURCES = ("canvas", "upload", "camera", "api", "import")
FRESH = 1.0  # seconds for which the figures are cached


@dataclass(frozen=True)
class Tally:
    """How many drawings were read, how many have a digit as their label, and how many of those were read right.

    Those with the label "not a digit" are `not_a_digit`, and not among the `labelled`.
    """

    predictions: int = 0
    labelled: int = 0
    right: int = 0
    not_a_digit: int = 0

    @property
    def accuracy(self) -> float | None:
        """The fraction of the labelled drawings that was read right, 0-1; None while there is no label."""
        return self.right / self.labelled if self.labelled else None


@dataclass(frozen=True)
class Figures:
    """What is known of all drawings: no picture, id or visitor is part of it."""

    total: Tally
    predicted: list[int]
    """How often each digit, 0 to 9, was read."""
    labels: list[int]
    """How often each digit, 0 to 9, was said to be the right one."""
    confusion: list[list[int]]
    """Drawings of each label (row), by what they were read as (column)."""
    versions: dict[tuple[str, int], Tally]
    """For each model and version, in that order."""
    days: dict[date, Tally]
    """For each of the last DAYS days, the oldest first."""
    sources: dict[str, int]
    """Drawings by the way they came in."""


class Insights:
    """The figures, cached. Counting scans every row, so it runs once at a time, and seldom."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counting = threading.Lock()
        self._known: tuple[float, Figures] | None = None

    def figures(self) -> Figures:
        """The figures, at most FRESH seconds old. Raises DatabaseAway."""
        with self._counting:
            if self._known is None or time.monotonic() - self._known[0] > FRESH:
                counted = figures(self._database)
                self._known = time.monotonic(), counted
            return self._known[1]


# Everything in one pass over the table: each of the four groupings fills its own columns and leaves the others null.
_FIGURES = """
WITH counted AS (
    SELECT coalesce(shared_digit, predicted_digit) AS predicted_digit,
           CASE WHEN review <> 'rejected' THEN true_label END AS label,
           not_a_digit AND review <> 'rejected' AS not_a_digit, source, model, model_version,
           CASE WHEN created_at >= %(since)s THEN (created_at AT TIME ZONE 'UTC')::date END AS day
    FROM predictions
)
SELECT GROUPING(predicted_digit, source, model, day), predicted_digit, label, source, model, model_version, day,
       count(*), count(label), count(*) FILTER (WHERE label = predicted_digit),
       count(*) FILTER (WHERE not_a_digit)
FROM counted
GROUP BY GROUPING SETS ((predicted_digit, label), (source), (model, model_version), (day))
"""
_BY_DIGIT, _BY_SOURCE, _BY_VERSION, _BY_DAY = 0b0111, 0b1011, 0b1101, 0b1110  # GROUPING sets a bit for what it left out


def figures(database: Database, today: date | None = None) -> Figures:
    """Count the whole log, in one query. `today` is the last of its days. Raises DatabaseAway."""
    today = today or datetime.now(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    with database.transaction() as cursor:
        cursor.execute(_FIGURES, {"since": datetime(first.year, first.month, first.day, tzinfo=UTC)})
        rows = cursor.fetchall()
    return _figures(rows, [first + timedelta(days=n) for n in range(DAYS)])


def _figures(rows: Iterable[tuple[Any, ...]], days: list[date]) -> Figures:
    predicted, labels, not_a_digit = [0] * DIGITS, [0] * DIGITS, 0
    confusion = [[0] * DIGITS for _ in range(DIGITS)]
    versions: dict[tuple[str, int], Tally] = {}
    by_day, sources = {day: Tally() for day in days}, dict.fromkeys(SOURCES, 0)
    for grouping, digit, label, source, model, version, day, *counts in rows:
        tally = Tally(*counts)
        if grouping == _BY_DIGIT:
            predicted[digit] += tally.predictions
            not_a_digit += tally.not_a_digit
            if label is not None:
                labels[label] += tally.labelled
                confusion[label][digit] += tally.labelled
        elif grouping == _BY_SOURCE:
            sources[source] = tally.predictions
        elif grouping == _BY_VERSION:
            versions[model, version] = tally
        elif day in by_day:
            by_day[day] = tally
    right = sum(confusion[digit][digit] for digit in range(DIGITS))
    total = Tally(sum(predicted), sum(labels), right, not_a_digit)
    return Figures(total, predicted, labels, confusion, dict(sorted(versions.items())), by_day, sources)
