"""The frame around the pages: the browser's title, the navigation, and what all of them look like."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from app_pages.style import show_stylesheet
from web.admins import get_admins
from web.visitors import current_visitor

st.set_page_config(page_title="Digit reader", page_icon="✏️", layout="centered")
show_stylesheet("ui")

# The administrators' pages have their addresses, /review and /models, and are reached from About; they ask for the
# password themselves. In the navigation they would only be in everybody else's way.
FOR_ADMINS: Literal["visible", "hidden"] = "visible" if get_admins().admits(current_visitor(), used=False) else "hidden"

st.navigation(
    [
        st.Page("draw.py", title="Draw", icon=":material/draw:", default=True),
        st.Page("review.py", title="Review", icon=":material/lock:", visibility=FOR_ADMINS),
        st.Page("models.py", title="Models", icon=":material/lock:", visibility=FOR_ADMINS),
        st.Page("about.py", title="About", icon=":material/info:"),
    ],
    position="top",
).run()
