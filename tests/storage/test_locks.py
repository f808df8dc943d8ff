"""Advisory locks: one holder at a time, and free at once for the next, however the work ended."""

from __future__ import annotations

import pytest

from storage.database import Database
from storage.locks import held, only_one
from support.running_app import wait_until

LOCK = 4711


def _is_held(database: Database) -> bool:
    with database.transaction() as cursor:
        cursor.execute(f"SELECT {held(LOCK)}")
        (answer,) = cursor.fetchone() or (False,)
    return bool(answer)


def test_one_holds_a_lock_and_all_others_are_told_so(database: Database) -> None:
    with only_one(database, LOCK) as cursor:
        assert cursor is not None
        assert _is_held(database)
        with only_one(database, LOCK) as other:
            assert other is None
        with only_one(database, LOCK + 1) as another:
            assert another is not None
        assert _is_held(database), "whoever did not get it does not release it"


def test_a_lock_is_released_before_its_connection_is_closed(database: Database) -> None:
    """The server would take a moment to notice that, and call the work still running."""
    for _ in range(50):
        with only_one(database, LOCK) as cursor:
            assert cursor is not None, "the one before has let it go"
        assert not _is_held(database)


def test_a_lock_ends_with_work_that_fails(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), only_one(database, LOCK):
        raise ZeroDivisionError
    wait_until(lambda: not _is_held(database), what="the lock let go")


def test_a_lock_whose_connection_was_lost_is_no_error(database: Database) -> None:
    with only_one(database, LOCK) as cursor:
        assert cursor is not None
        cursor.connection.close()
    wait_until(lambda: not _is_held(database), what="the lock let go")
