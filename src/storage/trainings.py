"""The trainings, as rows: one at a time across all replicas, and how far each is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg2.extras

from learning.card import ModelCard
from storage.database import Database
from storage.locks import held, only_one

TRAINING_LOCK = 20_260_730  # any constant will do, as long as every replica uses the same


class TrainingUnderWay(RuntimeError):
    """Another training is running, here or at another replica."""


@dataclass(frozen=True)
class Training:
    """A training, as the pages show it; `running` is whether its process still holds the lock."""

    id: int
    model: str
    who: str
    started_at: datetime
    heard_at: datetime
    finished_at: datetime | None
    stage: str
    progress: float
    message: str
    version: int | None
    running: bool


@contextmanager
def only_training(database: Database) -> Iterator[None]:
    """Hold the training lock. Raises TrainingUnderWay, and what locks.only_one() does."""
    with only_one(database, TRAINING_LOCK) as cursor:
        if cursor is None:
            raise TrainingUnderWay("Another training is running: one at a time, across all replicas.")
        cursor.execute(
            "UPDATE retrainings SET stage = 'interrupted', finished_at = now() WHERE finished_at IS NULL"
        )  # their processes no longer hold the lock
        yield


def begin(database: Database, model: str, who: str) -> int:
    """Note that a training begins; returns its id."""
    with database.transaction() as cursor:
        cursor.execute("INSERT INTO retrainings (model, who) VALUES (%s, %s) RETURNING id", (model, who))
        (made,) = cursor.fetchone() or (0,)
    return int(made)


def note(database: Database, training: int, stage: str, progress: float, message: str) -> None:
    """Note how far a training is: its stage, the fraction done (0-1), and a sentence."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE retrainings SET stage = %s, progress = %s, message = %s, heard_at = now() WHERE id = %s",
            (stage, progress, message, training),
        )


def end(
    database: Database,
    training: int,
    stage: str,
    message: str,
    version: int | None = None,
    card: ModelCard | None = None,
) -> None:
    """Note how a training ended; `card` is that of a training without a version."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE retrainings SET stage = %s, message = %s, version = %s, card = %s, progress = 1, "
            "heard_at = now(), finished_at = now() WHERE id = %s",
            (stage, message, version, _json(card), training),
        )


def register(database: Database, card: ModelCard) -> None:
    """Keep a training that was made without a database, by its card; once, however often it is read."""
    ended = card.trained_at if card.trained_at.tzinfo else card.trained_at.replace(tzinfo=UTC)
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO retrainings (model, who, stage, started_at, heard_at, finished_at, progress, card) "
            "VALUES (%(model)s, 'command', 'trained', %(started)s, %(ended)s, %(ended)s, 1, %(card)s) "
            "ON CONFLICT (model, (card ->> 'trained_at')) WHERE stage = 'trained' DO NOTHING",
            {
                "model": card.architecture,
                "started": ended - timedelta(seconds=card.wall_seconds),
                "ended": ended,
                "card": _json(card),
            },
        )


def _json(card: ModelCard | None) -> psycopg2.extras.Json | None:
    return psycopg2.extras.Json(card.to_json()) if card else None


RUNNING = f"finished_at IS NULL AND {held(TRAINING_LOCK)}"
"""Whether the process of a row of `retrainings` still holds the lock, as SQL."""

_TRAININGS = f"""
SELECT id, model, who, started_at, heard_at, finished_at, stage, progress, message, version, {RUNNING}
FROM retrainings WHERE stage <> 'trained' ORDER BY id DESC LIMIT %s
"""  # noqa: S608 - a constant of ours


def newest(database: Database, limit: int = 10) -> list[Training]:
    """The newest trainings on labels, the newest first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_TRAININGS, (limit,))
        return [Training(*row) for row in cursor.fetchall()]
