"""What stands in for the database and the writer refuses everything with the same sentence, and makes no file."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

import logger
from storage.database import DatabaseAway
from storage.nothing_kept import NOTHING_KEPT, NoDatabase, NoWriter
from storage.writer import NotWritten


def test_the_database_is_away_for_good_and_never_starting() -> None:
    database = NoDatabase()
    database.open()
    assert (database.away, database.starting) == (NOTHING_KEPT, False)
    for use in (database.ping, database.connection().__enter__, database.at_once().__enter__):
        with pytest.raises(DatabaseAway, match=NOTHING_KEPT):
            use()
    database.close()
    assert database.away == NOTHING_KEPT


def test_the_writer_refuses_and_spools_nothing(elsewhere: Path) -> None:
    writer = NoWriter()
    writer.open()
    with pytest.raises(NotWritten, match=NOTHING_KEPT):
        logger.log_label(writer, uuid4(), 7, "api").result(0)
    assert (writer.spooled, writer.trouble, writer.spool.set_aside_count, writer.spool.damaged_files) == (
        0,
        None,
        0,
        [],
    )
    writer.close()
    assert list(elsewhere.iterdir()) == []
