"""What "Undo" in the toast does to what was saved: a label that was given, changed or taken away with its drawing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any
from uuid import UUID

from app_pages.challenge import current_challenge
from app_pages.pad import current_pad, read_anew
from gateway.visitors import current_client, current_visitor
from serving.app_state import get_app_state
from storage.removal import bring_back
from storage.withdrawal import withdraw
from storage.writer import Written
from web.labelling import Said, give_label
from web.saving import NotSaved, outcome

Undo = Callable[[], None]


def unlabel(drawing_id: UUID, then: Undo) -> Undo:
    """Take the label of a drawing back, and `then` show the drawing where it was labelled."""

    def undo() -> None:
        state, visitor = get_app_state(), current_visitor()
        written = state.hands.relearned(withdraw(state.writer, drawing_id, visitor), visitor)
        missing = "An administrator has decided on this answer: it stays."
        if _done(undo, written, "your answer is taken back.", "Taken back.", missing):
            if challenge := current_challenge():
                challenge.taken_back(drawing_id)
            then()

    return undo


def relabel(drawing_id: UUID, label: int, then: Undo = lambda: None) -> Undo:
    """Give a drawing the label again that it had, and `then` show it where it was labelled."""

    def undo() -> None:
        visitor = current_visitor()
        said = Said(drawing_id, label, visitor, owner=visitor)
        written = give_label(get_app_state(), said, current_client(), visitor)
        if _done(undo, written, "your change is taken back.", "Taken back."):
            then()

    return undo


def undelete(removed: dict[str, Any], then: Undo) -> Undo:
    """Bring a drawing back as it was `removed`, and `then` show it where it was."""

    def undo() -> None:
        state, visitor = get_app_state(), current_visitor()
        written = state.hands.relearned(bring_back(state.database, removed), visitor)
        missing = "This drawing is there again already."
        if _done(undo, written, "your drawing is back.", "Your drawing is back.", missing):
            then()

    return undo


def _done(undo: Undo, written: Future[Written], what: str, done: str, missing: str = "") -> bool:
    """Say how it went, and where it went wrong, that it can be tried again."""
    try:
        current_pad().say(outcome(written, what, done, missing))
    except NotSaved as error:
        current_pad().say(str(error), undo)
        return False
    read_anew()
    return True
