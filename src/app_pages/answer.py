"""The answer beside the canvas: a component of ours, which paints it, takes the label, and asks while the pen moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from app_pages.challenge import Task
from app_pages.pad import SIDE, Pad
from app_pages.style import base_path, read_beside
from frames.drawing import strokes_json
from serving.app_state import get_app_state
from serving.reading import Reading
from web.answers import words_of

KEY = "answer"


_component = st.components.v2.component(
    "answer",
    html=read_beside("answer.html", "because.html"),
    css=read_beside("answer.css"),
    js=read_beside(
        "answer_canvas.js",
        "answer_paint.js",
        "answer_why.js",
        "answer_label.js",
        "memory.js",
        "toast.js",
        "answer.js",
    ),
)


class Callbacks(NamedTuple):
    """What is called when the component sends something: see sent()."""

    said: Callable[[], None]
    """`id`, `count`, `label` and `strokes`: what the visitor, who saw the answer to so many strokes, says it is."""
    drawn: Callable[[], None]
    """`id` and `strokes`: all that are on the canvas, a list of [x, y] each."""
    undo: Callable[[], None]
    restore: Callable[[], None]


def show_answer(
    pad: Pad,
    reading: Reading | None,
    strokes: Sequence[np.ndarray],
    trouble: str,
    prompt: str,
    task: Task,
    on: Callbacks,
) -> None:
    """Paint a reading, or without one the `prompt`; `trouble` is why the last label was not saved.

    Where the `task` asks for a digit, that is the label, and the bars cannot be pressed.
    """
    pad.runs += 1
    upload = reading is not None and reading.source != "canvas"
    _component(
        key=KEY,
        data={
            "id": str(reading.drawing_id if upload and reading else pad.drawing_id),
            "session": pad.session,
            "run": pad.runs,
            "revision": pad.revision,
            "canvas": pad.key,
            "blank": not pad.begin_with,
            "model": pad.model,
            "brush": pad.brush,
            "side": SIDE,
            "pen": pad.pen,
            "url": f"{base_path()}/api/strokes",
            "label": f"{base_path()}/api/said",
            "why": f"{base_path()}/api/why",
            "source": reading.source if reading else "canvas",
            "strokes": strokes_json(strokes) if strokes and not upload else "[]",
            "count": 1 if upload else len(strokes),
            "answer": asdict(words_of(reading)) if reading else None,
            "said": pad.said,
            "trouble": trouble,
            "prompt": prompt,
            "asked": task.asked,
            "progress": task.progress,
            "fresh": pad.fresh,
            "keeps": not get_app_state().settings.read_only,
        },
        on_said_change=on.said,
        on_drawn_change=on.drawn,
        on_undo_change=on.undo,
        on_restore_change=on.restore,
    )


def sent(name: str) -> Any:
    """What the component has just sent, within its callback."""
    return st.session_state[KEY][name]
