"""Decisions on labels, each remembered so that it can be undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import streamlit as st

from app_pages.administration import act
from storage import review
from storage.database import Database

MAX_UNDO = 50  # actions that can be undone
DIGITS = range(10)


class Done(NamedTuple):
    """An action that can be undone: its id in the database, and what it did."""

    action: UUID
    what: str


def decide(database: Database, ids: Sequence[UUID], verdict: str | int) -> None:
    """Approve drawings ("approved"), reject them ("rejected") or give them another label (0-9)."""
    if not ids or st.session_state.get("decided") == (ids, verdict):
        return  # a second click or key before the page had changed
    st.session_state.decided = ids, verdict
    work: Callable[[], UUID] = {
        "approved": lambda: review.approve(database, ids),
        "rejected": lambda: review.reject(database, ids),
    }.get(str(verdict), lambda: review.relabel(database, ids, int(verdict)))
    many = "1 label" if len(ids) == 1 else f"{len(ids)} labels"
    said = f"{many} {verdict}" if isinstance(verdict, str) else f"{many} changed to {verdict}"
    action = act(work, f"{said}.")
    if action is not None:
        st.session_state.past = [*st.session_state.get("past", []), Done(action, said)][-MAX_UNDO:]


def _undo(database: Database) -> None:
    past: list[Done] = st.session_state.get("past", [])
    if not past:
        return
    last = past[-1]
    st.session_state.pop("decided", None)  # what was undone may be done again at once
    count = act(lambda: review.undo(database, last.action), lambda count: _undone(last, count))
    if count is not None:
        st.session_state.past = past[:-1]


def _undone(last: Done, count: int) -> str:
    return f"Undone: {last.what}." if count else "It has changed since, so it was left as it is."


def undo_button(database: Database) -> None:
    """Undo the last action, then the one before it; two quick presses undo two."""
    past: list[Done] = st.session_state.get("past", [])
    hint = f"Undo: {past[-1].what}" if past else "There is nothing to undo"
    st.button(
        "Undo",
        key="undo",
        icon=":material/undo:",
        shortcut="U",
        help=hint,
        disabled=not past,
        on_click=_undo,
        args=(database,),
    )


def relabel_pills(key: str, database: Database, ids: Sequence[UUID]) -> None:
    """The ten digits; one click gives these drawings that label."""
    st.pills(
        "They are really a …" if len(ids) > 1 else "It is really a …",
        DIGITS,
        key=key,
        on_change=_relabel,
        args=(key, database, ids),
    )


def _relabel(key: str, database: Database, ids: Sequence[UUID]) -> None:
    digit = st.session_state[key]
    st.session_state[key] = None  # ready for the next click
    if digit is not None:
        decide(database, ids, digit)
