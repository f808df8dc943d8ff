"""What an import asks: the database's own id, and what is there already."""

from __future__ import annotations

from uuid import uuid4

from logger import log_prediction
from storage import imports
from storage.database import Database
from storage.writer import Writer
from support.rows import row


def test_the_id_stays_and_what_is_there_is_known(database: Database, writer: Writer) -> None:
    assert imports.installation(database) == imports.installation(database)
    there, other = row(), uuid4()
    log_prediction(writer, there).result(10)
    assert imports.known(database, [there.drawing_id, other]) == {there.drawing_id}
    assert imports.known(database, []) == set()
