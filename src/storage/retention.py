"""Deleting drawings for their age: those without a label, which teach nothing. The tallies keep counting them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from storage.selection import OUTCOME, PERCENT, Outcome
from storage.statements import Cursor

BATCH = 500  # drawings in one transaction: its locks are held for some 20 ms

# The index of the History page's filter has the unlabelled ones of each percent in the order of their age, so that
# deleting needs none of its own, which every insert would have to keep up. A drawing that is just being labelled is
# locked: it is passed over. The setting tells the tallies why these rows go (sql/010_tallies.sql).
_EXPIRE = f"""
SET LOCAL enable_bitmapscan = off;
SET LOCAL digit_reader.expiring = 'on';
WITH old AS (
    SELECT id FROM predictions
    WHERE {OUTCOME} = '{Outcome.UNLABELLED}' AND {PERCENT} = %(percent)s
          AND created_at < %(before)s AND (created_at, id) > (%(after)s, %(after_id)s)
    ORDER BY created_at, id LIMIT {BATCH} FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM predictions p USING old WHERE p.id = old.id RETURNING p.created_at, p.id
)
SELECT created_at, id, count(*) OVER ()::int FROM gone ORDER BY created_at DESC, id DESC LIMIT 1
"""  # noqa: S608 - the names are those of storage.selection


def expire(cursor: Cursor, days: int) -> Iterator[int]:
    """Delete the unlabelled drawings that are older than `days` days; yields the size of each batch.

    Each execute() of the cursor must be a transaction of its own, as of a connection in autocommit mode. Raises
    psycopg2.Error; what was yielded is committed.
    """
    cursor.execute("SELECT now() - make_interval(days => %s)", (days,))
    (before,) = cursor.fetchone() or (None,)
    for percent in range(101):
        # Each batch begins where the last one ended, and not at the entries of an index that lead to deleted rows.
        after: tuple[str | datetime, int] = ("-infinity", 0)
        count = BATCH
        while count == BATCH:
            given = {"percent": percent, "before": before, "after": after[0], "after_id": after[1]}
            cursor.execute(_EXPIRE, given)
            *last, count = cursor.fetchone() or (*after, 0)
            after = (last[0], last[1])
            if count:
                yield count
