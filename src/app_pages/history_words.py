"""What the History page says about a drawing, and about what its filters leave."""

from __future__ import annotations

from datetime import timedelta

from learning.classes import NOT_A_DIGIT, in_words
from learning.registry import display_name
from percentages import certainty, percent, unbroken
from storage.history import PastDrawing
from storage.selection import Outcome, Selection

DAY = timedelta(days=1)
OUTCOMES = {Outcome.WRONG: "read wrong", Outcome.RIGHT: "read right", Outcome.UNLABELLED: "without a label"}
REVIEWS = {
    "unlabelled": "nobody has said what it is",
    "pending": "waits for review",
    "approved": "approved for training",
    "rejected": "rejected in review",
}
SOURCES = {
    "canvas": "drawn here",
    "upload": "uploaded",
    "camera": "photographed",
    "api": "sent to the API",
    "import": "imported",
}


def version_words(version: tuple[str, int]) -> str:
    """A model's version as a list names it."""
    model, number = version
    return f"{display_name(model)}, version {number}"


def alt(drawing: PastDrawing) -> str:
    """The picture's alternative text."""
    said = "" if drawing.label is None else f", labelled as {in_words(drawing.label)}"
    return f"A drawing, read as {drawing.read_as}, {percent(drawing.confidence)} sure{said}"


def caption(drawing: PastDrawing) -> str:
    """What stands below a picture: what was read, and what it was if that is something else."""
    if drawing.label is None:
        return str(drawing.read_as)
    if drawing.label == drawing.read_as:
        return f"{drawing.read_as} ✓"
    return f"{drawing.read_as}, {'no digit' if drawing.label == NOT_A_DIGIT else f'was {drawing.label}'}"


def facts(drawing: PastDrawing) -> dict[str, str]:
    """What the dialog says of a drawing, each with its name."""
    sure = unbroken(certainty(drawing.confidence))
    told = {"Read as": f"{drawing.read_as}, {sure} sure"}
    if drawing.own_digit is not None:
        told["Read for its own hand as"] = str(drawing.own_digit)
    if drawing.label is not None:
        told["Label"] = in_words(drawing.label)
    return told | {
        "Review": REVIEWS[drawing.review],
        "Looks like a digit": unbroken(percent(drawing.digit_score)),
        "Read by": version_words((drawing.model, drawing.version)),
        "When": f"{drawing.created_at:%d %B %Y, %H:%M} UTC",
        "Source": SOURCES[drawing.source],
    }


def selection_words(selection: Selection) -> str:
    """What the filters leave, in a few words; "" where they leave everything. Whose drawings they are is not said."""
    parts = (
        selection.read_as is not None and f"read as {selection.read_as}",
        selection.label is not None and f"labelled as {in_words(selection.label)}",
        selection.outcome and OUTCOMES[selection.outcome],
        _sure(selection),
        selection.source and SOURCES[selection.source],
        selection.model and selection.version and version_words((selection.model, selection.version)),
        selection.since and f"from {selection.since:%d %B %Y}",
        selection.until and f"until {selection.until - DAY:%d %B %Y}",
    )
    return ", ".join(str(part) for part in parts if part)


def _sure(selection: Selection) -> str:
    if selection.least_confidence is None or selection.most_confidence is None:
        return ""
    return unbroken(f"{selection.least_confidence * 100:.0f} to {selection.most_confidence * 100:.0f} % sure")
