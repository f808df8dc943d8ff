"""One thread writes for all callers: what has queued up goes into one transaction, and then all callers are told.

While the database is unavailable, everything goes into the spool and is delivered, in order, once it is back, even if
the app was killed in between. Acknowledged means committed, or synced in the spool. Every statement may be repeated
without harm, which is what makes "once" possible across two stores.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from storage.database import Database, DatabaseAway
from storage.delivery import BATCH, Delivery
from storage.outages import words
from storage.spool import Entry, Spool
from storage.spool_file import SpoolBroken
from storage.statements import Refused, Row, Statement, Statements

POLL_INTERVAL = 0.1  # seconds between two looks at whether the database is back
MAX_QUEUED = 10_000  # entries in memory: what many people draw in half a minute in which the database hangs
MAX_PAUSE = 3.0  # seconds between two attempts on a database that answers, and yet takes nothing

REFUSED = "The database does not accept this entry."
NOWHERE = "This cannot be saved at present: neither the database nor the disk of this machine takes it."
TOO_MUCH = "Too much is being saved at once: send this one again in a few seconds."
FAILED = "This was not saved; the app's log says why."
UNDELIVERED = "What waits for the database cannot be written to it; the app's log says why."

log = logging.getLogger(__name__)


class NotWritten(RuntimeError):
    """An entry is nowhere: the database refused it, or neither place could be written. The message is for visitors."""


class TooMuchToWrite(NotWritten):
    """More entries wait than can be written soon."""


@dataclass(frozen=True)
class Written:
    """An entry is safe: in the database, with the row that its statement returned, or in the spool."""

    spooled: bool
    row: Row | None = None

    @property
    def outcome(self) -> str:
        """One of metrics.OUTCOMES: saved, spooled or, as the row says, unknown (nothing was found) or refused."""
        if self.row is None:
            return "spooled"
        if not self.row[0]:
            return "unknown"
        return "refused" if "refused" in self.row else "saved"


@dataclass(frozen=True)
class _Waiting:
    entry: Entry
    written: Future[Written] = field(default_factory=Future)


class Writer:
    """Takes entries from any thread and writes them in their order."""

    def __init__(self, database: Database, spool: Spool, statements: Mapping[str, Statement]) -> None:
        self.spool = spool
        self._database = database
        self._statements = Statements(database, statements)
        self._delivery = Delivery(database, spool, self._statements)
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._trouble: str | None = None
        self._pause, self._next_attempt = 0.0, 0.0
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def open(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """Write or spool what is queued, and end."""
        self._queue.put(None)
        self._thread.join(timeout=30)
        self.spool.close()

    @property
    def spooled(self) -> int:
        """How many entries wait in the spool."""
        return len(self.spool)

    @property
    def trouble(self) -> str | None:
        """Why the database took nothing at the last attempt, in a sentence; None if it did."""
        return self._trouble

    def submit(self, entry: Entry) -> Future[Written]:
        """Queue an entry; the future is done when it is committed, or synced in the spool, or raises NotWritten.

        That is TooMuchToWrite, at once, where MAX_QUEUED entries wait.
        """
        waiting = _Waiting(entry)
        waiting.written.set_running_or_notify_cancel()  # a caller that gives up must not fail the others of its batch
        if self._queue.qsize() < MAX_QUEUED:
            self._queue.put(waiting)
        else:
            waiting.written.set_exception(TooMuchToWrite(TOO_MUCH))
        return waiting.written

    def _run(self) -> None:
        """Deliver and write until close(). The thread survives any error, and one of the delivery fails no caller."""
        running = True
        while running:
            batch, running = self._take()
            try:
                self._deliver()
            except Exception:
                if self._trouble != UNDELIVERED:
                    log.exception("the delivery from the spool failed")
                self._trouble = UNDELIVERED
                self._postpone()
            try:
                self._write(batch)
            except Exception as error:
                log.exception("writing failed")
                _fail(batch, FAILED, error)

    def _take(self) -> tuple[list[_Waiting], bool]:
        """What has queued up, at most a batch, and whether to go on; soon back while something is to be retried."""
        batch: list[_Waiting] = []
        retrying = self.spooled or self._trouble or self.spool.behind
        try:
            waiting = self._queue.get(timeout=POLL_INTERVAL if retrying else None)
            while waiting is not None:
                batch.append(waiting)
                if len(batch) == BATCH:
                    return batch, True
                waiting = self._queue.get_nowait()
        except queue.Empty:
            return batch, True
        return batch, False

    def _deliver(self) -> None:
        """Empty the spool, if there is cause to try, as far as that goes."""
        if self.spool.behind:
            self.spool.settle()
        due = self.spooled or self._trouble or self.spool.owner is None
        if not due or self._database.away is not None or time.monotonic() < self._next_attempt:
            return
        try:
            self._delivery.deliver()
        except DatabaseAway as error:
            self._failed(error)
        except SpoolBroken:
            self._postpone()
        else:
            self._succeeded()

    def _write(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch; while the database is unavailable, or older entries wait for it, spool the batch."""
        if not batch:
            return
        in_order = not self.spooled
        if in_order and self._commit(batch):
            return
        try:
            self.spool.append([waiting.entry for waiting in batch])
        except SpoolBroken as error:
            # The last resort: a spool that cannot be written must not keep anything from a database that is there.
            if in_order or not self._commit(batch):
                _fail(batch, NOWHERE, error)
        else:
            for waiting in batch:
                waiting.written.set_result(Written(spooled=True))

    def _commit(self, batch: Sequence[_Waiting]) -> bool:
        """Commit a batch and tell its callers; False if the database is unavailable."""
        try:
            rows = self._statements.commit([waiting.entry for waiting in batch])
        except DatabaseAway as error:
            self._failed(error)
            return False
        except Refused as error:
            self._write_singly(batch, error)
        else:
            self._succeeded()
            for text in self._statements.erased([waiting.entry for waiting in batch]):
                self.spool.erase(text)
            for waiting, row in zip(batch, rows, strict=True):
                waiting.written.set_result(Written(spooled=False, row=row))
        return True

    def _write_singly(self, batch: Sequence[_Waiting], error: Refused) -> None:
        """Find the entry of a batch that is refused, so that the others do not suffer for it."""
        if len(batch) == 1:
            log.error("the database refuses an entry: %s", error)
            _fail(batch, REFUSED, error)
            return
        for waiting in batch:
            self._write([waiting])

    def _succeeded(self) -> None:
        self._trouble, self._pause, self._next_attempt = None, 0.0, 0.0

    def _failed(self, error: DatabaseAway) -> None:
        if self._trouble != str(error):
            log.warning("entries go to the spool: %s %s", error, words(error.__cause__))
        self._trouble = str(error)
        self._postpone()

    def _postpone(self) -> None:
        """Double the pause before the next attempt; an unavailable database is attempted as soon as it is back."""
        if self._database.away is None:
            self._pause = min(MAX_PAUSE, max(POLL_INTERVAL, 2 * self._pause))
            self._next_attempt = time.monotonic() + self._pause


def _fail(batch: Sequence[_Waiting], sentence: str, error: Exception) -> None:
    for waiting in batch:
        if not waiting.written.done():
            failure = NotWritten(sentence)
            failure.__cause__ = error
            waiting.written.set_exception(failure)
