"""The drawing board: the canvas, its tools and its brushes.

The canvas's component holds the strokes and the session everything else, since a canvas that is cleared or undone is a
new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import streamlit as st
from streamlit_drawable_canvas import st_canvas

from app_pages.pad import BRUSHES, SIDE, Pad
from app_pages.sheet import Sheet
from frames.canvas import TooMuchDrawn, smoothed, strokes_of


def quiet_canvas(pad: Pad) -> list[np.ndarray]:
    """Show the canvas for one digit, which sends nothing: the strokes that the session knows of, (n, 2) arrays.

    The answer's component follows the pen, and has each stroke read and kept without a run of the page's script.
    """
    _show(pad, pad.pen, SIDE, sends=False)
    return strokes_of({"objects": pad.objects})


def canvas(sheet: Sheet, pen: int, width: int) -> list[np.ndarray]:
    """Show a canvas of `width` x SIDE pixels; returns the strokes on it, (n, 2) arrays in canvas pixels."""
    # Until it has told its strokes, which may be lost on the way, they are those that it began with.
    drawn = _show(sheet, pen, width, sends=True) or {"objects": sheet.begin_with}
    try:
        return sheet.take(drawn)
    except TooMuchDrawn as error:
        st.session_state.trouble = str(error)
        return []


def _show(sheet: Sheet, pen: int, width: int, sends: bool) -> Any:
    """Show a canvas; what it has sent after its last stroke, if it `sends` anything."""
    if sheet.objects and sheet.key not in st.session_state:
        sheet.begin(sheet.objects)  # another page or tab was looked at meanwhile
    with suppress(AttributeError, LookupError, TypeError):  # what some program says in the canvas's name is no drawing
        return st_canvas(
            stroke_width=pen,
            stroke_color="#16181f",
            background_color="#ffffff",
            width=width,
            height=SIDE,
            update_streamlit=sends,
            initial_drawing={"objects": smoothed(sheet.begin_with)} if sheet.begin_with else None,
            key=sheet.key,
        ).json_data
    return None


def tools(sheet: Sheet, key: str, empty: bool) -> None:
    """Undo, redo and clear. On a canvas that is known to be `empty` there is nothing to undo or to clear."""
    with st.container(horizontal=True, key=f"{key}s", gap="xsmall"):
        st.button("Undo", icon=":material/undo:", key=f"{key}-undo", on_click=sheet.undo, disabled=empty)
        st.button("Redo", icon=":material/redo:", key=f"{key}-redo", on_click=sheet.redo, disabled=not sheet.undone)
        st.button("Clear", icon=":material/delete:", key=f"{key}-clear", on_click=sheet.clear, disabled=empty)


def choose_brush(pad: Pad) -> None:
    """The brushes, which the stylesheet shows as dots."""
    st.session_state.setdefault("brush", pad.brush)  # Streamlit forgets it while another page is shown
    st.segmented_control("Brush", list(BRUSHES), required=True, key="brush", label_visibility="collapsed")


def take_choices(pad: Pad, models: Sequence[str]) -> None:
    """What was chosen last, of the models that serve: the switches stand below what depends on them."""
    pad.brush = st.session_state.get("brush") or pad.brush
    pad.model = st.session_state.get("model") or pad.model
    if pad.model not in models:  # it is missing
        pad.model = st.session_state.model = models[0]
