"""Hearing what other processes announce, on a connection of its own: a busy pool must not delay an announcement."""

from __future__ import annotations

import select
from collections.abc import Generator
from contextlib import suppress

import psycopg2

from storage.database import Database, DatabaseAway


def listen(database: Database, channel: str, every: float = 1.0) -> Generator[list[str]]:
    """Yield what is announced on a channel, at once, and an empty list after `every` seconds without anything.

    The first list comes as soon as announcements are heard, and is empty: what was announced before is unknown. Raises
    DatabaseAway.
    """
    with suppress(psycopg2.Error), database.connection() as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {channel}")
        while True:
            heard = [each.payload for each in connection.notifies]
            connection.notifies.clear()
            yield heard
            select.select([connection], [], [], every)
            connection.poll()
    raise DatabaseAway("The connection on which changes are announced broke.")
