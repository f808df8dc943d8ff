"""The wall of the History page: a picture of each drawing, each a button that asks for more about it.

It is a component of our own: 48 of Streamlit's buttons would take longer to draw than all of the page to read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from app_pages.history_words import alt, caption
from percentages import percent, unbroken
from storage.history import PastDrawing
from web.answers import data_url

KEY = "wall"

_HERE = Path(__file__)
_component = st.components.v2.component(
    KEY,
    html='<ul class="wall"></ul>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def show_wall(drawings: Sequence[PastDrawing], on_open: Callable[[], None]) -> None:
    """Show drawings in their order; `on_open` is called when one is pressed, and finds it with pressed()."""
    _component(key=KEY, data=[_shown(each) for each in drawings], on_opened_change=on_open)


def pressed() -> str:
    """The id of the drawing that was pressed, during the callback of that."""
    return str(st.session_state[KEY]["opened"])


def _shown(drawing: PastDrawing) -> dict[str, str]:
    """A drawing as the wall shows it. Everything is text, which it never takes for HTML."""
    return {
        "id": str(drawing.drawing_id),
        "picture": data_url(drawing.image),
        "alt": alt(drawing),
        "caption": caption(drawing),
        "sure": unbroken(percent(drawing.confidence)),
    }
