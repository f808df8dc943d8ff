"""Why a version serves or not, in a sentence that is true now: the gate's reason, and what has happened since."""

from __future__ import annotations

import re
from collections.abc import Sequence

from storage.model_store import Version
from storage.promotions import Promotion

_BEGAN = {
    ("promotion", "gate"): "promoted by the gate",
    ("promotion", "admin"): "promoted by an administrator",
    ("rollback", "admin"): "an administrator rolled back to it",
    ("shipped", "app"): "it came with the app",
}


def standing(version: Version, changes: Sequence[Promotion]) -> str:
    """Where a version stands; `changes` are its model's promotions, the newest first."""
    if version.status == "candidate":
        return "It waits for an administrator to promote it."
    if version.status == "rejected":
        return "The gate refused it."
    if version.status == "active":
        began = next((each for each in changes if each.version == version.version), None)
        return (
            f"It has served since {_when(began)}: {_BEGAN.get((began.kind, began.who), began.kind)}." if began else ""
        )
    ended = next((each for each in changes if each.replaced == version.version), None)
    if ended is None:
        return ""
    how = "Rolled back, to" if ended.kind == "rollback" else "Replaced by"
    return f"{how} version {ended.version}, {_when(ended)}."


def _when(change: Promotion) -> str:
    return f"{change.at:%d %B %Y, %H:%M} UTC"


def first_sentence(reason: str) -> str:
    """The first sentence of a reason; the whole of it is shown with the version's details."""
    sentence, *more = re.split(r"(?<=\.) (?=[A-Z])", reason)
    return f"{sentence} (and {len(more)} more)" if more else sentence
