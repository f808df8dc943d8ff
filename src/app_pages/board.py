"""The drawing board: the canvas, its tools and its brushes.

The canvas's component holds the strokes and the session everything else, since a canvas that is cleared or undone is a
new one.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit_drawable_canvas import st_canvas

from app_pages.pad import BRUSHES, SIDE, Pad
from frames.canvas import strokes_of


def canvas(pad: Pad) -> list[np.ndarray]:
    """Show the canvas; returns the strokes on it, (n, 2) arrays in canvas pixels."""
    if pad.objects and pad.key not in st.session_state:
        pad.begin(pad.objects)  # another page was looked at meanwhile
    result = st_canvas(
        stroke_width=pad.pen,
        stroke_color="#16181f",
        background_color="#ffffff",
        width=SIDE,
        height=SIDE,
        initial_drawing={"objects": pad.begin_with} if pad.begin_with else None,
        key=pad.key,
    )
    # Until it has told its strokes, which may be lost on the way, they are those that it began with.
    drawn = result.json_data or {"objects": pad.begin_with}
    objects = drawn.get("objects", [])
    if len(objects) > len(pad.objects):
        pad.undone = []  # after a new stroke nothing can be redone
    pad.objects = objects
    try:
        return strokes_of(drawn)
    except ValueError:
        return []


def tools(pad: Pad) -> None:
    """Undo, redo and clear."""
    with st.container(horizontal=True, key="tools", gap="xsmall"):
        st.button("Undo", icon=":material/undo:", key="tool-undo", on_click=pad.undo, disabled=not pad.objects)
        st.button("Redo", icon=":material/redo:", key="tool-redo", on_click=pad.redo, disabled=not pad.undone)
        st.button("Clear", icon=":material/delete:", key="tool-clear", on_click=pad.clear, disabled=not pad.objects)


def choose_brush(pad: Pad) -> None:
    """The brushes, which the stylesheet shows as dots."""
    st.session_state.setdefault("brush", pad.brush)  # Streamlit forgets it while another page is shown
    st.segmented_control("Brush", list(BRUSHES), required=True, key="brush", label_visibility="collapsed")


def take_choices(pad: Pad) -> None:
    """What was chosen last: the switches stand below what depends on them."""
    pad.brush = st.session_state.get("brush") or pad.brush
    pad.model = st.session_state.get("model") or pad.model
