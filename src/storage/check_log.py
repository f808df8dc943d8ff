"""The self-checks, as rows: when each ran, what it found, how far it came, and that only one runs at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from storage.database import Database
from storage.locks import held, only_one

SELF_CHECK_LOCK = 20_261_128  # any constant will do, as long as every replica uses the same
KEPT = 400  # checks: more than a year of nights

HOUR = 4  # of the day in UTC: the backups begin at 3
APART = timedelta(hours=12)  # at least so long after the check before
RETRY = timedelta(hours=1)  # after one that did not end


class CheckUnderWay(RuntimeError):
    """Another self-check is running, here or at another replica."""


@dataclass(frozen=True)
class Reached:
    """Where the next check goes on: after a drawing and an event, by their internal ids, and a day."""

    drawing: int = 0
    event: int = 0
    day: datetime | None = None


@dataclass
class Result:
    """What a check has found, in sentences, and how much it has looked at so far."""

    findings: list[str] = field(default_factory=list)
    drawings: int = 0
    days: int = 0
    versions: int = 0
    reached: Reached = Reached()


@dataclass(frozen=True)
class SelfCheck:
    """A check, as the Models page shows it; `running` is whether its process still holds the lock."""

    started_at: datetime
    finished_at: datetime | None
    who: str
    findings: tuple[str, ...]
    drawings: int
    days: int
    versions: int
    running: bool


@dataclass(frozen=True)
class Known:
    """The last check, the last that ended, and the database's own time, by which both are judged."""

    now: datetime
    last: SelfCheck | None
    ended: SelfCheck | None

    @property
    def due(self) -> bool:
        """Whether it is time for the next check."""
        return is_due(self.now, self.last)


def is_due(now: datetime, last: SelfCheck | None) -> bool:
    """Whether a check should start: the first one at once, then every night, however long nothing ran.

    A check from the future, which a clock has left that was wrong then, does not count.
    """
    if last is None or last.started_at > now + RETRY:
        return True
    if last.finished_at is None:
        return not last.running and now >= last.started_at + RETRY
    return now >= _night_after(last.started_at + APART)


def _night_after(moment: datetime) -> datetime:
    tonight = moment.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight >= moment else tonight + timedelta(days=1)


@contextmanager
def only_check(database: Database) -> Iterator[None]:
    """Hold the lock of the self-check. Raises CheckUnderWay, and what locks.only_one() does."""
    with only_one(database, SELF_CHECK_LOCK) as cursor:
        if cursor is None:
            raise CheckUnderWay("A self-check is already running: one at a time, across all replicas.")
        yield


_KNOWN = f"""
SELECT now(), last.*, ended.* FROM (VALUES (1)) AS one
LEFT JOIN LATERAL (
    SELECT started_at, finished_at, who, findings, drawings, days, versions,
           finished_at IS NULL AND {held(SELF_CHECK_LOCK)} FROM self_checks ORDER BY id DESC LIMIT 1) AS last ON true
LEFT JOIN LATERAL (
    SELECT started_at, finished_at, who, findings, drawings, days, versions, false
    FROM self_checks WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1) AS ended ON true
"""  # noqa: S608 - constants of ours


def known(database: Database) -> Known:
    """What is known of the checks. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute("SET LOCAL timezone = 'UTC'")
        cursor.execute(_KNOWN)
        now, *columns = cursor.fetchone() or (None,)
    last, ended = columns[:8], columns[8:]
    return Known(now, _check(*last) if last[0] else None, _check(*ended) if ended[0] else None)


def _check(started_at: datetime, finished_at: datetime | None, who: str, findings: list[str], *rest: int) -> SelfCheck:
    drawings, days, versions, running = rest
    return SelfCheck(started_at, finished_at, who, tuple(findings), drawings, days, versions, bool(running))


def begin(database: Database, who: str) -> tuple[int, Reached]:
    """Note that a check begins; its id, and where the last one that ended has left off."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT reached_drawing, reached_event, reached_day FROM self_checks WHERE finished_at IS NOT NULL "
            "ORDER BY id DESC LIMIT 1"
        )
        reached = Reached(*(cursor.fetchone() or ()))
        cursor.execute("INSERT INTO self_checks (who) VALUES (%s) RETURNING id", (who,))
        (made,) = cursor.fetchone() or (0,)
        cursor.execute("DELETE FROM self_checks WHERE id <= %s", (made - KEPT,))
    return int(made), reached


def end(database: Database, check: int, result: Result) -> None:
    """Note what a check has found."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE self_checks SET finished_at = now(), findings = %s, drawings = %s, days = %s, versions = %s, "
            "reached_drawing = %s, reached_event = %s, reached_day = %s WHERE id = %s",
            (
                *(result.findings, result.drawings, result.days, result.versions),
                *(result.reached.drawing, result.reached.event, result.reached.day, check),
            ),
        )
