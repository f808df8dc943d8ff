"""What a visitor has said of drawings of their own, with the pictures that it was said of."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from storage.database import Database
from storage.labels import LABEL


class Said(NamedTuple):
    """A label, 0-9 or NOT_A_DIGIT, and the PNG of the frame that has it."""

    label: int
    image: bytes


_SAID = f"""
SELECT drawing_id, {LABEL}, image FROM predictions
WHERE drawing_id = ANY(%s::uuid[]) AND visitor = %s AND labelled_at IS NOT NULL
"""  # noqa: S608 - all of it stands here


def labels_of(database: Database, drawing_ids: Collection[UUID], visitor: str) -> dict[UUID, Said]:
    """What the visitor has said of those of these drawings that are theirs; nothing of the others.

    What is still in the spool is not known. Raises DatabaseAway.
    """
    with database.transaction() as cursor:
        cursor.execute(_SAID, (list(drawing_ids), visitor))
        return {drawing_id: Said(label, bytes(image)) for drawing_id, label, image in cursor.fetchall()}
