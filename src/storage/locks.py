"""Advisory locks that a process holds for as long as it lives: whether one is held, as SQL."""

from __future__ import annotations


def held(lock: int) -> str:
    """An SQL condition: whether any connection to this database holds the advisory lock of that number."""
    return (
        "EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "  # noqa: S608 - a number of ours
        f"AND objid = {lock} AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
