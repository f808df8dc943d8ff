"""What a number was read as: its text, a button for each digit, and the answer to the one that was pressed.

It is a component of our own, which knows the answers to all digits: a press on one shows it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from app_pages.number_words import about, doubtful, glyph, lines, name, note, spoken, told
from app_pages.pad import Pad
from app_pages.style import base_path, read_beside
from app_pages.whole_number import WholeNumber, mark_of, state_of
from frames.drawing import strokes_json
from gateway.visitors import current_visitor
from serving.app_state import get_app_state
from serving.whole_numbers import Digit
from web.answers import words_of

KEY = "number-answer"
SCRIPTS = ("answer_canvas.js", "answer_paint.js", "answer_why.js", "memory.js", "toast.js", "number_digits.js")

_component = st.components.v2.component(
    KEY,
    html=read_beside("number_answer.html", "because.html"),
    css=read_beside("answer.css", "number_answer.css"),
    js=read_beside(*SCRIPTS, "number_answer.js"),
)


@dataclass(frozen=True)
class OnCanvas:
    """The wide canvas that a number is written on: its key and width, and the strokes on it."""

    key: str
    width: int
    strokes: Sequence[np.ndarray]
    fresh: bool


@dataclass(frozen=True)
class InPicture:
    """The picture that a number was found in, small, as a data URL, and the width and height that boxes are within."""

    picture: str
    width: int
    height: int


class Callbacks(NamedTuple):
    """What is called when the component sends something: see sent()."""

    said: Callable[[], None]
    undo: Callable[[], None]
    restore: Callable[[], None]


def show_number(pad: Pad, number: WholeNumber, place: OnCanvas | InPicture, trouble: str, on: Callbacks) -> None:
    """Show a number and where its digits are; `trouble` is why the last label was not saved."""
    pad.runs += 1
    keeps = not get_app_state().settings.read_only
    texts = lines(number)
    canvas = place if isinstance(place, OnCanvas) else None
    _component(
        key=KEY,
        data={
            "id": str(number.number_id),
            "session": pad.session,
            "run": pad.runs,
            "canvas": canvas.key if canvas else None,
            "width": canvas.width if canvas else 0,
            "strokes": strokes_json(canvas.strokes) if canvas and canvas.strokes else "[]",
            "fresh": canvas is not None and canvas.fresh,
            "picture": asdict(place) if isinstance(place, InPicture) else None,
            "lines": [
                {"count": len(line), "hidden": not text} for line, text in zip(number.numbers.lines, texts, strict=True)
            ],
            "digits": _digits(number),
            "why": f"{base_path()}/api/why",
            "about": about(number, keeps),
            "spoken": spoken(number),
            "said": pad.said,
            "trouble": trouble or number.refusal,
            "keeps": keeps,
        },
        on_said_change=on.said,
        on_undo_change=on.undo,
        on_restore_change=on.restore,
    )


def _digits(number: WholeNumber) -> list[dict[str, Any]]:
    """All digits as the component takes them, line after line."""
    digits = number.numbers.digits
    labels = [number.label_of(digit) for digit in digits]
    places = range(1, len(digits) + 1)
    return [_shown(*each, len(digits)) for each in zip(digits, labels, places, strict=True)]


def _shown(digit: Digit, label: int | None, position: int, count: int) -> dict[str, Any]:
    return {
        "id": str(digit.reading.drawing_id),
        "mark": mark_of(digit.reading.drawing.frame),
        "state": _asked_about(digit),
        "box": digit.box,
        "answer": asdict(words_of(digit.reading)),
        "label": label,
        "glyph": glyph(digit, label),
        "doubtful": doubtful(digit, label),
        "note": note(digit, label),
        "name": name(digit, position, count, label),
        "told": told(label),
    }


def _asked_about(digit: Digit) -> dict[str, Any]:
    """What POST /api/why is asked about a digit."""
    state = state_of(digit, current_visitor())._asdict()
    del state["visitor"]  # it goes by the cookie
    return {"id": str(state.pop("drawing_id")), **state}


def sent(name: str) -> Any:
    """What the component has just sent, within its callback."""
    return st.session_state[KEY][name]
