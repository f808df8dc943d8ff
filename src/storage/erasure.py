"""Deleting everything that is kept of a visitor: drawings with strokes, labels and their traces, and their hand."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

from storage.spool import Entry
from storage.statements import Cursor, Statement
from storage.writer import Writer, Written

AT_ONCE = 1_000  # drawings that one statement deletes, in some 0.1 s: more than nearly everybody has

# The traces of labels go with their drawings, by the foreign key.
_ERASE = f"""
WITH first AS MATERIALIZED (
    SELECT id FROM predictions WHERE visitor = %(visitor)s ORDER BY id LIMIT {AT_ONCE}
), rest AS (
    INSERT INTO erasures AS known (visitor, up_to)
    SELECT visitor, id FROM (
        SELECT visitor, id FROM predictions WHERE visitor = %(visitor)s ORDER BY id DESC LIMIT 1
    ) AS last WHERE id > (SELECT max(id) FROM first)
    ON CONFLICT (visitor) DO UPDATE SET up_to = greatest(known.up_to, excluded.up_to)
    RETURNING 1
), unlearned AS (
    DELETE FROM hands WHERE visitor = %(visitor)s
), gone AS (
    DELETE FROM predictions WHERE id IN (SELECT id FROM first) RETURNING 1
)
SELECT 1, (SELECT count(*)::int FROM gone), EXISTS (SELECT 1 FROM rest)
"""  # noqa: S608 - the number stands above

_ERASE_REST = f"""
WITH gone AS (
    DELETE FROM predictions WHERE id IN (
        SELECT id FROM predictions WHERE visitor = %(visitor)s AND id <= %(up_to)s ORDER BY id LIMIT {AT_ONCE // 2}
    ) RETURNING 1
)
SELECT count(*)::int FROM gone
"""  # noqa: S608 - as above


def statements() -> dict[str, Statement]:
    """The statement that the writer knows by name."""
    return {"erase": Statement(_ERASE, returns=True, erases="visitor")}


def erase(writer: Writer, visitor: str) -> Future[Written]:
    """Delete all that is kept of a visitor up to now, in the database and in what still waits for it in the spool.

    The row: 1, how many drawings have gone at once, and whether there are more, which erase_rest() deletes.
    """
    return writer.submit(Entry("erase", {"visitor": visitor}))


def erase_rest(cursor: Cursor) -> Iterator[int]:
    """Delete what erasures have left to do; yields the size of each batch. As retention.expire() otherwise."""
    cursor.execute("SELECT visitor, up_to FROM erasures ORDER BY at")
    for visitor, up_to in cursor.fetchall():
        given = {"visitor": visitor, "up_to": up_to}
        while True:
            cursor.execute(_ERASE_REST, given)
            (count,) = cursor.fetchone() or (0,)
            if not count:
                break
            yield count
        cursor.execute("DELETE FROM erasures WHERE visitor = %(visitor)s AND up_to = %(up_to)s", given)
