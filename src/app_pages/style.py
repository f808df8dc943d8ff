"""Stylesheets: one beside each page that needs its own."""

from __future__ import annotations

from pathlib import Path

import streamlit as st


def show_stylesheet(name: str) -> None:
    """Add `name`.css of this folder to the page."""
    st.html(Path(__file__).with_name(f"{name}.css"))
