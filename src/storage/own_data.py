"""What is kept of a visitor, for that visitor: how much it is, and all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from storage.database import Database

COUNTED = 10_000  # drawings that a summary looks at: more are "more than"
BATCH = 500  # drawings of one query
FIRST = 2**63 - 1  # above every id


@dataclass(frozen=True)
class Summary:
    """How much is kept of a visitor; of the newest COUNTED drawings, where there are `more`.

    `changes` are those of labels. `adapts` says whether their own labels change their answers, None where they have
    not said so; labels up to `forgotten_at` do not.
    """

    drawings: int
    labelled: int
    with_strokes: int
    changes: int
    since: datetime | None
    more: bool
    adapts: bool | None = None
    forgotten_at: datetime | None = None

    @property
    def nothing(self) -> bool:
        """Whether nothing at all is kept."""
        return not self.drawings and self.adapts is None


_SUMMARY = """
SELECT count(*)::int, count(labelled_at)::int, count(strokes)::int, coalesce(sum(changes), 0)::int, min(created_at)
FROM (
    SELECT created_at, labelled_at, strokes,
           (SELECT count(*) FROM label_events e WHERE e.drawing_id = p.drawing_id) AS changes
    FROM predictions p WHERE visitor = %s ORDER BY id DESC LIMIT %s
) AS own
"""


def summary(database: Database, visitor: str) -> Summary:
    """How much is kept of a visitor. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_SUMMARY, (visitor, COUNTED + 1))
        drawings, labelled, with_strokes, changes, since = cursor.fetchone() or (0, 0, 0, 0, None)
        cursor.execute("SELECT enabled, forgotten_at FROM hands WHERE visitor = %s", (visitor,))
        hand = cursor.fetchone() or (None, None)
    more = drawings > COUNTED
    return Summary(min(drawings, COUNTED), labelled, with_strokes, changes, since, more, *hand)


class OwnDrawing(NamedTuple):
    """A drawing with its PNG, every column of its row but the picture, and every change of its label.

    Left out is the order of arrival among everybody's.
    """

    number: int
    drawing_id: UUID
    image: bytes
    row: dict[str, Any]
    changes: list[dict[str, Any]]


# By the tables' own columns, so that a column that is added is given out too.
_DRAWINGS = """
SELECT id, drawing_id, image, to_jsonb(p) - '{id,image}'::text[],
       (SELECT coalesce(jsonb_agg(to_jsonb(e) - '{id,drawing_id,action}'::text[] ORDER BY e.id), '[]')
        FROM label_events e WHERE e.drawing_id = p.drawing_id)
FROM predictions p WHERE visitor = %s AND id < %s ORDER BY id DESC LIMIT %s
"""


def drawings(database: Database, visitor: str, most: int) -> Iterator[list[OwnDrawing]]:
    """A visitor's newest drawings, at most `most`, the newest first and in batches. Raises DatabaseAway.

    Each batch is a query of its own: nothing is held between two of them, however slowly they are taken.
    """
    below = FIRST
    while most > 0:
        with database.transaction() as cursor:
            cursor.execute(_DRAWINGS, (visitor, below, min(BATCH, most)))
            batch = [OwnDrawing(*row) for row in cursor.fetchall()]
        if not batch:
            return
        yield batch
        below, most = batch[-1].number, most - len(batch)
