"""The Review page: look at a drawing, then approve, relabel or reject its label, by click or by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import streamlit as st

from app_pages.administration import database_unavailable, signed_in
from app_pages.pictures import picture, show_drawing
from app_pages.review_decisions import DIGITS, decide, relabel_pills, undo_button
from app_pages.review_words import SHORT_REASONS, alt, brief, name, story
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
    """The whole page: counts, filters, the current drawing with its keys, and the others below it."""
    st.set_page_config(layout="wide")
    if not signed_in("Review"):
        return
    database = get_app_state().database
    try:
        tally(labels.counts(database))
        filters = choose_filters()
        waiting = queue(database, filters)
    except DatabaseAway:
        database_unavailable(database)
        return
    if waiting:
        current = current_of(waiting)
        desk(database, waiting, current)
        batch(database, waiting)
        cards(database, [each for each in waiting if each is not current])
    else:
        nothing(database, filters)
    st.session_state.pop("decided", None)


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


# --- Which labels are shown -------------------------------------------------------------------------------------------


def choose_filters() -> Filters:
    """The filters; a change goes back to the first page."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        standing = st.segmented_control(
            "Labels",
            list(STATES),
            format_func=STATES.__getitem__,
            default="pending",
            required=True,
            key="state",
            on_change=_first_page,
        )
        reason = _choice("Reason", WAITING_REASONS, 220, SHORT_REASONS.__getitem__)
        said = _choice("Said to be", DIGITS, 110)
        read = _choice("Read as", DIGITS, 110)
        source = _choice("Source", SOURCES, 130)
    person = st.session_state.get("person")
    if person is not None:
        st.button(
            f"Only labels of {name(person)}: show everybody's",
            icon=":material/close:",
            on_click=_only,
            args=(None,),
        )
    return Filters(standing, reason, said, read, source, person)


def _choice(label: str, options: Sequence[T], width: int, shown: Callable[[T], str] = str) -> T | None:
    chosen: T | None = st.selectbox(
        label, options, index=None, placeholder="any", format_func=shown, width=width, key=label, on_change=_first_page
    )
    return chosen


def _first_page() -> None:
    st.session_state.offset = 0


def _only(person: str | None) -> None:
    st.session_state.person = person
    _first_page()


def queue(database: Database, filters: Filters) -> list[ReviewItem]:
    """The current page of the queue; the last one where the queue has become shorter."""
    total = review.queue_length(database, filters)
    offset = min(st.session_state.get("offset", 0), max(0, (total - 1) // PAGE * PAGE))
    st.session_state.offset, st.session_state.total = offset, total
    return review.queue(database, filters, PAGE, offset)


def nothing(database: Database, filters: Filters) -> None:
    """What the page says when the queue is empty."""
    if st.session_state.get("past"):
        undo_button(database)
    if filters == Filters():
        st.success(
            "Nothing is waiting. Labels that the app doubts come here; all others are approved automatically.",
            icon=":material/celebration:",
        )
    else:
        st.info("No label fits these filters.", icon=":material/filter_alt_off:")


# --- The current drawing ----------------------------------------------------------------------------------------------


def current_of(waiting: list[ReviewItem]) -> ReviewItem:
    """The drawing that the keys act on: the one that was opened, while it is there, otherwise the first."""
    wanted = st.session_state.get("current")
    return next((each for each in waiting if each.drawing_id == wanted), waiting[0])


def desk(database: Database, waiting: list[ReviewItem], current: ReviewItem) -> None:
    """The current drawing with all that is known of it, and the actions on it."""
    with st.container(border=True, horizontal=True, key="desk"):
        st.html(picture(current.image, alt(current), "large"), width="content")
        with st.container(width="stretch", key="facts"):
            st.html(f'<div class="story">{story(current)}</div>')
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key="verdicts"):
                verdicts(database, waiting, current)
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="digits"):
                st.markdown("It is really a", width="content")
                for digit in DIGITS:
                    st.button(
                        str(digit),
                        key=f"digit-{current.drawing_id}-{digit}",
                        shortcut=str(digit),
                        help=f"It is a {digit}: click, or press {digit}",
                        on_click=decide,
                        args=(database, (current.drawing_id,), digit),
                    )


def verdicts(database: Database, waiting: list[ReviewItem], current: ReviewItem) -> None:
    """The buttons for the current drawing. They carry its id, so that a late key cannot hit the next one."""
    key = str(current.drawing_id)
    _verdict(database, current, "Approve", "approved", shortcut="A", type="primary", icon=":material/check:")
    # R would be its key, but Streamlit reserves that one.
    _verdict(database, current, "Reject", "rejected", shortcut="X", icon=":material/block:")
    following = waiting[(waiting.index(current) + 1) % len(waiting)]
    st.button(
        "Next",
        key=f"next-{key}",
        icon=":material/skip_next:",
        shortcut="N",
        on_click=_open,
        args=(following.drawing_id,),
        disabled=following is current,
    )
    undo_button(database)
    st.checkbox("Select", key=_box(current.drawing_id))
    st.button(
        "This person's labels",
        key=f"person-{key}",
        icon=":material/person_search:",
        on_click=_only,
        args=(current.person,),
        disabled=st.session_state.get("person") == current.person,
    )


def _verdict(database: Database, label: ReviewItem, text: str, verdict: str, **looks: Any) -> None:
    """A button that approves or rejects one label; disabled where an administrator has done so already."""
    st.button(
        text,
        key=f"{text.lower()}-{label.drawing_id}",
        on_click=decide,
        args=(database, (label.drawing_id,), verdict),
        disabled=(label.review, label.reviewer) == (verdict, "admin"),
        **looks,
    )


def _open(drawing_id: UUID) -> None:
    st.session_state.current = drawing_id


# --- The other drawings: one by one, or many at once ------------------------------------------------------------------


def batch(database: Database, waiting: list[ReviewItem]) -> None:
    """Actions on all selected labels, and the pages of the queue."""
    shown = tuple(each.drawing_id for each in waiting)
    chosen = tuple(drawing_id for drawing_id in shown if st.session_state.get(_box(drawing_id)))
    none, count = not chosen, len(chosen)
    with st.container(horizontal=True, vertical_alignment="center", key="several"):
        every = f"Select all {len(shown)} shown" if count < len(shown) else "Select none"
        st.button(every, key="all", icon=":material/select_all:", on_click=_select, args=(shown, count < len(shown)))
        for text, verdict, icon in (("Approve", "approved", "check"), ("Reject", "rejected", "block")):
            key, symbol = f"{text.lower()}-all", f":material/{icon}:"
            arguments = (database, chosen, verdict)
            st.button(f"{text} {count}", key=key, icon=symbol, disabled=none, on_click=decide, args=arguments)
        with st.popover(f"Relabel {count}", icon=":material/edit:", disabled=none):
            relabel_pills("relabel-all", database, chosen)
        pages(len(waiting))


def _box(drawing_id: UUID) -> str:
    return f"select-{drawing_id}"


def _select(drawing_ids: Sequence[UUID], chosen: bool) -> None:
    for drawing_id in drawing_ids:
        st.session_state[_box(drawing_id)] = chosen


def pages(count: int) -> None:
    """The position of this page in the queue, and the buttons to its neighbours."""
    offset, total = st.session_state.offset, st.session_state.total
    st.button(
        "Previous page", icon=":material/chevron_left:", disabled=not offset, on_click=_turn, args=(offset - PAGE,)
    )
    st.markdown(f"{offset + 1}–{offset + count} of {total:,}", width="content")
    st.button(
        "Next page",
        icon=":material/chevron_right:",
        disabled=offset + count >= total,
        on_click=_turn,
        args=(offset + PAGE,),
    )


def _turn(offset: int) -> None:
    st.session_state.offset = max(0, offset)


def cards(database: Database, waiting: list[ReviewItem]) -> None:
    """The other drawings of this page, the most suspicious first."""
    with st.container(horizontal=True, key="cards"):
        for label in waiting:
            with st.container(border=True, width=252, gap="small", key=f"card-{label.drawing_id}"):
                card(database, label)


def card(database: Database, label: ReviewItem) -> None:
    """One drawing: select it, decide on it, or open it above."""
    key = str(label.drawing_id)
    show_drawing(label.image, alt(label), brief(label))
    with st.container(horizontal=True, gap="xsmall"):
        _verdict(database, label, "Approve", "approved")
        _verdict(database, label, "Reject", "rejected")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.checkbox("Select", key=_box(label.drawing_id), label_visibility="collapsed")
        with st.popover("Relabel"):
            relabel_pills(f"relabel-{key}", database, (label.drawing_id,))
        st.button("Open", key=f"open-{key}", on_click=_open, args=(label.drawing_id,))


page()
