"""What the Draw page says of the app itself: a dot while all is well, and otherwise what is not, and what it means."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from app_pages.style import base_path, read_beside
from learning.registry import MODELS
from serving.app_state import AppState
from storage.nothing_kept import NOTHING_KEPT
from web.condition import Condition, condition_of

Colour = Literal["gray", "orange", "red"]

_watch = st.components.v2.component("watch", js=read_beside("indicator.js"))


def show_notice(state: AppState) -> None:
    """What a visitor should know before drawing, in one sentence or two; nothing while all is well."""
    now = condition_of(state)
    if state.settings.read_only:
        st.caption(NOTHING_KEPT)
    elif now.lost:
        st.error(
            "Nothing can be saved at present, neither in the database nor on the app's disk. Reading goes on; tell "
            "whoever runs this app.",
            icon=":material/cloud_off:",
        )
    elif now.waiting and not now.starting:
        st.warning(
            "The database is unavailable. Reading goes on; what you draw and say is kept and saved when it is back.",
            icon=":material/cloud_off:",
        )
    elif now.nearly_full:
        st.warning(
            "The disk is nearly full: before long nothing more can be saved. Tell whoever runs this app.",
            icon=":material/hard_drive:",
        )
    for missing in now.missing:
        st.warning(f"{missing} {_instead(state)}", icon=":material/warning:")


def _instead(state: AppState) -> str:
    """Who reads while another model is missing."""
    return " ".join(f"The {MODELS[name].display_name} model reads." for name in state.models.infos())


def indicator(state: AppState) -> None:
    """A dot while all is well, and otherwise what is not; the page has its script run when that changes."""
    now = condition_of(state)
    with st.container(horizontal=True, key="indicator", gap="xsmall", width="content"):
        _watch(
            key="watch",
            data={"url": f"{base_path()}/api/condition", "condition": now.word},
            on_changed_change=lambda: None,
            width=1,
            height=1,
        )
        troubles = _troubles(now)
        for trouble, colour in troubles:
            st.badge(trouble, color=colour)
        if not troubles and not state.settings.read_only:
            st.html('<span class="dot" role="img" aria-label="Ready, and saving" title="Ready, and saving"></span>')


def _troubles(now: Condition) -> list[tuple[str, Colour]]:
    """What is not as it should be, each with its badge's colour."""
    troubles: list[tuple[str, Colour]] = []
    if now.loading:
        troubles.append(("Model starting", "gray"))
    elif now.without_models:
        troubles.append(("No model", "red"))
    if now.starting:
        troubles.append(("Database starting", "gray"))
    elif now.waiting:
        troubles.append(("Not saved", "red") if now.lost else ("Not saved yet", "orange"))
    elif now.nearly_full:
        troubles.append(("Disk nearly full", "orange"))
    return troubles
