"""The versions of the models, in PostgreSQL: weights, checksum and card, promoted and rolled back in one transaction.

Weights are opaque bytes here: learning.weights checks them when they are loaded. Every change of what serves is
announced to all replicas when it is committed, and not before.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg2
import psycopg2.extensions

from learning.card import CardError, ModelCard
from learning.weights import ModelMissing, Weights, checksum
from storage.announcements import listen
from storage.database import Database
from storage.labels import LABEL

CHANNEL = "model_versions"
"""Where a change of what serves is announced."""

VERSIONS_LOCK = 20_260_729  # any constant will do, as long as every replica uses the same

Cursor = psycopg2.extensions.cursor


class NoSuchVersion(LookupError):
    """There is no version of that number, or none to go back to."""


@dataclass(frozen=True)
class Version:
    """What is known of a version, its weights left out."""

    model: str
    version: int
    created_at: datetime
    sha256: str
    card: ModelCard | None
    """None where the stored card is damaged: such a version never serves."""
    parent: int | None
    status: str
    reason: str
    """What the gate said of it."""
    size_bytes: int
    flaw: str = ""
    """What is wrong with a damaged card."""


class UsedLabel(NamedTuple):
    """A label that a training used, as it was then: one that has changed since is not marked as used."""

    drawing_id: UUID
    label: int


@dataclass(frozen=True)
class Candidate:
    """A trained version on its way into the store."""

    model: str
    data: bytes
    card: ModelCard
    parent: int
    trained: Sequence[UsedLabel]
    held_out: Sequence[UsedLabel]


# --- What there is ----------------------------------------------------------------------------------------------------

_VERSIONS = """
SELECT model, version, created_at, sha256, metrics::text, parent, status, reason, octet_length(weights)
FROM model_versions WHERE %(model)s IN (model, '') ORDER BY model, version DESC
"""


def versions(database: Database, model: str = "") -> list[Version]:
    """Every version of a model, or of all, the newest first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_VERSIONS, {"model": model})
        return [_version(*row) for row in cursor.fetchall()]


def _version(model: str, version: int, created_at: datetime, sha256: str, metrics: str, *rest: Any) -> Version:
    card, flaw = None, ""
    try:
        card = ModelCard.from_text(metrics)
    except CardError as error:
        flaw = str(error)
    return replace(Version(model, version, created_at, sha256, card, *rest), flaw=flaw)


def load(database: Database, model: str, version: int) -> Weights:
    """A version's weights as they are stored, unchecked, with their checksum and card.

    Raises NoSuchVersion, ModelMissing where the card is damaged, and DatabaseAway.
    """
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT weights, sha256, metrics::text FROM model_versions WHERE model = %s AND version = %s",
            (model, version),
        )
        row = cursor.fetchone()
    if row is None:
        raise NoSuchVersion(f"There is no version {version} of {model}.")
    data, sha256, metrics = row
    try:
        return Weights(model, version, data, sha256, ModelCard.from_text(metrics))
    except CardError as error:
        raise ModelMissing(f"Version {version} of {model} has a damaged card. {error}") from error


# The active version, then those that served before it, the latest first: what to fall back on.
_SERVING = """
SELECT v.model, v.version, v.sha256 FROM model_versions v
LEFT JOIN (SELECT model, version, max(id) AS latest FROM promotions GROUP BY model, version) p USING (model, version)
WHERE v.status = 'active' OR (v.status = 'retired' AND p.latest IS NOT NULL)
ORDER BY v.status = 'active' DESC, p.latest DESC NULLS LAST
"""


def serving(database: Database) -> dict[str, list[tuple[int, str]]]:
    """For each model, (version, sha256) of the active version, then of those to fall back on. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_SERVING)
        found: dict[str, list[tuple[int, str]]] = {}
        for model, version, sha256 in cursor.fetchall():
            found.setdefault(model, []).append((version, sha256))
    return found


def active(database: Database, model: str) -> int:
    """The version of a model that serves. Raises NoSuchVersion, DatabaseAway."""
    with database.transaction() as cursor:
        version = _active(cursor, model)
    if version is not None:
        return version
    raise NoSuchVersion(f"No version of {model} is active: start the app once, so that it stores its own.")


def anchor(database: Database, model: str) -> int:
    """The version that an administrator let serve last, or else the shipped one that was served last.

    The gate compares with it as well as with the active version, so that its tolerances do not add up over versions
    that nobody has looked at. Raises NoSuchVersion, DatabaseAway.
    """
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT version FROM promotions WHERE model = %s AND (kind = 'shipped' OR who = 'admin') "
            "ORDER BY id DESC LIMIT 1",
            (model,),
        )
        row = cursor.fetchone()
    if row is None:
        raise NoSuchVersion(f"No version of {model} was ever active: start the app once, so that it stores its own.")
    return int(row[0])


# --- What changes it: one transaction each, one at a time -------------------------------------------------------------


def register_shipped(database: Database, shipped: Weights) -> int:
    """Store the project's own weights unless they are there; returns their version's number. Raises DatabaseAway.

    The first are version 1 and serve. Those of a later release of the project serve at once where nothing was learned
    meanwhile; otherwise they wait for an administrator to promote them.
    """
    model = shipped.model
    with _changing(database) as cursor:
        cursor.execute(
            "SELECT version FROM model_versions WHERE model = %s AND sha256 = %s", (model, checksum(shipped.data))
        )
        if known := cursor.fetchone():
            return int(known[0])
        before = _active(cursor, model)
        version = _insert(cursor, model, shipped.data, shipped.card, None, "candidate", "The project's own weights.")
        if before is None or _parent(cursor, model, before) is None:
            _serve(cursor, model, version, before, "shipped", "app")
    return version


def save(database: Database, candidate: Candidate, promote: bool, reason: str) -> tuple[int, str]:
    """Store a candidate, mark the labels it used, and let it serve if the gate says so: all of it or nothing.

    Returns its version's number and status: `active` or `rejected`, or `candidate` where it passed but its parent no
    longer serves, so that the gate has compared it with the wrong version. Raises DatabaseAway.
    """
    with _changing(database) as cursor:
        before = _active(cursor, candidate.model)
        status = "candidate" if promote else "rejected"
        version = _insert(cursor, candidate.model, candidate.data, candidate.card, candidate.parent, status, reason)
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
    """Let the version that the active one replaced serve again; returns its number.

    Raises NoSuchVersion, DatabaseAway.
    """
    with _changing(database) as cursor:
        before = _active(cursor, model)
        # Its promotion, not a rollback to it, which would lead forward again.
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
    """A transaction that excludes every other change of versions."""
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
    cursor: Cursor, model: str, data: bytes, card: ModelCard, parent: int | None, status: str, reason: str
) -> int:
    """Raises ModelMissing for a card that would be refused when it is read."""
    try:
        metrics = json.dumps(card.to_json())
        ModelCard.from_text(metrics)
    except CardError as error:
        raise ModelMissing(f"A version of {model} was not stored. {error}") from error
    cursor.execute(
        "INSERT INTO model_versions (model, version, weights, sha256, metrics, parent, status, reason) "
        "SELECT %(model)s, coalesce(max(version), 0) + 1, %(weights)s, %(sha256)s, %(metrics)s, %(parent)s, "
        "%(status)s, %(reason)s FROM model_versions WHERE model = %(model)s RETURNING version",
        {
            "model": model,
            "weights": data,
            "sha256": checksum(data),
            "metrics": metrics,
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
        cursor.execute(
            "UPDATE model_versions SET status = 'retired' WHERE model = %s AND version = %s", (model, before)
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


def _mark(cursor: Cursor, column: str, version: int, used: Sequence[UsedLabel]) -> None:
    """Write the version beside the labels that are still what they were when they were used."""
    cursor.execute(
        f"UPDATE predictions p SET {column} = %s "  # noqa: S608 - the column is one of the two above
        "FROM unnest(%s::uuid[], %s::smallint[]) AS used (drawing_id, label) "
        f"WHERE p.drawing_id = used.drawing_id AND {LABEL} = used.label AND p.{column} IS NULL",
        (version, [each.drawing_id for each in used], [each.label for each in used]),
    )


# --- Hearing of changes -----------------------------------------------------------------------------------------------


def changes(database: Database, every: float = 1.0) -> Generator[list[str]]:
    """Yield the models whose versions have changed, as announcements.listen does. Raises DatabaseAway."""
    return listen(database, CHANNEL, every)
