"""One drawing of the history, with all that is known of it; one's own can be labelled, read again and deleted there."""

from __future__ import annotations

from html import escape

import streamlit as st

from app_pages.history_words import alt, facts
from app_pages.pad import current_pad
from app_pages.pictures import picture
from app_pages.recent import changes
from logger import RecentDrawing
from percentages import percent, unbroken
from serving.app_state import AppState
from storage.history import PastDrawing


@st.dialog("A drawing", width="medium")
def show_drawing_alone(state: AppState, drawing: PastDrawing, own: bool) -> None:
    """A dialog about a drawing; `own` is whether the visitor drew it."""
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(told)}</dd>" for name, told in facts(drawing).items())
    st.html(f'<div class="past">{picture(drawing.image, alt(drawing), "large")}<dl>{lines}</dl></div>')
    st.html(_chances(drawing))
    if own:
        st.markdown("What is it?")
        changes(state, _recent(drawing), current_pad())
    elif drawing.label is not None:
        st.page_link("review.py", label="Decide on labels in Review", icon=":material/lock:", width="content")


def _chances(drawing: PastDrawing) -> str:
    """How likely each digit is, as a table that draws its own bars."""
    rows = "".join(
        f'<tr><th scope="row">{digit}</th><td><i style="width: {chance * 100:.1f}%"></i></td>'
        f"<td>{unbroken(percent(chance, 1))}</td></tr>"
        for digit, chance in enumerate(drawing.probabilities)
    )
    return f'<table class="chances"><caption>How likely each digit is</caption>{rows}</table>'


def _recent(drawing: PastDrawing) -> RecentDrawing:
    """The same drawing as the list on the Draw page has it."""
    return RecentDrawing(
        drawing_id=drawing.drawing_id,
        created_at=drawing.created_at,
        predicted_digit=drawing.read_as if drawing.own_digit is None else drawing.own_digit,
        true_label=drawing.label,
        confidence=drawing.confidence,
        image=drawing.image,
        digit_score=drawing.digit_score,
        model=drawing.model,
        model_version=drawing.version,
    )
