"""The review: labels that wait for a person, and what administrators decide. Every decision can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from storage.database import Database
from storage.labels import LABEL, set_label


@dataclass(frozen=True)
class Filters:
    """Which labels the review shows; None is any. A label is 0-9 or NOT_A_DIGIT."""

    review: str = "pending"
    reason: str | None = None
    label: int | None = None
    predicted_digit: int | None = None
    source: str | None = None
    person: str | None = None


@dataclass(frozen=True)
class ReviewItem:
    """A label in review, 0-9 or NOT_A_DIGIT, and what everybody's model read.

    `suspicion` (0-1) is how much speaks against it; `person` who drew, "" where unknown.
    """

    drawing_id: UUID
    created_at: datetime
    labelled_at: datetime
    predicted_digit: int
    confidence: float
    true_label: int
    review: str
    reason: str
    reviewer: str
    suspicion: float
    source: str
    person: str
    model: str
    model_version: int
    image: bytes


_MATCHING = f"""
WHERE labelled_at IS NOT NULL AND review = %(review)s AND (%(reason)s::text IS NULL OR review_reason = %(reason)s)
      AND (%(label)s::int IS NULL OR {LABEL} = %(label)s)
      AND (%(predicted_digit)s::int IS NULL OR coalesce(shared_digit, predicted_digit) = %(predicted_digit)s)
      AND (%(source)s::text IS NULL OR source = %(source)s)
      AND (%(person)s::text IS NULL OR coalesce(visitor, '') = %(person)s)
"""
_QUEUE = f"""
SELECT drawing_id, created_at, labelled_at, coalesce(shared_digit, predicted_digit),
       coalesce(shared_probabilities[shared_digit + 1], confidence), {LABEL}, review, review_reason, reviewer,
       suspicion, source, coalesce(visitor, ''), model, model_version, image
FROM predictions {_MATCHING} ORDER BY suspicion DESC, id LIMIT %(limit)s OFFSET %(offset)s
"""  # noqa: S608 - as above


NO_FILTERS = Filters()


def queue(database: Database, filters: Filters = NO_FILTERS, limit: int = 60, offset: int = 0) -> list[ReviewItem]:
    """A page of the labels in review, the most suspicious first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_QUEUE, vars(filters) | {"limit": limit, "offset": offset})
        return [ReviewItem(*row) for row in cursor.fetchall()]


def queue_length(database: Database, filters: Filters = NO_FILTERS) -> int:
    """How many labels queue() would go through in all. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(f"SELECT count(*)::int FROM predictions {_MATCHING}", vars(filters))  # noqa: S608
        (count,) = cursor.fetchone() or (0,)
    return int(count)


# Every decision of a person, on one drawing or on many, is one statement and one action, which can be undone.
_REVIEW = f"""
WITH before AS (
    SELECT drawing_id, {LABEL} AS old_label, coalesce(%(label)s, {LABEL}) AS new_label, review, reviewer, review_reason
    FROM predictions WHERE drawing_id = ANY(%(ids)s::uuid[]) AND labelled_at IS NOT NULL ORDER BY id FOR UPDATE
), changed AS (
    UPDATE predictions p SET
        review = %(review)s, reviewer = 'admin', review_reason = '', {set_label("b.new_label")},
        trained_into = CASE WHEN b.new_label = b.old_label THEN p.trained_into END,
        judged = CASE WHEN b.new_label = b.old_label THEN p.judged END
    FROM before b WHERE p.drawing_id = b.drawing_id RETURNING p.drawing_id
)
INSERT INTO label_events
    (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason, action)
SELECT drawing_id, 'admin', old_label, new_label, review, %(review)s, reviewer, review_reason, '', %(action)s
FROM before JOIN changed USING (drawing_id)
"""  # noqa: S608 - as above

_UNDO = f"""
WITH done AS (
    SELECT DISTINCT ON (drawing_id) * FROM label_events WHERE action = %(action)s ORDER BY drawing_id, id
), changed AS (
    UPDATE predictions p SET
        review = d.old_review, reviewer = d.old_reviewer, review_reason = d.old_reason,
        {set_label("d.old_label")}
    FROM done d WHERE p.drawing_id = d.drawing_id AND p.review = d.new_review AND {LABEL} = d.new_label
                      AND p.reviewer = 'admin'
    RETURNING p.drawing_id
), traced AS (
    INSERT INTO label_events
        (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason)
    SELECT drawing_id, 'admin', new_label, old_label, new_review, old_review, 'admin', '', 'undone'
    FROM done JOIN changed USING (drawing_id)
)
SELECT count(*)::int FROM changed
"""  # noqa: S608 - as above


def approve(database: Database, drawing_ids: Sequence[UUID]) -> UUID:
    """Approve labels for training; returns the action's id, for undo(). Raises DatabaseAway."""
    return _review(database, drawing_ids, "approved", None)


def reject(database: Database, drawing_ids: Sequence[UUID]) -> UUID:
    """Reject labels, so that they are never trained on; returns the action's id, for undo(). Raises DatabaseAway."""
    return _review(database, drawing_ids, "rejected", None)


def relabel(database: Database, drawing_ids: Sequence[UUID], label: int) -> UUID:
    """Give drawings another label (0-9 or NOT_A_DIGIT), and approve it; returns the action's id, for undo().

    Raises DatabaseAway.
    """
    return _review(database, drawing_ids, "approved", label)


def _review(database: Database, drawing_ids: Sequence[UUID], review: str, label: int | None) -> UUID:
    action = uuid4()
    with database.transaction() as cursor:
        cursor.execute(_REVIEW, {"ids": list(drawing_ids), "review": review, "label": label, "action": action})
    return action


def undo(database: Database, action: UUID) -> int:
    """Take an action back; on how many drawings. One that no longer is as the action left it stays as it is.

    Raises DatabaseAway.
    """
    with database.transaction() as cursor:
        cursor.execute(_UNDO, {"action": action})
        (count,) = cursor.fetchone() or (0,)
    return int(count)
