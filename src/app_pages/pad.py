"""What a session knows of its canvas for one digit, and what can be undone."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import streamlit as st

from app_pages.sheet import Sheet, kept_strokes
from frames.canvas import TooMuchDrawn, objects_of
from learning.registry import DEFAULT_MODEL, MODELS

log = logging.getLogger(__name__)

SIDE = 480  # the canvas's own pixels; the page scales it to the screen
BRUSHES = {"Finest": 10, "Fine": 16, "Medium": 26, "Broad": 36, "Broadest": 46}  # the same pixels, for the eye only:
BRUSH = "Medium"  # strokes are drawn again for the model


@dataclass
class Pad(Sheet):
    """A session's canvas for one digit, and what it shares with the other ways to read: model, brush and messages."""

    drawing_id: UUID = field(default_factory=uuid4)
    tab_rows: int = 0
    model: str = DEFAULT_MODEL
    brush: str = BRUSH
    said: dict[str, Any] | None = None
    on_undo: Callable[[], None] | None = None
    """What "Undo" does in the toast that is shown now."""
    session: str = field(default_factory=lambda: secrets.token_hex(4))
    runs: int = 0
    """Of the page's script, which its component needs to know the newest by."""

    @property
    def pen(self) -> int:
        """The pen's width in the canvas's pixels."""
        return BRUSHES[self.brush]

    @property
    def tabs(self) -> str:
        """The key of the row of tabs."""
        return f"tabs-{self.tab_rows}"

    def show(self, tab: str) -> None:
        """Open a tab, in a new row of tabs, with all that is on the canvas.

        Where the person has just opened another tab, and the page's script has not run since, the old row would be sent
        as it was sent before, and the browser would stay at the other tab.
        """
        self.tab_rows += 1
        st.session_state[self.tabs] = tab
        self.begin(self.objects)

    def catch_up(self, drawn: Any) -> bool:
        """Know of strokes that were drawn since the last run of the page's script, a list of [x, y] each.

        Returns whether there were any that were not known. Raises what kept_strokes raises.
        """
        strokes = kept_strokes(drawn)
        if len(strokes) <= len(self.objects):
            return False
        self.objects = objects_of(strokes, self.pen)
        self.undone = []  # after a new stroke nothing can be redone
        return True

    def told(self, message: Any) -> None:
        """Know of the strokes in what the page says of a drawing, unless it is malformed or of another one.

        Raises TooMuchDrawn.
        """
        try:
            if message["id"] == str(self.drawing_id):
                self.catch_up(message["strokes"])
        except TooMuchDrawn:
            raise
        except (LookupError, TypeError, ValueError):
            log.debug("strokes that are none", exc_info=True)

    def next_drawing(self) -> Callable[[], None]:
        """Empty the canvas for another drawing. What is returned brings this one back to it."""
        drawing_id, objects = self.drawing_id, self.objects

        def bring_back() -> None:
            if objects:
                self.drawing_id, self.objects, self.undone = drawing_id, objects, []
                self.show("Draw")  # where it can be seen

        self.drawing_id, self.undone = uuid4(), []
        self.begin([])
        return bring_back

    def go_on(self, drawing_id: UUID) -> Callable[[], None]:
        """Know that the page has emptied the canvas by itself, for this drawing. What is returned brings the last back.

        It may have been drawn on since: it stays the same canvas.
        """
        revision, canvases = self.revision, self.canvases
        bring_back = self.next_drawing()
        self.drawing_id, self.revision, self.canvases = drawing_id, revision, canvases
        return bring_back

    def clear(self) -> None:
        """Empty the canvas, and offer to undo that."""
        self.say("Cleared.", self.next_drawing())

    def say(self, text: str, undo: Callable[[], None] | None = None, name: str = "") -> None:
        """Have the page say something for a moment, perhaps with a way to undo it.

        What the page has said by itself already has a `name` there.
        """
        number = self.said["number"] + 1 if self.said else 1
        self.said, self.on_undo = {"number": number, "name": name, "text": text, "undo": undo is not None}, undo

    def undo_said(self, said: int | str) -> None:
        """Undo what the toast of this number or name offers to, once; nothing where another one has come since."""
        if self.said and said in (self.said["number"], self.said["name"]) and self.on_undo:
            undo, self.on_undo = self.on_undo, None
            undo()

    def restore(self, kept: Any) -> None:
        """Take over what the browser has kept of a page that was reloaded; what is malformed is left out."""
        if not self.fresh or not isinstance(kept, dict):
            return
        if kept.get("model") in MODELS:
            self.model = kept["model"]
        if kept.get("brush") in BRUSHES:
            self.brush = kept["brush"]
        try:
            strokes, self.drawing_id = kept_strokes(kept["strokes"]), UUID(kept["id"])
        except (KeyError, TypeError, ValueError, AttributeError):
            strokes = []
        self.begin(objects_of(strokes, self.pen))


def current_pad() -> Pad:
    """The session's canvas."""
    pad: Pad = st.session_state.setdefault("pad", Pad())
    return pad


def read_anew() -> None:
    """Have what is on the canvas read anew, since something else has changed, such as the person's labels."""
    current_pad().revision += 1
