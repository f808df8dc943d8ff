"""Deleting a drawing, with all that is known of it, and bringing it back while its visitor's page still has its row."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from psycopg2.extras import Json

from storage.database import Database, DatabaseAway
from storage.statements import Statement
from storage.writer import NotWritten, Written

# The trace of its labels goes with the row, by the foreign key; this statement still sees it.
_REMOVE = """
WITH gone AS (DELETE FROM predictions WHERE drawing_id = %(drawing_id)s AND visitor = %(visitor)s RETURNING *)
SELECT count(*)::int, (jsonb_agg(jsonb_build_object('row', to_jsonb(gone), 'events', (
    SELECT coalesce(jsonb_agg(to_jsonb(e)), '[]') FROM label_events e WHERE e.drawing_id = gone.drawing_id))) -> 0)
FROM gone
"""

# With the ids of before: the list shows it where it stood. A drawing that is there again meanwhile stays as it is.
_BRING_BACK = """
WITH back AS (
    INSERT INTO predictions OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(NULL::predictions, %(removed)s::jsonb -> 'row')).* ON CONFLICT DO NOTHING RETURNING 1
), traced AS (
    INSERT INTO label_events OVERRIDING SYSTEM VALUE
    SELECT event.* FROM back, jsonb_populate_recordset(NULL::label_events, %(removed)s::jsonb -> 'events') event
)
SELECT count(*)::int FROM back
"""


REMOVE = Statement(_REMOVE, returns=True)
"""What the writer knows as "remove": how many (0 or 1) there were, and the row and trace that bring_back() needs."""


def bring_back(database: Database, removed: dict[str, Any]) -> Future[Written]:
    """Insert a drawing as it was removed; the row says how many (0 where it is there again) came back.

    The future is done, and raises NotWritten while the database is unavailable: this does not wait in the spool, where
    a row older than the tables would hold up the rest.
    """
    back: Future[Written] = Future()
    try:
        with database.transaction() as cursor:
            cursor.execute(_BRING_BACK, {"removed": Json(removed)})
            row = cursor.fetchone()
    except DatabaseAway as error:
        back.set_exception(NotWritten(str(error)))
    else:
        back.set_result(Written(spooled=False, row=row))
    return back
