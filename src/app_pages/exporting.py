"""The export, as administrators find it on a page: a link for each format."""

from __future__ import annotations

import streamlit as st

from app_pages.style import show_stylesheet
from storage.selection import Selection
from web.exporting import export_path

WORDS = {"idx": "MNIST files (IDX)", "parquet": "Parquet", "png": "PNG folders"}


def export_links(selection: Selection) -> None:
    """Links to download the labelled drawings of a selection, in each format."""
    show_stylesheet("exporting")
    st.subheader("Export", anchor=False)
    st.markdown(
        "The approved drawings as a data set of your own, pen strokes included. Nobody can be told from it, and its "
        "datasheet says what is in it. A large one takes some minutes."
    )
    with st.container(horizontal=True, key="export"):
        for format_, words in WORDS.items():
            st.link_button(words, export_path(format_, selection), icon=":material/download:")
