"""The versions of the models, in PostgreSQL: weights with their checksum, promoted and rolled back in one transaction.

Weights are bytes here, and nothing more: whoever loads them checks them. Every change of what serves is announced to
all replicas when it is committed, and not before.
"""

from __future__ import annotations

import hashlib
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg2
import psycopg2.extensions
import psycopg2.extras

from storage.database import Database, DatabaseAway

CHANNEL = "model_versions"
"""Where a change of what serves is announced."""

# Any constants will do, as long as every replica takes the same: who changes versions, and who trains.
VERSIONS_LOCK = 20_260_729
TRAINING_LOCK = 20_260_730

Cursor = psycopg2.extensions.cursor


class NoSuchVersion(LookupError):
    """There is no version of that number, or none to go back to."""


class TrainingUnderWay(RuntimeError):
    """Another training runs, here or at another replica: there is one at a time."""


@dataclass(frozen=True)
class Version:
    """What is known of a version, its weights left out."""

    model: str
    version: int
    created_at: datetime
    sha256: str
    metrics: dict[str, Any]
    parent: int | None
    status: str
    reason: str
    size_bytes: int


@dataclass(frozen=True)
class Taken:
    """A label that a training took, as it was then: one that has changed since is not marked as used."""

    drawing_id: UUID
    label: int


@dataclass(frozen=True)
class Candidate:
    """A trained version on its way into the store."""

    model: str
    weights: bytes
    metrics: dict[str, Any]
    parent: int
    trained: Sequence[Taken]
    held_out: Sequence[Taken]


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


# --- What there is ----------------------------------------------------------------------------------------------------

_VERSIONS = """
SELECT model, version, created_at, sha256, metrics, parent, status, reason, octet_length(weights)
FROM model_versions WHERE %(model)s IN (model, '') ORDER BY model, version DESC
"""


def versions(database: Database, model: str = "") -> list[Version]:
    """Every version of a network, or of all, the newest first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_VERSIONS, {"model": model})
        return [Version(*row) for row in cursor.fetchall()]


def weights(database: Database, model: str, version: int) -> tuple[bytes, str, dict[str, Any]]:
    """A version's weights as they are stored, their checksum as it was, and its metrics. Raises NoSuchVersion."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT weights, sha256, metrics FROM model_versions WHERE model = %s AND version = %s", (model, version)
        )
        row = cursor.fetchone()
    if row is None:
        raise NoSuchVersion(f"There is no version {version} of {model}.")
    data, sha256, metrics = row
    return data, sha256, metrics


# The version that serves, then those that served before it, the latest first: what to fall back on.
_SERVING = """
SELECT v.model, v.version, v.sha256 FROM model_versions v
LEFT JOIN (SELECT model, version, max(id) AS latest FROM promotions GROUP BY model, version) p USING (model, version)
WHERE v.status = 'active' OR (v.status = 'retired' AND p.latest IS NOT NULL)
ORDER BY v.status = 'active' DESC, p.latest DESC NULLS LAST
"""


def serving(database: Database) -> dict[str, list[tuple[int, str]]]:
    """Of each network, (version, sha256): first the active version, then those to fall back on. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_SERVING)
        found: dict[str, list[tuple[int, str]]] = {}
        for model, version, sha256 in cursor.fetchall():
            found.setdefault(model, []).append((version, sha256))
    return found


def active(database: Database, model: str) -> Version:
    """The version of a network that serves. Raises NoSuchVersion, DatabaseAway."""
    for version in versions(database, model):
        if version.status == "active":
            return version
    raise NoSuchVersion(f"No version of {model} is active: start the app once, so that it stores its own.")


# --- What changes it: one transaction each, one at a time -------------------------------------------------------------


def register_shipped(database: Database, model: str, weights: bytes, card: dict[str, Any]) -> int:
    """Store the project's own weights unless they are there; their version's number. Raises DatabaseAway.

    The first are version 1 and serve. Those of a later release of the project serve at once where nothing was learnt
    meanwhile; otherwise they wait for an administrator to promote them.
    """
    sha256 = hashlib.sha256(weights).hexdigest()
    with _changing(database) as cursor:
        cursor.execute("SELECT version FROM model_versions WHERE model = %s AND sha256 = %s", (model, sha256))
        if known := cursor.fetchone():
            return int(known[0])
        before = _active(cursor, model)
        version = _insert(cursor, model, weights, card, None, "candidate", "The project's own weights.")
        if before is None or _parent(cursor, model, before) is None:
            _serve(cursor, model, version, before, "shipped", "app")
    return version


def save(database: Database, candidate: Candidate, promote: bool, reason: str) -> tuple[int, str]:
    """Store a candidate, mark the labels it took, and let it serve if the gate says so: all of it or nothing.

    Its version's number and status: `active` or `rejected`; `candidate` where it is good enough but its parent no
    longer serves, so that the gate has measured it against the wrong version. Raises DatabaseAway.
    """
    with _changing(database) as cursor:
        before = _active(cursor, candidate.model)
        status = "candidate" if promote else "rejected"
        version = _insert(
            cursor, candidate.model, candidate.weights, candidate.metrics, candidate.parent, status, reason
        )
        _mark(cursor, "trained_into", version, candidate.trained)
        _mark(cursor, "judged", version, candidate.held_out)
        if promote and before == candidate.parent:
            _serve(cursor, candidate.model, version, before, "promotion", "gate")
            status = "active"
    return version, status


def promote(database: Database, model: str, version: int, who: str) -> None:
    """Let a version serve. Promoting the one that serves changes nothing. Raises NoSuchVersion, DatabaseAway."""
    with _changing(database) as cursor:
        before = _active(cursor, model)
        if version != before:
            _serve(cursor, model, version, before, "promotion", who)


def roll_back(database: Database, model: str, who: str) -> int:
    """Let the version serve that the active one replaced; its number. Raises NoSuchVersion, DatabaseAway."""
    with _changing(database) as cursor:
        before = _active(cursor, model)
        # Its own promotion, not a step back to it, which would lead forward again.
        cursor.execute(
            "SELECT replaced FROM promotions WHERE model = %s AND version = %s AND kind <> 'rollback' "
            "ORDER BY id DESC LIMIT 1",
            (model, before),
        )
        row = cursor.fetchone()
        if row is None or row[0] is None:
            raise NoSuchVersion(f"There is no version of {model} to go back to.")
        _serve(cursor, model, row[0], before, "rollback", who)
    return int(row[0])


@contextmanager
def _changing(database: Database) -> Iterator[Cursor]:
    """A transaction that no other change of versions runs beside."""
    with database.transaction() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (VERSIONS_LOCK,))
        yield cursor


def _active(cursor: Cursor, model: str) -> int | None:
    cursor.execute("SELECT version FROM model_versions WHERE model = %s AND status = 'active' FOR UPDATE", (model,))
    row = cursor.fetchone()
    return row[0] if row else None


def _parent(cursor: Cursor, model: str, version: int) -> int | None:
    cursor.execute("SELECT parent FROM model_versions WHERE model = %s AND version = %s", (model, version))
    row = cursor.fetchone()
    return row[0] if row else None


def _insert(
    cursor: Cursor, model: str, weights: bytes, metrics: dict[str, Any], parent: int | None, status: str, reason: str
) -> int:
    cursor.execute(
        "INSERT INTO model_versions (model, version, weights, sha256, metrics, parent, status, reason) "
        "SELECT %(model)s, coalesce(max(version), 0) + 1, %(weights)s, %(sha256)s, %(metrics)s, %(parent)s, "
        "%(status)s, %(reason)s FROM model_versions WHERE model = %(model)s RETURNING version",
        {
            "model": model,
            "weights": weights,
            "sha256": hashlib.sha256(weights).hexdigest(),
            "metrics": psycopg2.extras.Json(metrics),
            "parent": parent,
            "status": status,
            "reason": reason,
        },
    )
    (version,) = cursor.fetchone() or (0,)
    return int(version)


def _serve(cursor: Cursor, model: str, version: int, before: int | None, kind: str, who: str) -> None:
    """Retire the version that serves, and let another serve; announced with the commit."""
    if before is not None:
        reason = "Rolled back." if kind == "rollback" else f"Replaced by version {version}."
        cursor.execute(
            "UPDATE model_versions SET status = 'retired', reason = %s WHERE model = %s AND version = %s",
            (reason, model, before),
        )
    cursor.execute(
        "UPDATE model_versions SET status = 'active' WHERE model = %s AND version = %s RETURNING 1", (model, version)
    )
    if cursor.fetchone() is None:
        raise NoSuchVersion(f"There is no version {version} of {model}.")
    cursor.execute(
        "INSERT INTO promotions (model, version, replaced, kind, who) VALUES (%s, %s, %s, %s, %s)",
        (model, version, before, kind, who),
    )
    cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, model))


def _mark(cursor: Cursor, column: str, version: int, taken: Sequence[Taken]) -> None:
    """Write the version beside the labels that are still what they were when they were taken."""
    cursor.execute(
        f"UPDATE predictions p SET {column} = %s "  # noqa: S608 - the column is one of the two above
        "FROM unnest(%s::uuid[], %s::smallint[]) AS taken (drawing_id, label) "
        f"WHERE p.drawing_id = taken.drawing_id AND p.true_label = taken.label AND p.{column} IS NULL",
        (version, [each.drawing_id for each in taken], [each.label for each in taken]),
    )


# --- Hearing of changes -----------------------------------------------------------------------------------------------


def changes(database: Database, every: float = 1.0) -> Iterator[None]:
    """Yield at once, whenever a change is announced, and every so many seconds all the same. Raises DatabaseAway.

    On a connection of its own: a busy pool must not keep a replica from hearing.
    """
    with suppress(psycopg2.Error), database.connection() as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        while True:
            yield
            select.select([connection], [], [], every)
            connection.poll()
            connection.notifies.clear()
    raise DatabaseAway("The connection on which new versions are announced broke.")


# --- Trainings --------------------------------------------------------------------------------------------------------


@contextmanager
def only_training(database: Database) -> Iterator[None]:
    """Hold the lock of trainings, on a connection of its own: it goes with the process, however that ends.

    Raises TrainingUnderWay, DatabaseAway.
    """
    with database.connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (TRAINING_LOCK,))
        if cursor.fetchone() != (True,):
            raise TrainingUnderWay("Another training is under way: one at a time, across all replicas.")
        cursor.execute(
            "UPDATE retrainings SET stage = 'interrupted', finished_at = now() WHERE finished_at IS NULL"
        )  # whoever wrote these no longer holds the lock
        yield


def begin_training(database: Database, model: str, who: str) -> int:
    """Note that a training begins; its id."""
    with database.transaction() as cursor:
        cursor.execute("INSERT INTO retrainings (model, who) VALUES (%s, %s) RETURNING id", (model, who))
        (made,) = cursor.fetchone() or (0,)
    return int(made)


def note_training(database: Database, training: int, stage: str, progress: float, message: str) -> None:
    """Note how far a training is: its stage, the share done (0-1), and a sentence."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE retrainings SET stage = %s, progress = %s, message = %s, heard_at = now() WHERE id = %s",
            (stage, progress, message, training),
        )


def end_training(database: Database, training: int, stage: str, message: str, version: int | None = None) -> None:
    """Note how a training ended."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE retrainings SET stage = %s, message = %s, version = %s, progress = 1, heard_at = now(), "
            "finished_at = now() WHERE id = %s",
            (stage, message, version, training),
        )


_TRAININGS = """
SELECT id, model, who, started_at, heard_at, finished_at, stage, progress, message, version,
       finished_at IS NULL AND EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted
           AND objid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
FROM retrainings ORDER BY id DESC LIMIT %s
"""


def trainings(database: Database, limit: int = 10) -> list[Training]:
    """The newest trainings, the newest first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_TRAININGS, (TRAINING_LOCK, limit))
        return [Training(*row) for row in cursor.fetchall()]
