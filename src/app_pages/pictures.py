"""Drawings as HTML."""

from __future__ import annotations

from html import escape

import streamlit as st

from web.answers import data_url

MAX_PICTURES = 60  # of one kind on a page


def picture(png: bytes, alt: str, kind: str = "") -> str:
    """A PNG as an <img>; `kind` is a class of the page's stylesheet."""
    return f'<img class="{kind}" alt="{escape(alt)}" src="{data_url(png)}">'


def show_drawing(png: bytes, alt: str, lines: str) -> None:
    """A drawing's picture beside lines of HTML about it, on an administrators' page."""
    st.html(f'<div class="drawing">{picture(png, alt)}<div>{lines}</div></div>')
