"""Advisory locks that a process holds for as long as it works, or lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
import psycopg2.extensions

from storage.database import Database


@contextmanager
def only_one(database: Database, lock: int) -> Iterator[psycopg2.extensions.cursor | None]:
    """A cursor in autocommit mode for whoever gets the advisory lock of that number; None for all others.

    The lock is held by a connection of its own: it is released at the end, or with the process, however that ends.

    Raises what Database.connection() does.
    """
    with database.connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (lock,))
        if cursor.fetchone() != (True,):
            yield None
            return
        yield cursor
        with suppress(psycopg2.Error):  # a connection that is gone holds no lock
            # The server notices a closed connection only a moment later, and would call the work still running.
            cursor.execute("SELECT pg_advisory_unlock(%s)", (lock,))


def held(lock: int) -> str:
    """An SQL condition: whether any connection to this database holds the advisory lock of that number."""
    return (
        "EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "  # noqa: S608 - a number of ours
        f"AND objid = {lock} AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
