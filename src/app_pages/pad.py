"""What a session knows of its canvas: the one history of its strokes, and what was on it before it was cleared."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import streamlit as st

from frames.canvas import objects_of
from learning.registry import DEFAULT_MODEL, MODELS

SIDE = 480  # the canvas's own pixels; the page scales it to the screen
BRUSHES = {"Finest": 10, "Fine": 16, "Medium": 26, "Broad": 36, "Broadest": 46}  # the same pixels, for the eye only:
BRUSH = "Medium"  # strokes are drawn again for the model
MAX_KEPT = 6_000  # points that a browser may bring back
FARTHEST = 10_000  # canvas pixels that one of them may lie from the corner


@dataclass
class Before:
    """What "Undo" brings back: what was on the canvas, and either the label that it was given or what was deleted."""

    drawing_id: UUID
    objects: list[Any]
    label: bool = False
    removed: dict[str, Any] | None = None


@dataclass
class Pad:
    """A session's canvas. `revision` counts what changes the answer without a new stroke.

    It starts anywhere: a drawing that comes back after a reload must not be taken for one of its own earlier states.
    """

    drawing_id: UUID = field(default_factory=uuid4)
    revision: int = field(default_factory=lambda: secrets.randbelow(2**30))
    canvases: int = 0
    objects: list[Any] = field(default_factory=list)
    undone: list[Any] = field(default_factory=list)
    begin_with: list[Any] = field(default_factory=list)
    model: str = DEFAULT_MODEL
    brush: str = BRUSH
    said: dict[str, Any] | None = None
    before: Before | None = None
    session: str = field(default_factory=lambda: secrets.token_hex(4))
    runs: int = 0
    """Of the page's script, which its component needs to know the newest by."""
    fresh: bool = True
    """Whether nothing has happened in this session yet: a browser may then bring back what the last one has kept."""

    @property
    def pen(self) -> int:
        """The pen's width in the canvas's pixels."""
        return BRUSHES[self.brush]

    @property
    def key(self) -> str:
        """The canvas's key: another one is another canvas, on which nothing of the last can be left over."""
        return f"canvas-{self.canvases}"

    def begin(self, objects: list[Any]) -> None:
        """Replace the canvas by a new one with these objects on it; it is the same drawing."""
        self.canvases += 1
        self.revision += 1
        self.objects = self.begin_with = objects
        self.fresh = False

    def catch_up(self, strokes: str | None) -> None:
        """Know of strokes, as drawing.strokes_json has them, of which the canvas has not sent the last ones yet."""
        drawn = json.loads(strokes or "[]")
        if len(drawn) > len(self.objects):
            self.objects = objects_of([np.array(stroke, np.float64) for stroke in drawn], self.pen)

    def undo(self) -> None:
        """Take the last stroke away."""
        if self.objects:
            *rest, last = self.objects
            self.undone = [*self.undone, last]
            self.begin(rest)

    def redo(self) -> None:
        """Bring the last stroke back that was taken away."""
        if self.undone:
            *self.undone, last = self.undone
            self.begin([*self.objects, last])

    def next_drawing(self, text: str = "", labelled: bool = False) -> None:
        """An empty canvas, and `text` in a toast from where the drawing can be brought back."""
        self.before = Before(self.drawing_id, self.objects, labelled) if self.objects else None
        if text:
            self.say(text, undo=self.before is not None)
        self.drawing_id, self.undone = uuid4(), []
        self.begin([])

    def deleted(self, drawing_id: UUID, removed: dict[str, Any] | None, text: str) -> None:
        """Say that a drawing is deleted, and offer to bring back what was `removed`; it leaves the canvas as well."""
        objects = self.objects if drawing_id == self.drawing_id else []
        if drawing_id == self.drawing_id:
            self.next_drawing()
        self.before = Before(drawing_id, objects, removed=removed) if removed else None
        self.say(text, undo=self.before is not None)

    def clear(self) -> None:
        """Empty the canvas for another drawing."""
        self.next_drawing("Cleared.")

    def bring_back(self) -> None:
        """Undo next_drawing() or deleted(): what was on the canvas is there again."""
        if self.before is not None and self.before.objects:
            self.drawing_id, self.undone = self.before.drawing_id, []
            self.begin(self.before.objects)
        self.before = None

    def say(self, text: str, undo: bool = False) -> None:
        """Have the page say something for a moment."""
        number = self.said["number"] + 1 if self.said else 1
        self.said = {"number": number, "text": text, "undo": undo}

    def restore(self, kept: Any) -> None:
        """Take over what the browser has kept of a page that was reloaded; what is malformed is left out."""
        if not self.fresh or not isinstance(kept, dict):
            return
        if kept.get("model") in MODELS:
            self.model = kept["model"]
        if kept.get("brush") in BRUSHES:
            self.brush = kept["brush"]
        try:
            strokes, self.drawing_id = _kept_strokes(kept["strokes"]), UUID(kept["id"])
        except (KeyError, TypeError, ValueError, AttributeError):
            strokes = []
        self.begin(objects_of(strokes, self.pen))


def _kept_strokes(kept: Any) -> list[np.ndarray]:
    """Strokes as (n, 2) arrays. Raises ValueError or TypeError for anything else."""
    if sum(map(len, kept)) > MAX_KEPT:
        raise ValueError("These are too many points.")
    strokes = [np.array(stroke, np.float64).reshape(-1, 2) for stroke in kept if len(stroke)]
    if not all(np.abs(stroke).max() < FARTHEST for stroke in strokes):
        raise ValueError("These are no points.")
    return strokes


def current_pad() -> Pad:
    """The session's canvas."""
    pad: Pad = st.session_state.setdefault("pad", Pad())
    return pad


def read_anew() -> None:
    """Have what is on the canvas read anew, since something else has changed, such as the person's labels."""
    current_pad().revision += 1
