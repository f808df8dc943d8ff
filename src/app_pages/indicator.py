"""What the Draw page says of the app itself: a dot while all is well, and otherwise what is not, and what it means."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from learning.registry import MODELS
from serving.app_state import AppState
from storage.disk import space
from storage.nothing_kept import NOTHING_KEPT

Colour = Literal["gray", "orange", "red"]


def show_notice(state: AppState) -> None:
    """What a visitor should know before drawing, in one sentence or two; nothing while all is well."""
    if state.settings.read_only:
        st.caption(NOTHING_KEPT)
    elif not_saving(state) and state.writer.spool.trouble:
        st.error(
            "Nothing can be saved at present, neither in the database nor on the app's disk. Reading goes on; tell "
            "whoever runs this app.",
            icon=":material/cloud_off:",
        )
    elif not_saving(state) and not state.database.starting:
        st.warning(
            "The database is unavailable. Reading goes on; what you draw and say is kept and saved when it is back.",
            icon=":material/cloud_off:",
        )
    elif nearly_full(state):
        st.warning(
            "The disk is nearly full: before long nothing more can be saved. Tell whoever runs this app.",
            icon=":material/hard_drive:",
        )
    for missing in state.models.missing.values():
        st.warning(f"{missing} {_instead(state)}", icon=":material/warning:")


def _instead(state: AppState) -> str:
    """Who reads while another model is missing."""
    return " ".join(f"The {MODELS[name].display_name} model reads." for name in state.models.infos())


def not_saving(state: AppState) -> bool:
    """Whether drawings wait in the spool, since the database is unavailable or its tables do not fit the app."""
    return not state.settings.read_only and bool(state.database.away or state.writer.trouble)


def nearly_full(state: AppState) -> bool:
    """Whether saving will end before long for want of space."""
    left = None if state.settings.read_only else space(state.settings.data_dir)
    return left is not None and left.low


@st.fragment(run_every=2)
def indicator(state: AppState) -> None:
    """A dot while all is well, and otherwise what is not; updated every two seconds."""
    with st.container(horizontal=True, key="indicator", gap="xsmall", width="content"):
        troubles = _troubles(state)
        for trouble, colour in troubles:
            st.badge(trouble, color=colour)
        if not troubles and not state.settings.read_only:
            st.html('<span class="dot" role="img" aria-label="Ready, and saving" title="Ready, and saving"></span>')
    models = (state.models.error is None, [*state.models.missing])
    now = (not_saving(state), state.writer.spool.trouble, nearly_full(state), models)
    if st.session_state.setdefault("last_seen", now) != now:
        st.session_state.last_seen = now
        st.rerun(scope="app")  # the rest of the page explains the change


def _troubles(state: AppState) -> list[tuple[str, Colour]]:
    """What is not as it should be, each with its badge's colour."""
    troubles: list[tuple[str, Colour]] = []
    if state.models.loading:
        troubles.append(("Model starting", "gray"))
    elif state.models.error:
        troubles.append(("No model", "red"))
    if state.database.starting:
        troubles.append(("Database starting", "gray"))
    elif not_saving(state):
        troubles.append(("Not saved", "red") if state.writer.spool.trouble else ("Not saved yet", "orange"))
    elif nearly_full(state):
        troubles.append(("Disk nearly full", "orange"))
    return troubles
