"""The figures of all drawings: counts, live accuracy, and the confusion matrix, read off the tallies of sql/.

Everybody's model is judged, also where a personal one answered. A label that was rejected in review does not count, and
"not a digit" is counted apart: no reading of such a drawing can be right. Days are in UTC. Drawings whose rows have
been deleted for their age stay counted; those from imported data sets never are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from learning.classes import DIGITS, NOT_A_DIGIT
from storage.database import Database

DAYS = 30
COUNTED = ("canvas", "upload", "camera", "api")
SOURCES = (*COUNTED, "import")
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

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

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
    """The figures, cached."""

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


PLANNING = "SET LOCAL jit = off;"
"""What comes before a query of the tallies: its plan names all drawings and reads none, and compiling it takes longer
than running it."""

# All drawings are in the months; the days are those that are shown. What is not shown of either is not told apart.
_FIGURES = """
SELECT step = 'day', CASE WHEN step = 'day' THEN (start AT TIME ZONE 'UTC')::date END, model, version,
       CASE WHEN step = 'month' THEN source END, predicted, label, sum(drawings)::bigint
FROM current_tallies WHERE step = 'month' OR (step = 'day' AND start >= %(since)s)
GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(drawings) > 0
"""


def figures(database: Database, today: date | None = None) -> Figures:
    """The figures, in one query. `today` is the last of the days. Raises DatabaseAway."""
    today = today or datetime.now(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    with database.transaction() as cursor:
        cursor.execute(PLANNING + _FIGURES, {"since": datetime(first.year, first.month, first.day, tzinfo=UTC)})
        rows = cursor.fetchall()
    return _figures(rows, [first + timedelta(days=n) for n in range(DAYS)])


def _figures(rows: Iterable[tuple[Any, ...]], days: list[date]) -> Figures:
    total = Tally()
    predicted, labels = [0] * DIGITS, [0] * DIGITS
    confusion = [[0] * DIGITS for _ in range(DIGITS)]
    versions: dict[tuple[str, int], Tally] = {}
    by_day, sources = {day: Tally() for day in days}, dict.fromkeys(COUNTED, 0)
    for of_day, day, model, version, source, digit, label, drawings in rows:
        tally = tally_of(digit, label, drawings)
        if of_day:
            if day in by_day:
                by_day[day] += tally
            continue
        total += tally
        versions[model, version] = versions.get((model, version), Tally()) + tally
        sources[source] += drawings
        predicted[digit] += drawings
        if tally.labelled:
            labels[label] += drawings
            confusion[label][digit] += drawings
    return Figures(total, predicted, labels, confusion, dict(sorted(versions.items())), by_day, sources)


def tally_of(digit: int, label: int, drawings: int) -> Tally:
    """The tally of drawings that were read as a digit and have a label: 0-9, NOT_A_DIGIT, or -1 for none."""
    labelled = drawings * (0 <= label < DIGITS)
    return Tally(drawings, labelled, labelled * (digit == label), drawings * (label == NOT_A_DIGIT))
