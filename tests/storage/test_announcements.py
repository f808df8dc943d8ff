"""Announcements reach whoever listens, with what they say, and a broken connection is noticed."""

from __future__ import annotations

from itertools import islice

import pytest

from storage.announcements import listen
from storage.database import Database, DatabaseAway


def announce(database: Database, *payloads: str) -> None:
    with database.transaction() as cursor:
        for payload in payloads:
            cursor.execute("SELECT pg_notify('a_channel', %s)", (payload,))


def test_what_is_announced_is_heard_and_silence_is_an_empty_list(database: Database) -> None:
    heard = listen(database, "a_channel", every=0.2)
    announce(database, "too early")
    assert next(heard) == []
    announce(database, "one", "two")
    assert next(heard) == ["one", "two"]
    assert next(heard) == []
    heard.close()


def test_a_broken_connection_ends_it(database: Database) -> None:
    heard = listen(database, "a_channel", every=5)
    next(heard)
    with database.transaction() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN a_channel%'")
    with pytest.raises(DatabaseAway):
        list(islice(heard, 3))
