"""The Review page: look at a drawing, then approve, relabel or reject its label, by click or by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from app_pages.administration import database_unavailable, signed_in
from app_pages.review_decisions import LABELS, Ledger, carry_out, orders_of
from app_pages.review_desk import message, show_desk
from app_pages.review_words import SHORT_REASONS, filter_words, label_words
from app_pages.style import show_stylesheet
from gateway.admins import get_admins
from gateway.visitors import current_admin
from learning.classes import DIGITS
from serving.app_state import get_app_state
from storage import labels, review
from storage.database import Database, DatabaseAway
from storage.insights import SOURCES
from storage.labels import WAITING_REASONS, Counts
from storage.review import Filters, ReviewItem

T = TypeVar("T")

PAGE = 24  # drawings
STATES = {"pending": "Waiting", "approved": "Approved", "rejected": "Rejected"}


def page() -> None:
    """The whole page: counts, filters, the desk with the labels, the pages of the queue, and the export.

    What comes and goes has a container of its own: a desk that moves is a new one, and forgets what was selected.
    """
    st.set_page_config(layout="wide")
    if not signed_in("Review"):
        return
    show_stylesheet("review")
    database, ledger = get_app_state().database, _ledger()
    with st.container(key="notice"):
        if ledger.trouble:
            st.error(ledger.trouble, icon=":material/error:")
    try:
        counts = labels.counts(database)
        with st.container(key="choice"):
            tally(counts)
            filters = choose_filters()
        waiting = queue(database, filters)
    except DatabaseAway:
        database_unavailable(database)
        return
    st.session_state.people = {str(label.drawing_id): label.person for label in waiting}
    show_desk(waiting, ledger, nothing(filters), filters.person, lambda: _take_orders(database), _only_one_person)
    pages(len(waiting))


def tally(counts: Counts) -> None:
    """How many labels stand where."""
    parts = {
        "wait for review": counts.pending,
        "approved, for the next training": counts.unused,
        "used for training or validation": counts.used,
        "rejected": counts.rejected,
    }
    cells = "".join(f"<span><b>{count:,}</b>{what}</span>" for what, count in parts.items())
    st.html(f'<div class="tally" data-testid="counts">{cells}</div>')


# --- The orders from the desk -----------------------------------------------------------------------------------------


def _ledger() -> Ledger:
    ledger: Ledger = st.session_state.setdefault("ledger", Ledger())
    return ledger


def _take_orders(database: Database) -> None:
    """Carry out what the desk has sent, if the session is still valid; otherwise the page asks for the password.

    The session's state is read first and not touched after that: wherever it is touched, Streamlit may end this call in
    favour of the next message, and a decision that was written would not be remembered.
    """
    ledger, orders = _ledger(), orders_of(message("orders"))
    if get_admins().admits(current_admin()):
        carry_out(ledger, database, orders)


# --- Which labels are shown -------------------------------------------------------------------------------------------


def choose_filters() -> Filters:
    """The filters; a change goes back to the first page."""
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        standing = st.segmented_control(
            "Labels",
            list(STATES),
            format_func=STATES.__getitem__,
            default="pending",
            required=True,
            key="state",
            on_change=_first_page,
            label_visibility="collapsed",
        )
        with st.popover("Filter", icon=":material/filter_alt:"):
            reason = _choice("Reason", WAITING_REASONS, SHORT_REASONS.__getitem__)
            said = _choice("Said to be", LABELS, label_words)
            read = _choice("Read as", range(DIGITS))
            source = _choice("Source", SOURCES)
        filters = Filters(standing, reason, said, read, source, st.session_state.get("person"))
        if words := filter_words(filters):
            st.button(f"Only {words}: show all", key="show-all", icon=":material/close:", on_click=_show_all)
    return filters


def _choice(label: str, options: Sequence[T], shown: Callable[[T], str] = str) -> T | None:
    """A list to choose from. Cleared ones are new ones: a list in a closed popover would keep what was chosen."""
    key = f"{label}-{st.session_state.get('cleared', 0)}"
    chosen: T | None = st.selectbox(
        label, options, index=None, placeholder="any", format_func=shown, key=key, on_change=_first_page
    )
    return chosen


def _first_page() -> None:
    st.session_state.offset = 0


def _show_all() -> None:
    st.session_state.cleared = st.session_state.get("cleared", 0) + 1
    st.session_state.person = None
    _first_page()


def _only_one_person() -> None:
    st.session_state.person = st.session_state.people.get(message("person"))
    _first_page()


def queue(database: Database, filters: Filters) -> list[ReviewItem]:
    """The current page of the queue; the last one where the queue has become shorter."""
    total = review.queue_length(database, filters)
    offset = min(st.session_state.get("offset", 0), max(0, (total - 1) // PAGE * PAGE))
    st.session_state.offset, st.session_state.total = offset, total
    return review.queue(database, filters, PAGE, offset)


def nothing(filters: Filters) -> str:
    """What the page says when the queue is empty."""
    if filters == Filters():
        return "Nothing is waiting. Labels that the app doubts come here; all others are approved automatically."
    return "No label fits these filters."


def pages(count: int) -> None:
    """The position of this page in the queue, and the buttons to its neighbours; nothing where there is one page."""
    offset, total = st.session_state.offset, st.session_state.total
    if total <= PAGE:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="pages"):
        back, on = (offset - PAGE,), (offset + PAGE,)
        st.button("Previous page", icon=":material/chevron_left:", disabled=not offset, on_click=_turn, args=back)
        st.markdown(f"{offset + 1}–{offset + count} of {total:,}", width="content")
        last = offset + count >= total
        st.button("Next page", icon=":material/chevron_right:", disabled=last, on_click=_turn, args=on)


def _turn(offset: int) -> None:
    st.session_state.offset = max(0, offset)


page()
