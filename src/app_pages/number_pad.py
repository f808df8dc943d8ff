"""What a session knows of its wide canvas, for a whole number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import streamlit as st

from app_pages.pad import SIDE, current_pad
from app_pages.recent import forget_list
from app_pages.sheet import Sheet, kept_strokes
from app_pages.whole_number import WholeNumber
from frames.canvas import objects_of

WIDTH = 2 * SIDE  # the canvas's own pixels; it is SIDE high, and on a phone still high enough for a finger
TAB = "Number"


@dataclass
class NumberPad(Sheet):
    """A session's wide canvas, and the number on it."""

    name: ClassVar[str] = "number-canvas"
    number: WholeNumber = field(default_factory=lambda: WholeNumber("canvas"))

    def next_number(self) -> Callable[[], None]:
        """Empty the canvas for another number. What is returned brings this one back to it."""
        number, objects = self.number, self.objects

        def bring_back() -> None:
            self.number, self.undone = number, []
            self.begin(objects)
            current_pad().show(TAB)  # where it can be seen

        self.number, self.undone = WholeNumber("canvas"), []
        self.begin([])
        return bring_back

    def clear(self) -> None:
        """Empty the canvas, and offer to undo that."""
        current_pad().say("Cleared.", self.next_number())
        forget_list()  # from now on the list has its digits

    def restore(self, kept: Any, pen: float) -> None:
        """Take over what the browser has kept of a page that was reloaded; nothing where that is malformed."""
        if not self.fresh or not isinstance(kept, dict):
            return
        try:
            strokes, number_id = kept_strokes(kept["strokes"]), UUID(kept["id"])
        except (KeyError, TypeError, ValueError, AttributeError):
            self.begin([])
            return
        self.number = WholeNumber("canvas", number_id, restored=True)
        self.begin(objects_of(strokes, pen))


def current_number_pad() -> NumberPad:
    """The session's wide canvas."""
    number_pad: NumberPad = st.session_state.setdefault("number_pad", NumberPad())
    return number_pad
