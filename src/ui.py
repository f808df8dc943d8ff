"""The frame around the pages: the browser's title and the navigation, nothing else."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="Digit reader", page_icon="✏️", layout="centered")

st.navigation(
    [st.Page("app_pages/draw.py", title="Draw", icon=":material/draw:", default=True)],
    position="top",
).run()
