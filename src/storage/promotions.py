"""The promotions, as rows: which version served when, what it replaced, and who wanted it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from storage.database import Database


class Promotion(NamedTuple):
    """A version that began to serve. `replaced` is None for the first; `who` is admin, gate or app."""

    version: int
    replaced: int | None
    at: datetime
    kind: str
    who: str


_PROMOTIONS = "SELECT version, replaced, at, kind, who FROM promotions WHERE model = %s ORDER BY id DESC"


def promotions(database: Database, model: str) -> list[Promotion]:
    """Every promotion of a model's versions, the newest first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_PROMOTIONS, (model,))
        return [Promotion(*row) for row in cursor.fetchall()]


def active_versions(database: Database) -> dict[str, int]:
    """The version of each model that serves. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute("SELECT model, version FROM model_versions WHERE status = 'active' ORDER BY model")
        return dict(cursor.fetchall())


def rollback_target(found: list[Promotion], version: int) -> int | None:
    """The version that model_store.roll_back() returns to from `version`: the one it replaced when it was promoted.

    A rollback to it does not count, or it would lead forward again.
    """
    made = (each.replaced for each in found if each.version == version and each.kind != "rollback")
    return next(made, None)
