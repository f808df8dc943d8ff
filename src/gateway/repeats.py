"""Log lines that repeat themselves: whatever can be provoked from outside must not fill the disk."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MOST = 20  # lines of one kind within
SPAN = 60.0  # seconds
MOST_KINDS = 1_000  # that are remembered
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\w*\d\w*")  # names, numbers and ids: in these, lines of one kind differ


@dataclass
class _Kind:
    began: float
    lines: int = 0
    left_out: int = 0


class FewRepeats(logging.Filter):
    """Lets through MOST lines of one kind in a SPAN; the next one afterwards says how many were left out.

    What is no error has no traceback: nobody's program is wrong where a stranger sends nonsense.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self._lock = clock, threading.Lock()
        self._kinds: dict[Hashable, _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is to be written."""
        if record.levelno < logging.ERROR:
            record.exc_info = None
        key = (record.name, record.levelno, _VARYING.sub("#", str(record.msg)[:200]))
        with self._lock:
            kind, before = self._kind(key)
            kind.lines += 1
            kind.left_out += kind.lines > MOST
            let_through = kind.lines <= MOST
        if let_through and before:
            record.msg, record.args = f"{record.getMessage()} (and {before} more lines like this one)", None
        return let_through

    def _kind(self, key: Hashable) -> tuple[_Kind, int]:
        """A line's kind in the present span, and how many were left out of the one before, if this is its first."""
        now, known = self._clock(), self._kinds.get(key)
        if known is not None and now - known.began < SPAN:
            return known, 0
        if len(self._kinds) >= MOST_KINDS:
            self._kinds = {name: each for name, each in self._kinds.items() if now - each.began < SPAN}
            if len(self._kinds) >= MOST_KINDS:
                self._kinds.clear()
        self._kinds[key] = _Kind(now)
        return self._kinds[key], known.left_out if known else 0


def install() -> None:
    """Have every handler there is write few repeats. Streamlit and uvicorn give their loggers handlers of their own."""
    few = FewRepeats()
    loggers = [logging.getLogger(), *(each for each in logging.root.manager.loggerDict.values())]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            handler.addFilter(few)
