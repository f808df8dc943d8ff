"""The self-check: whether what is kept is whole, at ten million drawings in minutes and beside everything else.

What is cheap is compared completely each time: how many drawings there are against the tallies, days against months,
tallies against distributions, the versions that drawings and trainings name, and checksums and cards of up to 500
versions. What has to be looked at row by row is a slice each time, which begins where the one before ended: whether
pictures decode, labels have their trace, events their drawing, and days their tallies. Ten million drawings take 200
nights; whoever wants to know now asks for everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from frames.images import ImageTooLarge, NotAnImage
from frames.preprocessing import from_png
from learning.card import CardError, ModelCard
from storage.check_log import Reached, Result
from storage.database import Database, DatabaseAway
from storage.labels import LABEL
from storage.recounting import differences
from storage.selection import PERCENT

STATEMENT_SECONDS = 120  # that one statement may take
VERSIONS = 500  # that are compared with their checksums
NAMED = 5  # rows that a finding names


@dataclass(frozen=True)
class Limits:
    """How much is looked at: drawings and events one by one, and drawings of days that are counted again."""

    drawings: int
    events: int
    counted: int
    batch: int = 1000
    """Drawings that are read at a time."""
    pause: float = 0.1
    """Seconds between two batches, in which others have the database for themselves."""


NIGHTLY = Limits(drawings=50_000, events=200_000, counted=200_000)
EVERYTHING = Limits(drawings=10**12, events=10**12, counted=10**12, pause=0)


def check(database: Database, limits: Limits, start: Reached) -> Result:
    """Look at what is kept, beginning at `start`. Raises DatabaseAway.

    A part that takes too long is a finding; the others are done all the same.
    """
    result = Result(reached=start)
    parts: tuple[tuple[str, Callable[[Database, Limits, Result], None]], ...] = (
        ("The counts", _counts),
        ("The days", _days),
        ("The versions", _versions),
        ("What names a version", _names),
        ("The labels' events", _events),
        ("The drawings", _drawings),
    )
    for name, part in parts:
        try:
            part(database, limits, result)
        except DatabaseAway as error:
            database.ping()  # raises where the database is away, and was not only too slow
            result.findings.append(f"{name} could not be looked at to the end: {error}")
    return result


def _rows(database: Database, statement: str, **given: Any) -> list[tuple[Any, ...]]:
    """What a statement finds within its time, whatever the pool's connections are allowed."""
    with database.long_transaction() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
        cursor.execute(statement, given)
        return cursor.fetchall()


def _some(ids: Sequence[int]) -> str:
    """Rows by their internal ids, which tell nobody anything: a drawing's public id is the permission to label it."""
    return ", ".join(map(str, ids[:NAMED])) + (" ..." if len(ids) > NAMED else "")


# --- Counts -----------------------------------------------------------------------------------------------------------

_TOTALS = """
SELECT (SELECT count(*) FROM predictions) - (SELECT count(*) FROM predictions WHERE source = 'import'),
       (SELECT coalesce(sum(drawings - expired), 0)::bigint FROM current_tallies WHERE step = 'day')
"""
_MONTHS = """
SELECT count(*) FROM (
    SELECT 1 FROM current_tallies WHERE step IN ('day', 'month')
    GROUP BY date_trunc('month', start, 'UTC'), model, version, source, predicted, personal, label
    HAVING sum(CASE step WHEN 'day' THEN drawings ELSE -drawings END) <> 0
) AS unequal
"""
_DISTRIBUTIONS = """
SELECT count(*) FROM (
    SELECT 1 FROM (
        SELECT step, start, model, version, source, drawings FROM current_tallies
        UNION ALL
        SELECT step, start, model, version, source, -drawings FROM current_distributions WHERE measure = 'elapsed'
    ) AS both_counts
    WHERE step IN ('day', 'month') GROUP BY step, start, model, version, source HAVING sum(drawings) <> 0
) AS unequal
"""
_MEND = "`python src/recount.py --repair` mends that."


def _counts(database: Database, limits: Limits, result: Result) -> None:
    """Rows against tallies, days against months, tallies against distributions; with everything, all of them."""
    ((rows, tallied),) = _rows(database, _TOTALS)
    if rows != tallied:
        result.findings.append(f"There are {rows:,} drawings, and the tallies say {tallied:,}. {_MEND}")
    for statement, said in (
        (_MONTHS, "tallies of months are not the sum of their days"),
        (_DISTRIBUTIONS, "distributions do not have as many drawings as the tallies"),
    ):
        ((unequal,),) = _rows(database, statement)
        if unequal:
            result.findings.append(f"{unequal:,} {said}. {_MEND}")
    if limits == EVERYTHING and (found := differences(database)):
        result.findings.append(f"{len(found):,} tallies and distributions are not what the rows say. {_MEND}")


# A night's window of time, read through the index of the history, whose first column is the percent.
_SPAN = """
SELECT start, sum(drawings - expired)::bigint FROM current_tallies
WHERE step = 'day' AND start >= %(since)s GROUP BY start ORDER BY start LIMIT 400
"""
_RECOUNT = f"""
SELECT count(*) FROM (
    SELECT 1 FROM (
        SELECT step, date_trunc(step, counted.hour, 'UTC') AS start, counted.model, counted.version, counted.source,
               counted.predicted, counted.personal, counted.label, 1 AS drawings
        FROM (SELECT p FROM predictions AS p WHERE {PERCENT} = ANY (%(percents)s::smallint[])
                                                   AND created_at >= %(since)s AND created_at < %(until)s) AS found
             CROSS JOIN LATERAL tally_of(found.p) AS counted CROSS JOIN unnest('{{hour,day}}'::text[]) AS step
        UNION ALL
        SELECT step, start, model, version, source, predicted, personal, label, expired - drawings FROM current_tallies
        WHERE step IN ('hour', 'day') AND start >= %(since)s AND start < %(until)s
    ) AS both_counts
    GROUP BY step, start, model, version, source, predicted, personal, label HAVING sum(drawings) <> 0
) AS unequal
"""  # noqa: S608 - constants of ours
_FIRST, _END = datetime.fromisoformat("1970-01-01T00:00:00+00:00"), datetime.fromisoformat("9000-01-01T00:00:00+00:00")


def _days(database: Database, limits: Limits, result: Result) -> None:
    """The tallies of some days, hour by hour, against the rows: at least one day, and then up to the limit."""
    since = result.reached.day or _FIRST
    until, days, drawings = _END, 0, 0
    for start, count in _rows(database, _SPAN, since=since):
        if days and drawings + count > limits.counted:
            until = start
            break
        days, drawings = days + 1, drawings + count
        until = start + timedelta(days=1)
    else:
        until = _END  # also days that the tallies know nothing of
    ((unequal,),) = _rows(database, _RECOUNT, since=since, until=until, percents=list(range(101)))
    if unequal:
        result.findings.append(f"{unequal:,} tallies of hours and days are not what the rows say. {_MEND}")
    result.days += days
    result.reached = replace(result.reached, day=None if until == _END else until)


# --- Versions ---------------------------------------------------------------------------------------------------------

_WEIGHTS = """
SELECT model, version, encode(sha256(weights), 'hex') = sha256, metrics::text FROM model_versions
ORDER BY status = 'active' DESC, random() LIMIT %(limit)s
"""
_UNNAMED = """
SELECT DISTINCT 'drawings', model, version FROM current_tallies AS named WHERE step = 'month' AND NOT EXISTS (
    SELECT 1 FROM model_versions v WHERE v.model = named.model AND v.version = named.version)
UNION ALL
SELECT DISTINCT 'trainings', model, version FROM retrainings AS named WHERE version IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM model_versions v WHERE v.model = named.model AND v.version = named.version)
UNION ALL
SELECT DISTINCT 'promotions', model, version FROM promotions AS named WHERE NOT EXISTS (
    SELECT 1 FROM model_versions v WHERE v.model = named.model AND v.version = named.version)
"""


def _versions(database: Database, limits: Limits, result: Result) -> None:
    """Weights against their checksums, and cards: first of those that serve, then of others by chance."""
    found = _rows(database, _WEIGHTS, limit=None if limits == EVERYTHING else VERSIONS)
    for model, version, intact, card in found:
        if not intact:
            result.findings.append(f"The weights of version {version} of {model} do not have their checksum.")
        try:
            ModelCard.from_text(card)
        except CardError as error:
            result.findings.append(f"The card of version {version} of {model} is damaged. {error}")
    result.versions = len(found)


def _names(database: Database, _limits: Limits, result: Result) -> None:
    """Drawings, trainings and promotions that name a version which is not there."""
    for what, model, version in _rows(database, _UNNAMED):
        result.findings.append(f"There are {what} of version {version} of {model}, which is not there.")


# --- Row by row -------------------------------------------------------------------------------------------------------

_EVENTS = """
SELECT max(id), count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM predictions p WHERE p.drawing_id = e.drawing_id))
FROM (SELECT id, drawing_id FROM label_events WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) AS e
"""
# A drawing is as its last event has left it; one without a label may never have had an event.
_DRAWINGS = f"""
SELECT p.id, p.image, label IS NOT DISTINCT FROM e.new_label AND p.review = coalesce(e.new_review, p.review),
       (p.trained_into IS NULL OR EXISTS (
            SELECT 1 FROM model_versions v WHERE v.version = p.trained_into))
FROM (SELECT *, {LABEL} AS label FROM predictions WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) AS p
LEFT JOIN LATERAL (SELECT new_label, new_review FROM label_events e WHERE e.drawing_id = p.drawing_id
                   ORDER BY id DESC LIMIT 1) AS e ON true
ORDER BY p.id
"""  # noqa: S608 - constants of ours


def _events(database: Database, limits: Limits, result: Result) -> None:
    """Events of labels whose drawing is gone."""
    after, done, orphans = result.reached.event, 0, 0
    while done < limits.events:
        size = min(limits.batch * 10, limits.events - done)
        ((last, gone),) = _rows(database, _EVENTS, after=after, limit=size)
        if last is None:
            after = 0
            break
        after, done, orphans = last, done + size, orphans + gone
        time.sleep(limits.pause)
    if orphans:
        result.findings.append(f"{orphans:,} events of labels belong to no drawing.")
    result.reached = replace(result.reached, event=after)


def _drawings(database: Database, limits: Limits, result: Result) -> None:
    """Pictures that do not decode, labels that are not what their last event says, and trainings that are not there."""
    wrong: dict[str, list[int]] = {"pictures": [], "traces": [], "trainings": []}
    after = result.reached.drawing
    while result.drawings < limits.drawings:
        size = min(limits.batch, limits.drawings - result.drawings)
        found = _rows(database, _DRAWINGS, after=after, limit=size)
        for number, image, traced, trained in found:
            for name, right in (("pictures", _decodes(image)), ("traces", traced), ("trainings", trained)):
                if not right:
                    wrong[name].append(number)
        result.drawings += len(found)
        after = found[-1][0] if found else 0
        if len(found) < size:
            after = 0
            break
        time.sleep(limits.pause)
    result.reached = replace(result.reached, drawing=after)
    says = {
        "pictures": "pictures cannot be decoded",
        "traces": "labels are not what their last event says",
        "trainings": "labels were trained into a version that is not there",
    }
    result.findings += [
        f"{len(ids):,} {says[name]} (in the table predictions, id {_some(ids)})." for name, ids in wrong.items() if ids
    ]


def _decodes(image: bytes) -> bool:
    try:
        from_png(image)
    except (NotAnImage, ImageTooLarge):
        return False
    return True
