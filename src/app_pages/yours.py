"""The page "Your data": what is kept of whoever looks at it, to see, to download, and to delete.

It is reached from Draw and About; whose data it is, the browser's cookie decides.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from app_pages.administration import database_unavailable
from app_pages.kept_words import erased, facts, kept_how_long
from app_pages.number_pad import NumberPad
from app_pages.pad import Pad
from app_pages.style import show_stylesheet
from datasets.own_data import FIELDS
from gateway.visitors import current_visitor
from serving.app_state import AppState, get_app_state
from storage.database import DatabaseAway
from storage.erasure import erase
from storage.nothing_kept import NOTHING_KEPT
from storage.own_data import summary
from web.own_data import PATH
from web.saving import NotSaved, outcome

_forgetful = st.components.v2.component(
    "forgetful", js=Path(__file__).with_name("yours.js").read_text(encoding="utf-8")
)


def page() -> None:
    """The whole page."""
    show_stylesheet("about")
    state = get_app_state()
    st.title("Your data", anchor=False)
    if state.settings.read_only:
        st.info(NOTHING_KEPT, icon=":material/info:")
        return
    st.markdown(
        "What this app keeps of you. It knows you by a random number in this browser's cookie, and by nothing else: "
        "what you drew in another browser, or before its cookie was deleted, it cannot find."
    )
    said()
    show_kept(state)
    for message in ("erased", "trouble"):
        st.session_state.pop(message, None)  # only now: a run can be interrupted before it was shown


def show_kept(state: AppState) -> None:
    """What is kept, and what can be done with it; while the database is away, deleting it is still possible."""
    try:
        kept = summary(state.database, current_visitor())
    except DatabaseAway:
        database_unavailable(state.database)
        delete_everything(state)
        return
    st.html(_table(facts(kept)))
    if not kept.nothing:
        download()
    st.markdown(kept_how_long(state.settings.retention_days))
    if not kept.nothing:
        delete_everything(state)


def said() -> None:
    """What has become of the last click."""
    if note := st.session_state.get("erased"):
        _forgetful(key="forgetful")  # or the browser would bring a deleted drawing back at the next reload
        st.success(note, icon=":material/check_circle:")
    if trouble := st.session_state.get("trouble"):
        st.error(trouble, icon=":material/error:")


def download() -> None:
    """All of it as a file, and what is in that."""
    with st.expander("What is kept of each drawing"):
        st.html(_table({"picture": "28 × 28 pixels, as the model sees it", **FIELDS}))
    st.link_button("Download everything", PATH, icon=":material/download:")


# --- Deleting ---------------------------------------------------------------------------------------------------------


def delete_everything(state: AppState) -> None:
    """The button. Nothing brings back what it deletes, so it takes a second press."""
    st.header("Delete everything", anchor=False)
    st.markdown(
        "All your drawings go, with their strokes, your labels and every change of them, and your hand, also what "
        "still waits to be saved. What a version of a model has learned from your labels, it keeps. Backups and data "
        "sets that whoever runs this app made before are not changed by it."
    )
    with st.container(horizontal=True, vertical_alignment="center", key="erase"):
        if st.session_state.get("erasing"):
            st.markdown("Delete everything of yours? Nothing brings it back.", width="content")
            st.button("Yes, delete everything", type="primary", on_click=_erase, args=(state,))
            st.button("No", on_click=_ask, args=(False,))
        else:
            st.button("Delete everything of mine", icon=":material/delete_forever:", on_click=_ask, args=(True,))


def _ask(ask: bool) -> None:
    st.session_state.erasing = ask


def _erase(state: AppState) -> None:
    """Delete it, and forget what this session still holds of it."""
    _ask(False)
    visitor = current_visitor()
    written = state.hands.relearned(erase(state.writer, visitor), visitor)
    written.add_done_callback(lambda _: state.sweeper.wake())
    try:
        outcome(written, "")
    except NotSaved as error:
        st.session_state.trouble = str(error)
        return
    without_cookie = st.session_state.get("visitor_without_cookie")
    st.session_state.clear()
    if without_cookie:
        st.session_state.visitor_without_cookie = without_cookie
    # Canvases on which something has happened: what the browser still has of the old ones stays away.
    st.session_state.pad, st.session_state.number_pad = Pad(fresh=False), NumberPad(fresh=False)
    st.session_state.erased = erased(written.result() if written.done() else None)


def _table(rows: dict[str, str]) -> str:
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(told)}</td></tr>' for name, told in rows.items()
    )
    return f'<table class="facts">{body}</table>'


page()
