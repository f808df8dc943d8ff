"""A canvas of a session: the one history of its strokes, and what a browser may bring back to it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from frames.canvas import MAX_POINTS, MAX_STROKES, TooMuchDrawn, paths_of, strokes_of

FARTHEST = 10_000  # canvas pixels that one of them may lie from the corner


@dataclass
class Sheet:
    """The strokes on one canvas. `revision` counts what changes the answer without a new stroke.

    Counts start anywhere: a drawing that comes back after a reload must not be taken for one of its own earlier states,
    nor a canvas that stayed on the page, when its session was lost, for this session's own.
    """

    name: ClassVar[str] = "canvas"
    revision: int = field(default_factory=lambda: secrets.randbelow(2**30))
    canvases: int = field(default_factory=lambda: secrets.randbelow(2**30))
    objects: list[Any] = field(default_factory=list)
    undone: list[Any] = field(default_factory=list)
    begin_with: list[Any] = field(default_factory=list)
    fresh: bool = True
    """Whether nothing has happened on it in this session yet: a browser may then bring back what the last one kept."""

    @property
    def key(self) -> str:
        """The canvas's key: another one is another canvas, on which nothing of the last can be left over."""
        return f"{self.name}-{self.canvases}"

    def begin(self, objects: list[Any]) -> None:
        """Replace the canvas by a new one with these objects on it; it is the same drawing."""
        self.canvases += 1
        self.revision += 1
        self.objects = self.begin_with = objects
        self.fresh = False

    def take(self, drawn: Any) -> list[np.ndarray]:
        """Take over what a canvas says is drawn on it; returns the strokes, (n, 2) arrays in canvas pixels.

        What is no drawing has none. Raises TooMuchDrawn, and then nothing has changed.
        """
        objects, strokes = paths_of(drawn), strokes_of(drawn)
        if len(objects) > len(self.objects):
            self.undone = []  # after a new stroke nothing can be redone
        self.objects = objects
        return strokes

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

    def clear(self) -> None:
        """Empty the canvas, and offer to undo that."""
        raise NotImplementedError


def kept_strokes(kept: Any) -> list[np.ndarray]:
    """Strokes that a browser has kept as (n, 2) arrays.

    Raises TooMuchDrawn for more than a hand draws, and ValueError or TypeError for what are no strokes.
    """
    if len(kept) > MAX_STROKES or sum(map(len, kept)) > MAX_POINTS:
        raise TooMuchDrawn
    strokes = [np.array(stroke, np.float64).reshape(-1, 2) for stroke in kept if len(stroke)]
    if not all(np.abs(stroke).max() < FARTHEST for stroke in strokes):
        raise ValueError("These are no points.")
    return strokes
