"""The approved labels that no training has used yet: how many there are, and how many of them can be used."""

from __future__ import annotations

from typing import NamedTuple

from storage.database import Database
from storage.labels import LABEL


class Unused(NamedTuple):
    """Approved labels that are new to training.

    `duplicates` of them are the same picture with the same label again; of the others, `held_out` are never trained on.
    """

    approved: int
    duplicates: int
    held_out: int

    @property
    def to_train_on(self) -> int:
        """Those that are neither."""
        return self.approved - self.duplicates - self.held_out


# A picture counts once with its label, as labels.candidates() has it: the first one, unless it has been used before.
_UNUSED = f"""
WITH unused AS (
    SELECT id, sha256(image) AS picture, {LABEL} AS label, held_out FROM predictions
    WHERE review = 'approved' AND trained_into IS NULL AND judged IS NULL AND (%s OR NOT not_a_digit)
), distinct_labels AS (
    SELECT DISTINCT ON (picture, label) held_out FROM unused u
    WHERE NOT EXISTS (
        SELECT 1 FROM predictions p
        WHERE sha256(p.image) = u.picture AND {LABEL} = u.label AND p.review IN ('approved', 'pending')
              AND coalesce(p.trained_into, p.judged) IS NOT NULL
    )
    ORDER BY picture, label, id
)
SELECT (SELECT count(*) FROM unused), (SELECT count(*) FROM unused) - count(*), count(*) FILTER (WHERE held_out)
FROM distinct_labels
"""  # noqa: S608 - all of it stands here


def count_unused(database: Database, non_digits: bool = True) -> Unused:
    """Count them, "not a digit" among them or left out. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_UNUSED, (non_digits,))
        return Unused(*(cursor.fetchone() or (0, 0, 0)))
