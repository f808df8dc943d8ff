"""What is to be deleted goes in the background: for its age, or because its visitor has asked for that.

One replica at a time does it, in batches with a pause after each, so that those who draw meanwhile notice nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2

from metrics import EXPIRED
from storage.database import Database, DatabaseAway
from storage.erasure import erase_rest
from storage.locks import only_one
from storage.outages import sentence
from storage.retention import expire
from storage.statements import Cursor

INTERVAL = 600.0  # seconds between two looks at what is to go
FIRST_AFTER = 30.0  # seconds from the start, which has enough to do
SWEEPING_LOCK = 20_261_128  # any constant will do, as long as every replica uses the same

log = logging.getLogger(__name__)


class Sweeper:
    """A thread that deletes what erasures have left, and what has no label after `days` days (None: stays)."""

    def __init__(self, database: Database, days: int | None) -> None:
        self._database, self._days = database, days
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def open(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """End, after the batch that is just being deleted."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def wake(self) -> None:
        """Look at once: somebody has asked for an erasure."""
        self._wake.set()

    def sweep(self) -> int:
        """Delete what is to go, unless another replica does; returns how many drawings. Raises DatabaseAway."""
        swept = 0
        with _only_one(self._database) as cursor:
            start = time.perf_counter()
            for count in self._batches(cursor) if cursor else ():
                swept += count
                # As long a pause as the work took leaves at least half of the server's time to those who draw.
                if self._closing.wait(time.perf_counter() - start):
                    break
                start = time.perf_counter()
        return swept

    def _batches(self, cursor: Cursor) -> Iterator[int]:
        yield from erase_rest(cursor)
        if self._days is None:
            return
        expired = 0
        for count in expire(cursor, self._days):
            expired += count
            EXPIRED.inc(count)
            yield count
            yield from erase_rest(cursor)  # a long sweep keeps nobody waiting who has asked for theirs
        if expired:
            log.info("%d unlabelled drawings older than %d days were deleted", expired, self._days)

    def _run(self) -> None:
        self._wake.wait(FIRST_AFTER)
        while not self._closing.is_set():
            self._wake.clear()
            try:
                with suppress(DatabaseAway):
                    self.sweep()
            except Exception:  # or nothing would be deleted any more
                log.exception("deleting old drawings failed; it goes on")
            self._wake.wait(INTERVAL)


@contextmanager
def _only_one(database: Database) -> Iterator[Cursor | None]:
    """What locks.only_one() yields. Raises DatabaseAway, whatever fails."""
    try:
        with only_one(database, SWEEPING_LOCK) as cursor:
            yield cursor
    except psycopg2.Error as error:
        raise DatabaseAway(sentence(error)) from error
