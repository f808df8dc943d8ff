"""Each state of a canvas is read and kept once, whoever brings it first.

The page's component sends the strokes when the pen goes up; a moment later the canvas itself sends them to the page's
script. The two describe the same strokes by slightly different points, so the second takes what the first was answered:
what a person sees is what the row says.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple
from uuid import UUID

from frames.drawing import Drawing
from serving.reading import Reader, Reading

MAX_STATES = 4096  # remembered, of all visitors together; those that were asked for longest ago are forgotten


class CanvasState(NamedTuple):
    """What was on whose canvas: `strokes` strokes since `revision`, which counts whatever else changes the answer."""

    drawing_id: UUID
    revision: int
    strokes: int
    model: str
    visitor: str


class CanvasReadings:
    """The readings of canvases, by their states."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._lock = reader, threading.Lock()
        self._known: OrderedDict[CanvasState, Future[Reading]] = OrderedDict()

    def read(self, state: CanvasState, make_drawing: Callable[[], Drawing]) -> Future[Reading]:
        """The reading of a state, by `make_drawing` the first time; then its row is queued as well.

        The future raises what Reader.read raises; that is not remembered.
        """
        with self._lock:
            known = self._known.get(state)
            if known is None:
                known = self._reader.read(make_drawing, state.model, "canvas", state.visitor, state.drawing_id)
                self._known[state] = known
                first = True
            else:
                first = False
            self._known.move_to_end(state)
            while len(self._known) > MAX_STATES:
                self._known.popitem(last=False)
        if first:
            known.add_done_callback(lambda done: self._finish(state, done))
        return known

    def _finish(self, state: CanvasState, read: Future[Reading]) -> None:
        if read.exception():
            with self._lock:
                self._known.pop(state, None)
        else:
            self._reader.keep(read.result())
