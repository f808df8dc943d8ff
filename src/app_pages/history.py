"""The History page: all drawings as a wall of pictures, newest or most doubtful first, one's own or everybody's.

A visitor sees what they have drawn, an administrator what anybody has. A run of the script asks the database once, for
the pictures that are shown and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Literal, TypeVar

import streamlit as st

from app_pages.administration import database_unavailable
from app_pages.exporting import export_links
from app_pages.history_dialog import show_drawing_alone
from app_pages.history_wall import pressed, show_wall
from app_pages.history_words import DAY, OUTCOMES, SOURCES, selection_words, version_words
from app_pages.pad import current_pad
from app_pages.review_words import label_words
from app_pages.style import show_stylesheet
from gateway.admins import get_admins
from gateway.visitors import current_admin, current_visitor
from learning.classes import DIGITS, NOT_A_DIGIT
from serving.app_state import AppState, get_app_state
from storage.database import Database, DatabaseAway
from storage.history import FIRST, Cursor, HistoryPage, Order, history, versions_served
from storage.insights import SOURCES as WAYS_IN
from storage.nothing_kept import NOTHING_KEPT
from storage.selection import Outcome, Selection

T = TypeVar("T")

FIELD = 136  # CSS pixels of a list in the popover, of which two fit beside each other on a phone
ORDERS = {Order.NEWEST: "Newest", Order.DOUBTFUL: "Most doubtful"}
TURNS = {Order.NEWEST: ("Newer", "Older"), Order.DOUBTFUL: ("More doubtful", "Less doubtful")}


def page() -> None:
    """The whole page: what is shown in which order, the wall, and the way to the pages beside it."""
    st.set_page_config(layout="wide")
    show_stylesheet("administration")
    show_stylesheet("history")
    state, everybody = get_app_state(), get_admins().admits(current_admin())
    st.title("History", anchor=False)
    if state.settings.read_only:
        st.info(NOTHING_KEPT, icon=":material/info:")
        return
    try:
        with st.container(key="choice"):
            st.caption("What everybody has drawn." if everybody else "What you have drawn in this browser.")
            selection, order = choose(state.database, None if everybody else current_visitor())
        found = history(state.database, selection, order, _place(selection, order))
    except DatabaseAway:
        database_unavailable(state.database)
        return
    show_outcome()
    if found.drawings:
        show_wall(found.drawings, _open)
        turns(found, order)
        if everybody and selection.outcome != Outcome.UNLABELLED:
            export_links(selection)
    else:
        nothing(selection)
    show_opened(state, found)


# --- Which drawings are shown -----------------------------------------------------------------------------------------


def choose(database: Database, visitor: str | None) -> tuple[Selection, Order]:
    """The filters and the order, in one row."""
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        order = st.segmented_control(
            "Order",
            list(ORDERS),
            format_func=ORDERS.__getitem__,
            default=Order.NEWEST,
            required=True,
            key="history-order",
            label_visibility="collapsed",
        )
        with st.popover("Filter", icon=":material/filter_alt:"):
            selection = _filters(database, visitor)
        if words := selection_words(selection):
            st.button(f"Only {words}: show all", key="show-all", icon=":material/close:", on_click=_show_all)
    return selection, order


def _filters(database: Database, visitor: str | None) -> Selection:
    """What is in the popover, two lists in a row."""
    with st.container(horizontal=True, gap="small", key="fields"):
        read_as = _choice("Read as", range(DIGITS))
        label = _choice("Label", [*range(DIGITS), NOT_A_DIGIT], label_words)
        outcome = _choice("Right or wrong", list(OUTCOMES), OUTCOMES.__getitem__)
        source = _choice("Source", WAYS_IN, SOURCES.__getitem__)
        first = st.date_input("From", None, key=_key("first"), format="YYYY-MM-DD", width=FIELD)
        last = st.date_input("Until", None, key=_key("last"), format="YYYY-MM-DD", width=FIELD)
    model, version = _choice("Model", _versions(database), version_words, "stretch") or (None, None)
    least, most = st.slider("Confidence in percent", 0, 100, (0, 100), key=_key("confidence"))
    limited = (least, most) != (0, 100)
    return Selection(
        visitor=visitor,
        read_as=read_as,
        label=label,
        outcome=outcome,
        least_confidence=least / 100 if limited else None,
        most_confidence=most / 100 if limited else None,
        source=source,
        model=model,
        version=version,
        since=_midnight(first) if first else None,
        until=_midnight(last) + DAY if last else None,
    )


def _choice(
    label: str, options: Sequence[T], shown: Callable[[T], str] = str, width: int | Literal["stretch"] = FIELD
) -> T | None:
    chosen: T | None = st.selectbox(
        label, options, index=None, placeholder="any", format_func=shown, key=_key(label), width=width
    )
    return chosen


def _key(name: str) -> str:
    """A filter's key. Cleared filters are new ones: one in a closed popover would keep what was chosen."""
    return f"history-{name}-{st.session_state.get('history_cleared', 0)}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@st.cache_data(ttl=60, show_spinner=False)
def _versions(_database: Database) -> list[tuple[str, int]]:
    """The versions that can be chosen: a new one serves for a minute before it is among them."""
    return versions_served(_database)


def _show_all() -> None:
    st.session_state.history_cleared = st.session_state.get("history_cleared", 0) + 1


def nothing(selection: Selection) -> None:
    """What stands in the place of an empty wall."""
    if words := selection_words(selection):
        st.info(f"Nothing matches: {words}. Take a filter away to see more.", icon=":material/filter_alt_off:")
        return
    whose = "Nobody has drawn anything yet" if selection.visitor is None else "You have not drawn anything yet"
    st.info(f"{whose}: draw something first, and find it here.", icon=":material/draw:")
    st.page_link("draw.py", label="Draw a digit", icon=":material/draw:", width="content")


# --- The pages --------------------------------------------------------------------------------------------------------


def _place(selection: Selection, order: Order) -> Cursor:
    """Where the page that is shown begins; at the start wherever something else was chosen."""
    chosen, at = st.session_state.get("history_place", (None, FIRST))
    if chosen != (selection, order):
        at = FIRST
        _heard()
    st.session_state.history_place = (selection, order), at
    place: Cursor = at
    return place


def turns(found: HistoryPage, order: Order) -> None:
    """The way to the pages beside this one; where there is none, how many drawings there are."""
    with st.container(horizontal=True, vertical_alignment="center", key="pages"):
        if found.back or found.on:
            back, on = TURNS[order]
            st.button(back, icon=":material/chevron_left:", disabled=not found.back, on_click=_turn, args=(found.back,))
            st.button(on, icon=":material/chevron_right:", disabled=not found.on, on_click=_turn, args=(found.on,))
        else:
            count = len(found.drawings)
            st.caption(f"{count} drawings." if count != 1 else "One drawing.")


def _turn(to: Cursor) -> None:
    chosen, _ = st.session_state.history_place
    st.session_state.history_place = chosen, to
    _heard()


# --- One drawing ------------------------------------------------------------------------------------------------------


def _open() -> None:
    st.session_state.history_opened = pressed()
    _heard()


def _heard() -> None:
    """What was said until now is not said again."""
    said = current_pad().said
    st.session_state.history_heard = said["number"] if said else 0


def show_opened(state: AppState, found: HistoryPage) -> None:
    """The dialog about the drawing that was pressed, if one was."""
    opened = st.session_state.pop("history_opened", None)
    for drawing in found.drawings:
        if str(drawing.drawing_id) == opened:
            show_drawing_alone(state, drawing, own=drawing.visitor == current_visitor())


def show_outcome() -> None:
    """What has become of a change to the drawing that was opened last, and the way to undo it."""
    pad = current_pad()
    if not pad.said or pad.said["number"] <= st.session_state.history_heard:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="outcome"):
        st.markdown(pad.said["text"], width="content")
        if pad.said["undo"]:
            st.button("Undo", icon=":material/undo:", on_click=pad.undo_said, args=(pad.said["number"],))


page()
