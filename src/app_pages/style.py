"""How the pages look: stylesheets and scripts beside the pages that need them, tables that are wider than a phone."""

from __future__ import annotations

from pathlib import Path

import streamlit as st


def show_stylesheet(name: str) -> None:
    """Add `name`.css of this folder to the page."""
    st.html(Path(__file__).with_name(f"{name}.css"))


def read_beside(*names: str) -> str:
    """Files of this folder as one: a component takes a single script, so its modules share one scope."""
    return "\n".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in names)


def base_path() -> str:
    """The path that the app is served under, without a slash at its end."""
    path = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{path}" if path else ""


def scrollable(name: str, table: str) -> str:
    """HTML that may be wider than the page: it scrolls by itself, also by key, and is found under its name."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">{table}</div>'
