"""The frame around the pages: the browser's title and the navigation, nothing else."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="Digit reader", page_icon="✏️", layout="centered")

# The lock marks what is for administrators; those pages ask for the password themselves.
st.navigation(
    [
        st.Page("app_pages/draw.py", title="Draw", icon=":material/draw:", default=True),
        st.Page("app_pages/review.py", title="Review", icon=":material/lock:"),
        st.Page("app_pages/models.py", title="Models", icon=":material/lock:"),
    ],
    position="top",
).run()
