"""The frame around the pages: the browser's title, the navigation, and what all of them look like."""

from __future__ import annotations

import logging
from typing import Literal

import streamlit as st

from app_pages.style import show_stylesheet
from app_pages.turns import turn
from gateway.admins import get_admins
from gateway.visitors import current_admin
from serving.app_state import get_app_state

log = logging.getLogger(__name__)

st.set_page_config(page_title="Digit reader", page_icon="✏️", layout="centered")
show_stylesheet("ui")

# The administrators' pages have their addresses, such as /review, and are reached from About; they ask for the
# password themselves. In the navigation they would only be in everybody else's way.
FOR_ADMINS: Literal["visible", "hidden"] = "visible" if get_admins().admits(current_admin(), used=False) else "hidden"

# Where nothing is kept, there is nothing to show.
FOR_KEEPERS: Literal["visible", "hidden"] = "hidden" if get_app_state().settings.read_only else "visible"

PAGES = [
    st.Page("draw.py", title="Draw", icon=":material/draw:", default=True),
    st.Page("history.py", title="History", icon=":material/grid_view:", visibility=FOR_KEEPERS),
    st.Page("insights.py", title="Insights", icon=":material/monitoring:", visibility=FOR_KEEPERS),
    st.Page("review.py", title="Review", icon=":material/lock:", visibility=FOR_ADMINS),
    st.Page("models.py", title="Models", icon=":material/lock:", visibility=FOR_ADMINS),
    st.Page("experiments.py", title="Experiments", icon=":material/lock:", visibility=FOR_ADMINS),
    # Reached from Draw and About.
    st.Page("yours.py", title="Your data", icon=":material/folder_open:", visibility="hidden"),
    st.Page("about.py", title="About", icon=":material/info:"),
]

# Links of our own: on a phone, Streamlit's navigation is a panel that stays open over the page that was chosen.
page = st.navigation(PAGES, position="hidden")
with st.container(key="nav", horizontal=True, gap="xsmall", width="content"):
    for each in PAGES:
        if each.visibility == "visible":
            st.page_link(each)

try:
    with turn():
        page.run()
except Exception:  # whatever it is: Streamlit's own message speaks of data leaks and of a cloud
    log.exception("the page %s has failed", page.url_path or "draw")
    st.error(
        "Something went wrong on this page. What was saved is safe: reload the page. If that does not help, tell "
        "whoever runs this app; its log says what happened.",
        icon=":material/error:",
    )
