"""The visitor's own hand: what their labels have taught, what it is worth, and how to be rid of it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import streamlit as st

from app_pages.pad import read_anew
from gateway.visitors import current_visitor
from serving.app_state import AppState
from serving.hand_building import Known
from serving.personal import PersonalModel, Report
from storage import hands
from storage.writer import Written
from web.answers import drawings
from web.saving import note

ENOUGH = 5  # drawings of which a figure says something


def hand_panel(state: AppState) -> None:
    """What has been learned, the switch that turns it off, and the button that forgets it; nothing without labels."""
    if state.models.loading or state.models.error:
        return
    known = state.hands.look(current_visitor())
    if known.model is None:
        return
    st.header("Your hand", anchor=False, divider="gray")
    st.caption(_story(known, known.model))
    with st.container(horizontal=True, vertical_alignment="center", key="hand"):
        st.session_state.hand_enabled = known.enabled
        st.toggle("Adapt to my hand", key="hand_enabled", on_change=_switch, args=(state, known))
        if st.session_state.get("forgetting"):
            st.markdown("What you have labelled until now will no longer change your answers. Your drawings stay.")
            st.button("Yes, forget it", on_click=_forget, args=(state, known))
            st.button("No", on_click=_ask_to_forget, args=(False,))
        else:
            st.button("Forget my hand", icon=":material/ink_eraser:", on_click=_ask_to_forget, args=(True,))


def _story(known: Known, model: PersonalModel) -> str:
    if not model.learned:
        return (
            f"Nothing is learned from {drawings(len(model.labels))}: the labels do not agree well enough to help. "
            "Everybody's model answers you."
        )
    if not known.enabled:
        return f"Everybody's model answers you. Learned from {drawings(len(model.labels))}, and switched off."
    return f"Learned from {drawings(len(model.labels))}, for you alone. {_figures(model.report)}"


def _figures(report: Report) -> str:
    if report.drawings < ENOUGH:
        return "Each of your labels counts from the next answer on."
    return (
        f"Of your last {report.drawings} drawings it reads {report.with_it} right; without your labels it would be "
        f"{report.without_it}. (Each was read with what the others have taught.)"
    )


def _switch(state: AppState, known: Known) -> None:
    enabled = bool(st.session_state.hand_enabled)
    written = hands.enable(state.writer, current_visitor(), enabled)
    said = "your hand is read." if enabled else "everybody's model answers you."
    _finish(state, written, replace(known, enabled=enabled), said)


def _ask_to_forget(ask: bool) -> None:
    """Nothing brings back what is forgotten, so it takes a second press."""
    st.session_state.forgetting = ask


def _forget(state: AppState, known: Known) -> None:
    _ask_to_forget(False)
    _finish(state, hands.forget(state.writer, current_visitor()), Known(known.enabled), "your hand is forgotten.")


def _finish(state: AppState, written: Future[Written], known: Known, what: str) -> None:
    """Note the outcome, and have what is on the canvas read anew."""
    st.session_state.note = note(state.hands.switched(written, current_visitor(), known), what)
    read_anew()
