"""Where the new approved labels go on their way into a training: every one that is not trained on has its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

from feedback.screening import Screening
from learning.card import LabelAccount
from storage.labels import Label
from storage.unused_labels import Unused


def account_for(unused: Unused, found: Sequence[Label], screened: Screening) -> LabelAccount:
    """Account for the `unused` labels, of which `found` were compared, and `screened` has what became of those.

    Labels that came between the two counts are accounted for as they were found.
    """
    new = {each.drawing_id: each for each in found if not each.used}
    kept = [each for each in screened.approved if not each.used]
    was_approved = sum(each.review == "approved" for each in new.values())
    dropped = sum(_approved(new, each.drawing_id) for each in screened.dropped)
    held_out = [each for each in kept if each.held_out]
    return LabelAccount(
        approved=max(unused.approved, was_approved + unused.duplicates),
        corroborated=sum(each.review == "pending" for each in kept),
        duplicates=unused.duplicates,
        beyond_quota=max(0, unused.approved - unused.duplicates - was_approved),
        dropped=dropped,
        held_out=len(held_out),
        held_out_contradicted=sum(each.drawing_id in screened.contradicted for each in held_out),
        trained=len(kept) - len(held_out),
    )


def digest(labels: Sequence[Label]) -> str:
    """The sha-256, in hex, of drawings and their labels: two trainings with the same one learned from the same."""
    lines = sorted(f"{each.drawing_id} {each.label}" for each in labels)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _approved(new: dict[UUID, Label], drawing_id: UUID) -> bool:
    label = new.get(drawing_id)
    return label is not None and label.review == "approved"
