"""The tallies, counted again from the rows: whether they are equal, and how to make them so.

Drawings whose rows were deleted for their age are in the tallies alone; each tally knows how many of its drawings these
are. The comparison is one statement, so it holds at one moment, however much is being written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.database import Database

LOCK = "hashtext('digit_reader.tallies')"
"""The advisory lock of whoever changes the tallies, as in sql/010_tallies.sql."""

KEYS = {
    "tallies": ("step", "start", "model", "version", "source", "predicted", "personal", "label"),
    "distributions": ("step", "start", "model", "version", "source", "measure", "outcome", "slot"),
}


@dataclass(frozen=True)
class Difference:
    """A tally that is not what the rows say: its table, its key, and by how many drawings the table is short."""

    table: str
    key: tuple[Any, ...]
    missing: int


def _short(table: str) -> str:
    """Every key of a table whose drawings with a row are not as many as the rows, and how many are missing."""
    keys = ", ".join(KEYS[table])
    return f"""
    SELECT {keys}, sum(missing)::bigint AS missing FROM (
        SELECT {keys}, drawings AS missing FROM countable_{table} WHERE origin = 'row'
        UNION ALL
        SELECT {keys}, expired - drawings FROM current_{table}
    ) AS both_counts
    GROUP BY {keys} HAVING sum(missing) <> 0
    """  # noqa: S608 - the names stand above


def differences(database: Database) -> list[Difference]:
    """All tallies that are not what the rows say. Looks at every row, without keeping anybody waiting.

    Raises DatabaseAway.
    """
    found = []
    for table, keys in KEYS.items():
        with database.long_transaction() as cursor:
            cursor.execute(_short(table))
            found += [Difference(table, row[: len(keys)], row[-1]) for row in cursor.fetchall()]
    return found


def repair(database: Database) -> int:
    """Add what is missing to the tallies; returns how many there were. Writers wait meanwhile. Raises DatabaseAway."""
    repaired = 0
    with database.long_transaction() as cursor:
        cursor.execute("LOCK TABLE predictions IN SHARE MODE")
        cursor.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        for table, keys in KEYS.items():
            key = ", ".join(keys)
            cursor.execute(f"""
                INSERT INTO {table} AS known ({key}, drawings, expired)
                SELECT {key}, missing, 0 FROM ({_short(table)}) AS short
                ON CONFLICT ({key}) DO UPDATE SET drawings = known.drawings + excluded.drawings
            """)  # noqa: S608 - as above
            repaired += cursor.rowcount
    return repaired
