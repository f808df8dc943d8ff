"""What the insights page shows of a time: tallies and distributions, read off the tables of sql/010_tallies.sql.

Two queries, whose time does not grow with the drawings: of a day the hours are read, of a month the days, of more the
months. Everybody's model is judged, as in insights.py; what a person's own model read is counted beside it. Times are
in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from learning.classes import DIGITS
from storage.database import Database
from storage.insights import PLANNING, Tally

CONFIDENCE_SLOTS = 20
MONTH = timedelta(days=30)


class Span(StrEnum):
    """The time that is looked at; it ends now."""

    DAY = "24 hours"
    WEEK = "7 days"
    MONTH = "30 days"
    YEAR = "12 months"
    ALL = "all time"

    @property
    def step(self) -> str:
        """The length of the times that are told apart: hour, day or month."""
        return {Span.DAY: "hour", Span.WEEK: "day", Span.MONTH: "day"}.get(self, "month")

    def since(self, now: datetime) -> datetime | None:
        """The beginning of the first hour, day or month; None for all time."""
        day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        match self:
            case Span.DAY:
                return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
            case Span.WEEK:
                return day - timedelta(days=6)
            case Span.MONTH:
                return day - timedelta(days=29)
            case Span.YEAR:
                return day.replace(day=1, month=now.month % 12 + 1, year=now.year - (now.month < 12))
        return None


@dataclass(frozen=True)
class Scope:
    """Which drawings are looked at: of a time, and perhaps of one model, or of one version of it."""

    span: Span = Span.MONTH
    model: str | None = None
    version: int | None = None


class Point(NamedTuple):
    """What a version read in one hour, day or month."""

    start: datetime
    model: str
    version: int
    tally: Tally


class Own(NamedTuple):
    """Drawings that a person's own model read: how many, with a label, right, and right by everybody's model."""

    drawings: int = 0
    labelled: int = 0
    right: int = 0
    shared_right: int = 0


Histogram = dict[int, int]
"""Drawings by slot: see tally_of in sql/010_tallies.sql for what the slots are."""


@dataclass(frozen=True)
class Overview:
    """All that the page shows. No picture, id or visitor is part of it."""

    step: str
    total: Tally
    points: list[Point]
    """By time, model and version; a time without drawings has none."""
    confusion: list[list[int]]
    """Drawings of each label (row), by what they were read as (column)."""
    read: list[int]
    """How often each digit was read, labelled or not."""
    sources: dict[str, int]
    own: Own
    confidence: dict[int, Histogram]
    """For each outcome (1 right, 0 wrong, -1 not labelled)."""
    elapsed: Histogram
    today: dict[str, Histogram]
    """For each measure of the ink, and the confidence, what was drawn today."""
    month: dict[str, Histogram] = field(default_factory=dict)
    """The same of the thirty days before."""


_CHOSEN = (
    """(%(model)s::text IS NULL OR model = %(model)s) AND (%(version)s::integer IS NULL OR version = %(version)s)"""
)

_TALLIES = f"""
SELECT GROUPING(start, source, predicted), start, model, version, source, predicted, label,
       sum(drawings)::bigint,
       coalesce(sum(drawings) FILTER (WHERE label BETWEEN 0 AND 9), 0)::bigint,
       coalesce(sum(drawings) FILTER (WHERE label = predicted), 0)::bigint,
       coalesce(sum(drawings) FILTER (WHERE label = 10), 0)::bigint,
       coalesce(sum(drawings) FILTER (WHERE personal >= 0), 0)::bigint,
       coalesce(sum(drawings) FILTER (WHERE personal >= 0 AND label BETWEEN 0 AND 9), 0)::bigint,
       coalesce(sum(drawings) FILTER (WHERE personal = label AND personal >= 0), 0)::bigint,
       coalesce(sum(drawings) FILTER (WHERE personal >= 0 AND label = predicted), 0)::bigint
FROM current_tallies
WHERE step = %(step)s AND (%(since)s::timestamptz IS NULL OR start >= %(since)s) AND {_CHOSEN}
GROUP BY GROUPING SETS ((start, model, version), (source), (predicted, label))
HAVING sum(drawings) > 0
ORDER BY start, model, version
"""  # noqa: S608 - all of it stands here
_BY_TIME, _BY_SOURCE, _BY_DIGIT = 0b011, 0b101, 0b110  # GROUPING sets a bit for what it left out

_DISTRIBUTIONS = f"""
SELECT 'span', measure, outcome, slot, sum(drawings)::bigint FROM current_distributions
WHERE step = %(step)s AND (%(since)s::timestamptz IS NULL OR start >= %(since)s) AND {_CHOSEN}
      AND measure IN ('confidence', 'elapsed')
GROUP BY measure, outcome, slot
UNION ALL
SELECT CASE WHEN start >= %(today)s THEN 'today' ELSE 'month' END, measure, -1, slot, sum(drawings)::bigint
FROM current_distributions
WHERE step = 'day' AND start >= %(month)s AND {_CHOSEN} AND measure <> 'elapsed'
GROUP BY 1, measure, slot
"""  # noqa: S608 - as above


def overview(database: Database, scope: Scope, now: datetime | None = None) -> Overview:
    """What the page shows. Raises DatabaseAway."""
    now = (now or datetime.now(UTC)).astimezone(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = {
        "step": scope.span.step,
        "since": scope.span.since(now),
        "model": scope.model,
        "version": scope.version,
        "today": today,
        "month": today - MONTH,
    }
    with database.transaction() as cursor:
        cursor.execute(PLANNING + _TALLIES, asked)
        tallies = cursor.fetchall()
        cursor.execute(_DISTRIBUTIONS, asked)
        distributions = cursor.fetchall()
    return _overview(scope.span.step, tallies, distributions)


def _overview(step: str, tallies: list[tuple[Any, ...]], distributions: list[tuple[Any, ...]]) -> Overview:
    points, sources, own = [], dict[str, int](), Own()
    confusion, read, total = [[0] * DIGITS for _ in range(DIGITS)], [0] * DIGITS, Tally()
    for grouping, start, model, version, source, predicted, label, *counts in tallies:
        tally = Tally(*counts[:4])
        if grouping == _BY_TIME:
            points.append(Point(start.astimezone(UTC), model, version, tally))
        elif grouping == _BY_SOURCE:
            sources[source] = tally.predictions
            own = Own(*(a + b for a, b in zip(own, counts[4:], strict=True)))
        else:
            total += tally
            read[predicted] += tally.predictions
            if tally.labelled:
                confusion[label][predicted] += tally.labelled
    spans: dict[str, dict[tuple[str, int], Histogram]] = {"span": {}, "today": {}, "month": {}}
    for span, measure, outcome, slot, drawings in distributions:
        histogram = spans[span].setdefault((measure, outcome), {})
        histogram[slot] = drawings
    return Overview(
        step, total, points, confusion, read, sources, own,
        {outcome: spans["span"].get(("confidence", outcome), {}) for outcome in (1, 0, -1)},
        spans["span"].get(("elapsed", -1), {}),
        {measure: histogram for (measure, _), histogram in spans["today"].items()},
        {measure: histogram for (measure, _), histogram in spans["month"].items()},
    )  # fmt: skip
