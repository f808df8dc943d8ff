"""Labels that wait for a person: look at the drawing, then approve, relabel or reject, by click or by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from typing import NamedTuple, TypeVar
from uuid import UUID

import streamlit as st

from app_pages.administration import act, database_away, drawing, entered, percent, picture
from serving import app_state
from serving.app_state import Service
from storage import labels
from storage.database import DatabaseAway
from storage.insights import SOURCES
from storage.labels import Counts, Filters, Waiting

T = TypeVar("T")

PAGE = 24  # drawings
DIGITS = range(10)
UNDOABLE = 50  # actions that can be taken back
STATES = {"pending": "Waiting", "approved": "Approved", "rejected": "Rejected"}
REASONS = {
    labels.CONFLICT: "Two people, or two looks at the same picture, say different digits.",
    labels.UNLIKELY: "The model finds this label unlikely.",
    labels.CONTRADICTED: "Drawings that other people gave this label look different.",
    labels.CONTRARY: "This person mostly says something else than the model.",
    labels.FAST: "This person's labels came very fast.",
    labels.SIDED: "This person says nearly the same digit each time.",
    labels.DECIDED: "An administrator had decided on this drawing before it was labelled anew.",
    labels.ALL: "Every label waits for a person (FEEDBACK_REVIEW=all).",
    labels.CORROBORATED: "Drawings that other people gave this label look alike.",
}
SHORT = {
    labels.CONFLICT: "different labels",
    labels.UNLIKELY: "unlikely",
    labels.CONTRADICTED: "others look different",
    labels.CONTRARY: "person contradicts the model",
    labels.FAST: "very fast",
    labels.SIDED: "always the same digit",
    labels.DECIDED: "decided before",
    labels.ALL: "all are reviewed",
}


class Done(NamedTuple):
    """An action that can be taken back: its name in the database, and what it was."""

    action: UUID
    what: str


def page() -> None:
    """The whole page: counts, filters, the current drawing with its keys, and the others below it."""
    st.set_page_config(layout="wide")
    running = app_state.start()
    if not entered(running, "Review"):
        return
    try:
        tally(running.label_counts())
        filters = choose_filters()
        waiting = queue(running, filters)
    except DatabaseAway:
        database_away(running)
        return
    if waiting:
        current = current_of(waiting)
        desk(running, waiting, current)
        several(running, waiting)
        cards(running, [each for each in waiting if each is not current])
    else:
        nothing(running, filters)
    st.session_state.pop("decided", None)


def tally(counts: Counts) -> None:
    """How many labels stand where."""
    parts = {
        "wait for review": counts.pending,
        "approved, and new to the next training": counts.fresh,
        "have taught or judged": counts.used,
        "rejected": counts.rejected,
    }
    cells = "".join(f"<span><b>{count:,}</b>{what}</span>" for what, count in parts.items())
    st.html(f'<div class="tally" data-testid="counts">{cells}</div>')


# --- Which labels are shown -------------------------------------------------------------------------------------------


def choose_filters() -> Filters:
    """The filters, each of them any by itself; a change begins at the first page again."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        review = st.segmented_control(
            "Labels",
            list(STATES),
            format_func=STATES.__getitem__,
            default="pending",
            required=True,
            key="state",
            on_change=_first_page,
        )
        reason = _choice("Reason", labels.REASONS, 220, SHORT.__getitem__)
        said = _choice("Said to be", DIGITS, 110)
        read = _choice("Read as", DIGITS, 110)
        source = _choice("Source", SOURCES, 130)
    person = st.session_state.get("person")
    if person is not None:
        st.button(
            f"Labels of {_name(person)} alone: show everybody's",
            icon=":material/close:",
            on_click=_only,
            args=(None,),
        )
    return Filters(review, reason, said, read, source, person)


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


def queue(running: Service, filters: Filters) -> list[Waiting]:
    """The page of the queue that is to be seen; the last one, where labels have gone and it would be empty."""
    total = running.review_length(filters)
    offset = min(st.session_state.get("offset", 0), max(0, (total - 1) // PAGE * PAGE))
    st.session_state.offset, st.session_state.total = offset, total
    return running.review_queue(filters, PAGE, offset)


def nothing(running: Service, filters: Filters) -> None:
    """A kind word where there is nothing to do."""
    if st.session_state.get("past"):
        undo_button(running)
    if filters == Filters():
        st.success(
            "Nothing waits for you. Labels that the app doubts come here; the others teach by themselves.",
            icon=":material/celebration:",
        )
    else:
        st.info("No label fits these filters.", icon=":material/filter_alt_off:")


# --- The current drawing: one look, one key ---------------------------------------------------------------------------


def current_of(waiting: list[Waiting]) -> Waiting:
    """The drawing that the keys act on: the one that was opened, as long as it is there, and otherwise the first."""
    wanted = st.session_state.get("current")
    return next((each for each in waiting if each.drawing_id == wanted), waiting[0])


def desk(running: Service, waiting: list[Waiting], current: Waiting) -> None:
    """The current drawing with all that is known of it, and what can be done with it."""
    with st.container(border=True, horizontal=True, key="desk"):
        st.html(picture(current.image, _alt(current), "large"), width="content")
        with st.container(width="stretch", key="facts"):
            st.html(f'<div class="story">{_story(current)}</div>')
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key="verdicts"):
                verdicts(running, waiting, current)
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="digits"):
                st.markdown("It is really a", width="content")
                for digit in DIGITS:
                    st.button(
                        str(digit),
                        key=f"digit-{current.drawing_id}-{digit}",
                        shortcut=str(digit),
                        help=f"It is a {digit}: click, or press {digit}",
                        on_click=_decide,
                        args=(running, (current.drawing_id,), digit),
                    )


def verdicts(running: Service, waiting: list[Waiting], current: Waiting) -> None:
    """The buttons for the current drawing. They carry its id, so that a late key cannot hit the next one."""
    name, decide = str(current.drawing_id), partial(_decide, running, (current.drawing_id,))
    st.button(
        "Approve",
        key=f"approve-{name}",
        type="primary",
        icon=":material/check:",
        shortcut="A",
        on_click=decide,
        args=("approved",),
        disabled=_settled(current, "approved"),
    )
    st.button(
        "Reject",
        key=f"reject-{name}",
        icon=":material/block:",
        shortcut="X",  # R would be its key, but Streamlit keeps that one for itself
        on_click=decide,
        args=("rejected",),
        disabled=_settled(current, "rejected"),
    )
    following = waiting[(waiting.index(current) + 1) % len(waiting)]
    st.button(
        "Next",
        key=f"next-{name}",
        icon=":material/skip_next:",
        shortcut="N",
        on_click=_open,
        args=(following.drawing_id,),
        disabled=following is current,
    )
    undo_button(running)
    st.checkbox("Select", key=_box(current.drawing_id))
    st.button(
        "This person's labels",
        key=f"person-{name}",
        icon=":material/person_search:",
        on_click=_only,
        args=(current.person,),
        disabled=st.session_state.get("person") == current.person,
    )


def undo_button(running: Service) -> None:
    """Takes the last action back, and then the one before it; two quick presses take back two."""
    past: list[Done] = st.session_state.get("past", [])
    hint = f"Take back: {past[-1].what}" if past else "Nothing was done yet"
    st.button(
        "Undo",
        key="undo",
        icon=":material/undo:",
        shortcut="U",
        help=hint,
        disabled=not past,
        on_click=_undo,
        args=(running,),
    )


def _settled(label: Waiting, review: str) -> bool:
    return (label.review, label.reviewer) == (review, "admin")


def _open(drawing_id: UUID) -> None:
    st.session_state.current = drawing_id


def _decide(running: Service, ids: Sequence[UUID], verdict: str | int) -> None:
    """Approve drawings, reject them, or give them another label, and remember it for Undo."""
    if not ids or st.session_state.get("decided") == (ids, verdict):
        return  # a second click or key that came before the page had changed
    st.session_state.decided = ids, verdict
    work: Callable[[], UUID] = {
        "approved": lambda: running.approve(ids),
        "rejected": lambda: running.reject(ids),
    }.get(str(verdict), lambda: running.relabel(ids, int(verdict)))
    many = "1 label" if len(ids) == 1 else f"{len(ids)} labels"
    said = f"{many} {verdict}" if isinstance(verdict, str) else f"{many} changed to {verdict}"
    action = act(running, work, f"{said}.")
    if action is not None:
        st.session_state.past = [*st.session_state.get("past", []), Done(action, said)][-UNDOABLE:]


def _undo(running: Service) -> None:
    past: list[Done] = st.session_state.get("past", [])
    if not past:
        return
    last = past[-1]
    st.session_state.pop("decided", None)  # what is taken back may be done again at once
    count = act(running, lambda: running.undo_review(last.action), lambda count: _undone(last, count))
    if count is not None:
        st.session_state.past = past[:-1]


def _undone(last: Done, count: int) -> str:
    return f"Taken back: {last.what}." if count else "This has been changed since, so it was left as it is."


# --- The others: one click each, or many at once ----------------------------------------------------------------------


def several(running: Service, waiting: list[Waiting]) -> None:
    """What is done to all that are selected; and the pages of the queue."""
    shown = tuple(each.drawing_id for each in waiting)
    chosen = tuple(drawing_id for drawing_id in shown if st.session_state.get(_box(drawing_id)))
    decide, none, count = partial(_decide, running, chosen), not chosen, len(chosen)
    with st.container(horizontal=True, vertical_alignment="center", key="several"):
        every = f"Select all {len(shown)} shown" if count < len(shown) else "Select none"
        st.button(every, key="all", icon=":material/select_all:", on_click=_select, args=(shown, count < len(shown)))
        st.button(
            f"Approve {count}",
            key="approve-all",
            icon=":material/check:",
            disabled=none,
            on_click=decide,
            args=("approved",),
        )
        st.button(
            f"Reject {count}",
            key="reject-all",
            icon=":material/block:",
            disabled=none,
            on_click=decide,
            args=("rejected",),
        )
        with st.popover(f"Relabel {count}", icon=":material/edit:", disabled=none):
            relabel("relabel-all", running, chosen)
        pages(len(waiting))


def relabel(key: str, running: Service, ids: Sequence[UUID]) -> None:
    """The ten digits; one click gives these drawings that label."""
    st.pills(
        "They are really a …" if len(ids) > 1 else "It is really a …",
        DIGITS,
        key=key,
        on_change=_relabel,
        args=(key, running, ids),
    )


def _relabel(key: str, running: Service, ids: Sequence[UUID]) -> None:
    digit = st.session_state[key]
    st.session_state[key] = None  # ready for the next click
    if digit is not None:
        _decide(running, ids, digit)


def _box(drawing_id: UUID) -> str:
    return f"select-{drawing_id}"


def _select(drawing_ids: Sequence[UUID], chosen: bool) -> None:
    for drawing_id in drawing_ids:
        st.session_state[_box(drawing_id)] = chosen


def pages(count: int) -> None:
    """Where in the queue this page is, and the ways to its neighbours."""
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


def cards(running: Service, waiting: list[Waiting]) -> None:
    """The other drawings of this page, the most suspicious first."""
    with st.container(horizontal=True, key="cards"):
        for label in waiting:
            with st.container(border=True, width=252, gap="small", key=f"card-{label.drawing_id}"):
                card(running, label)


def card(running: Service, label: Waiting) -> None:
    """One drawing: select it, decide on it, or open it above."""
    name, decide = str(label.drawing_id), partial(_decide, running, (label.drawing_id,))
    drawing(label.image, _alt(label), _brief(label))
    with st.container(horizontal=True, gap="xsmall"):
        settled = _settled(label, "approved"), _settled(label, "rejected")
        st.button("Approve", key=f"approve-{name}", on_click=decide, args=("approved",), disabled=settled[0])
        st.button("Reject", key=f"reject-{name}", on_click=decide, args=("rejected",), disabled=settled[1])
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.checkbox("Select", key=_box(label.drawing_id), label_visibility="collapsed")
        with st.popover("Relabel"):
            relabel(f"relabel-{name}", running, (label.drawing_id,))
        st.button("Open", key=f"open-{name}", on_click=_open, args=(label.drawing_id,))


# --- Words ------------------------------------------------------------------------------------------------------------


def _alt(label: Waiting) -> str:
    return f"A drawing that was read as {label.predicted_digit} and said to be {label.true_label}"


def _brief(label: Waiting) -> str:
    return (
        f'<p>said <span class="digit">{label.true_label}</span>, read {label.predicted_digit}'
        f' <span class="quiet">({percent(label.confidence)})</span></p>'
        f'<p class="quiet">{escape(_why_short(label))}</p>'
    )


def _story(label: Waiting) -> str:
    model = {"cnn": "the CNN", "linear": "the linear model"}[label.model]
    return (
        f'<p>{_name(label.person)} said it is a <span class="digit">{label.true_label}</span></p>'
        f'<p>read as <span class="digit">{label.predicted_digit}</span> by {model}, version {label.model_version}, '
        f"{percent(label.confidence)} sure</p>"
        f"<p>{escape(_why(label))}</p>"
        f'<p class="quiet">{label.source}, labelled {label.labelled_at:%d %B %Y, %H:%M} UTC</p>'
    )


def _why(label: Waiting) -> str:
    if label.reviewer == "admin" and label.review != "pending":
        return f"An administrator {label.review} it."
    if label.review == "approved" and not label.reason:
        return "The model found this label plausible, so it was approved at once."
    return REASONS.get(label.reason, label.reason)


def _why_short(label: Waiting) -> str:
    return SHORT.get(label.reason, "") if label.review == "pending" else _why(label)


def _name(person: str) -> str:
    """A short name for a person of whom nothing but a random hash is known."""
    return f"Person {person[:6]}" if person else "Somebody without a name"


page()
