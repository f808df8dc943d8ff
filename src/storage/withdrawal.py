"""Taking a label back: whoever tapped on the wrong digit a moment ago has said nothing, and the trace says so."""

from __future__ import annotations

from concurrent.futures import Future
from uuid import UUID

from storage.labels import LABEL
from storage.spool import Entry
from storage.statements import Statement
from storage.writer import Writer, Written

# What an administrator has decided stays. Labels that the wrong one has cast doubt on stay in the review: that nobody
# contradicts them any more is for a person to see.
_WITHDRAW = f"""
WITH before AS (
    SELECT drawing_id, {LABEL} AS label, review, reviewer, review_reason FROM predictions
    WHERE drawing_id = %(drawing_id)s AND visitor = %(visitor)s AND labelled_at IS NOT NULL AND reviewer <> 'admin'
    FOR UPDATE
), changed AS (
    UPDATE predictions p SET true_label = NULL, not_a_digit = false, labelled_at = NULL, trained_into = NULL,
        judged = NULL, review = 'unlabelled', review_reason = '', suspicion = 0
    FROM before b WHERE p.drawing_id = b.drawing_id
), traced AS (
    INSERT INTO label_events
        (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason)
    SELECT drawing_id, %(visitor)s, label, NULL, review, 'unlabelled', reviewer, review_reason, '' FROM before
)
SELECT count(*)::int FROM before
"""  # noqa: S608 - all of it stands here


def statements() -> dict[str, Statement]:
    """The statement that the writer knows by name."""
    return {"withdraw": Statement(_WITHDRAW, returns=True)}


def withdraw(writer: Writer, drawing_id: UUID, visitor: str) -> Future[Written]:
    """Take the label of a visitor's own drawing back; the row says how many (0 or 1) had one to take back."""
    return writer.submit(Entry("withdraw", {"drawing_id": drawing_id, "visitor": visitor}))
