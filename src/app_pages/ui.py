"""The frame around the pages: the browser's title and the navigation."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="Digit reader", page_icon="✏️", layout="centered")

# The lock marks the administrators' pages, which ask for the password themselves.
st.navigation(
    [
        st.Page("draw.py", title="Draw", icon=":material/draw:", default=True),
        st.Page("review.py", title="Review", icon=":material/lock:"),
        st.Page("models.py", title="Models", icon=":material/lock:"),
    ],
    position="top",
).run()
