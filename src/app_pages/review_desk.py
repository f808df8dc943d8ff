"""The desk of the Review page: the current label, the keys, and the other labels as cards.

It is a component of our own, since keys come faster than Streamlit draws a page: review_queue.js knows at once which
drawing the next key is meant for, and review_desk.js shows it. Python carries out the orders and sends the next labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app_pages.review_decisions import LABELS, Ledger
from app_pages.review_words import about, against, alt, label_words, said_and_read, why, why_briefly
from learning.classes import NOT_A_DIGIT
from percentages import percent
from storage.review import ReviewItem
from web.answers import data_url

KEY = "desk"
FOLDER = Path(__file__).parent
CHOICES = [
    {"verdict": str(label), "words": label_words(label), "key": "-" if label == NOT_A_DIGIT else str(label)}
    for label in LABELS
]
"""What a drawing can be said to be really, each with its key."""

_component = st.components.v2.component(
    "review_desk",
    css=(FOLDER / "review_desk.css").read_text(encoding="utf-8"),
    js="".join((FOLDER / name).read_text(encoding="utf-8") for name in ("review_queue.js", "review_desk.js")),
    isolate_styles=False,
)


def show_desk(
    labels: Sequence[ReviewItem],
    ledger: Ledger,
    empty: str,
    person: str | None,
    on_orders: Callable[[], None],
    on_person: Callable[[], None],
) -> None:
    """Show labels and what can be done with them; `empty` is said where there are none.

    `on_orders` is called when there are orders to carry out, `on_person` when the labels of one person are asked for;
    each finds its message with message(). `person` is the one whose labels are shown alone.
    """
    data = {
        "labels": [_shown(label, person) for label in labels],
        "choices": CHOICES,
        "done": ledger.seen,
        "past": [{"id": done.order, "words": done.words} for done in ledger.past],
        "outcome": ledger.outcome,
        "empty": empty,
    }
    _component(key=KEY, data=data, on_orders_change=on_orders, on_person_change=on_person)


def message(event: str) -> Any:
    """What the desk has sent ("orders" or "person"), during the callback of that event."""
    return st.session_state[KEY].get(event)


def _shown(label: ReviewItem, person: str | None) -> dict[str, object]:
    """A label as the desk shows it. Everything is text, which it never takes for HTML."""
    return {
        "id": str(label.drawing_id),
        "picture": data_url(label.image),
        "alt": alt(label),
        "name": said_and_read(label),
        "said": label_words(label.true_label),
        "read": label_words(label.predicted_digit),
        "sure": f"{percent(label.confidence)} sure",
        "why": why(label),
        "says": f"{said_and_read(label)} ({percent(label.confidence)})",
        "brief": why_briefly(label),
        "about": about(label),
        "against": against(label),
        "decided": label.review if label.reviewer == "admin" else "",
        "others": label.person != person,
    }
