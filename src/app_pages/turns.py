"""Runs of the pages take turns: a few at once, so that the answers under the pen need not wait for all of them.

Python runs one thread at a time, and an answer passes through several. Among two hundred pages that run at once, each
of its steps would wait for dozens of theirs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streamlit.runtime.scriptrunner import RerunException

AT_ONCE = 4
PATIENCE = 5.0  # seconds, after which a page runs without a turn: whatever those before it do, it does not hang

_turns = threading.BoundedSemaphore(AT_ONCE)
_of_thread = threading.local()


class _Turn:
    """A turn of this thread; given back with the thread at the latest."""

    def __init__(self) -> None:
        self._taken = False

    def take(self) -> None:
        self._taken = self._taken or _turns.acquire(timeout=PATIENCE)

    def give_back(self) -> bool:
        """Whether there was one to give back."""
        taken, self._taken = self._taken, False
        if taken:
            _turns.release()
        return taken

    def __del__(self) -> None:
        self.give_back()


@contextmanager
def turn() -> Iterator[None]:
    """Wait for a turn, at most PATIENCE seconds, and have it until the block ends.

    A run that is stopped because the page has to run again keeps it for that: it has waited already.
    """
    mine: _Turn = getattr(_of_thread, "turn", None) or _Turn()
    _of_thread.turn = mine
    mine.take()
    try:
        yield
    except RerunException:
        raise
    except BaseException:
        mine.give_back()
        raise
    else:
        mine.give_back()


@contextmanager
def elsewhere() -> Iterator[None]:
    """Leave a turn to others, while this thread waits for something that takes long; then take one again.

    Where there is none, as in a fragment that runs by itself, there is none afterwards either.
    """
    mine: _Turn | None = getattr(_of_thread, "turn", None)
    left = mine is not None and mine.give_back()
    try:
        yield
    finally:
        if mine is not None and left:
            mine.take()
