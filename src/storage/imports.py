"""What an import of a data set asks of the database: its own id, and which drawings it has already."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from storage.database import Database


def installation(database: Database) -> UUID:
    """The database's own id, which nobody outside knows. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute("SELECT id FROM installation")
        (found,) = cursor.fetchone() or (None,)
    if not isinstance(found, UUID):
        raise LookupError("The database has no id.")
    return found


def known(database: Database, drawing_ids: Sequence[UUID]) -> set[UUID]:
    """Those drawings that have a row, whatever has become of it. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute("SELECT drawing_id FROM predictions WHERE drawing_id = ANY(%s::uuid[])", (list(drawing_ids),))
        return {drawing_id for (drawing_id,) in cursor.fetchall()}
