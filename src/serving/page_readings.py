"""Each state of a drawing on a page is read and kept once, whoever brings it first.

The page's component sends the strokes when the pen goes up, and its script asks for the same state when it runs next.
It may know the strokes by slightly different points, so it takes what the component was answered: what a person sees
is what the row says.
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


class DrawingState(NamedTuple):
    """A visitor's drawing as it is on their page: `strokes` strokes, or 1 picture, since `revision`.

    The page's revision counts whatever else changes the answer: undone strokes, another hand.
    """

    drawing_id: UUID
    revision: int
    strokes: int
    model: str
    visitor: str
    source: str = "canvas"


class Ended(NamedTuple):
    """A drawing that was labelled on a page: the one that the page goes on with, and what is said of that."""

    next_id: UUID
    text: str
    strokes: str
    """As in Drawing."""


class PageReadings:
    """The readings of drawings on pages, by their states. Without `keeps`, no row is written and no label is known."""

    def __init__(self, reader: Reader, keeps: bool = True) -> None:
        self._reader, self._keeps, self._lock = reader, keeps, threading.Lock()
        self._known: OrderedDict[DrawingState, Future[Reading]] = OrderedDict()
        self._ended: OrderedDict[tuple[UUID, str], Ended] = OrderedDict()

    def known(self, state: DrawingState) -> Reading | None:
        """The reading of a state that has been read."""
        with self._lock:
            read = self._known.get(state)
        return read.result() if read and read.done() and not read.exception() else None

    def read(
        self,
        state: DrawingState,
        make_drawing: Callable[[], Drawing],
        wanted: Callable[[Reading], bool] | None = None,
    ) -> Future[Reading]:
        """The reading of a state, by `make_drawing` the first time; then its row is queued as well, if it is `wanted`.

        The future raises what Reader.read raises; that is not remembered.
        """
        with self._lock:
            if known := self._known.get(state):
                self._known.move_to_end(state)
                return known
            visitor = state.visitor if self._keeps else None
            read = self._reader.read(make_drawing, state.model, state.source, visitor, state.drawing_id, compare=True)
            self._remember(state, read)
        read.add_done_callback(lambda done: self._finish(state, done, wanted))
        return read

    def remember(self, state: DrawingState, reading: Reading) -> None:
        """Know of a state that was read otherwise, as the digits of a number are."""
        read: Future[Reading] = Future()
        read.set_result(reading)
        with self._lock:
            self._remember(state, read)

    def end(self, drawing_id: UUID, visitor: str, ended: Ended) -> None:
        """Remember that a visitor's page goes on with another drawing, until its script asks."""
        with self._lock:
            self._ended[drawing_id, visitor] = ended
            if len(self._ended) > MAX_STATES:
                self._ended.popitem(last=False)

    def take_ended(self, drawing_id: UUID, visitor: str) -> Ended | None:
        """What the page's script does not know yet of the end of a drawing; it is told once."""
        with self._lock:
            return self._ended.pop((drawing_id, visitor), None)

    def _remember(self, state: DrawingState, read: Future[Reading]) -> None:
        self._known[state] = read
        self._known.move_to_end(state)
        if len(self._known) > MAX_STATES:
            self._known.popitem(last=False)

    def _finish(self, state: DrawingState, read: Future[Reading], wanted: Callable[[Reading], bool] | None) -> None:
        if read.exception():
            with self._lock:
                self._known.pop(state, None)
        elif self._keeps and (wanted is None or wanted(read.result())):
            self._reader.keep(read.result())
