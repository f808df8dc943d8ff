"""What is kept of a visitor, in words."""

from __future__ import annotations

from storage.own_data import Summary
from storage.writer import Written


def kept_how_long(days: int | None) -> str:
    """How long drawings are kept, in one sentence; `days` are those without a label, None for ever."""
    if days is None:
        return "Drawings are kept until you delete them."
    after = "after a day" if days == 1 else f"after {days:,} days"
    return f"A drawing without a label is deleted {after}; what you label stays, since this app learns from it."


def facts(kept: Summary) -> dict[str, str]:
    """How much is kept, each with its name."""
    if kept.nothing:
        return {"kept of you": "nothing"}
    oldest = f", the oldest of {kept.since:%d %B %Y}" if kept.since and not kept.more else ""
    more = "more than " if kept.more else ""
    of_them = f" of the newest {kept.drawings:,}" if kept.more else ""
    told = {
        "drawings": f"{more}{kept.drawings:,}{oldest}",
        "with the pen's strokes": f"{kept.with_strokes:,}{of_them}",
        "with your label": f"{kept.labelled:,}{of_them}",
        "changes of labels": f"{kept.changes:,}",
    }
    return told | _hand(kept)


def _hand(kept: Summary) -> dict[str, str]:
    if kept.adapts is None:
        return {}
    until = f"; those up to {kept.forgotten_at:%d %B %Y} do not" if kept.adapts and kept.forgotten_at else ""
    return {"your hand": ("your labels change your answers" if kept.adapts else "your labels change nothing") + until}


def erased(written: Written | None) -> str:
    """What has become of an erasure; None while it is still on its way."""
    if written is None or written.spooled or written.row is None:
        return "All of it will be deleted as soon as the database is back."
    _, count, more = written.row
    if more:
        return f"{count:,} drawings are deleted, and the others will be within minutes."
    return "Everything of yours is deleted." if count else "Nothing of yours was left to delete."
