"""How the pages look: a stylesheet beside each page that needs its own, and tables that are wider than a phone."""

from __future__ import annotations

from pathlib import Path

import streamlit as st


def show_stylesheet(name: str) -> None:
    """Add `name`.css of this folder to the page."""
    st.html(Path(__file__).with_name(f"{name}.css"))


def scrollable(name: str, table: str) -> str:
    """HTML that may be wider than the page: it scrolls by itself, also by key, and is found under its name."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">{table}</div>'
