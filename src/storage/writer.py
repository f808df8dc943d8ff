"""One thread that writes for everybody: what has queued up goes into one transaction, and then all are told.

While the database is away, everything goes into the spool instead and is delivered, in order, when it is back: also
when the app was killed in between. Acknowledged means committed, or synced in the spool. Every statement may be
repeated without harm, and that is what makes "once" possible across two stores.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import psycopg2
import psycopg2.extensions

from storage.database import Database, DatabaseAway
from storage.spool import Entry, Spool, SpoolBroken

BATCH = 200  # entries in one transaction: enough to spare commits, few enough to answer soon
PATIENCE = 0.1  # seconds between two looks at a database that is away while entries wait for it

Cursor = psycopg2.extensions.cursor
REFUSED = (psycopg2.IntegrityError, psycopg2.DataError)

log = logging.getLogger(__name__)


class NotWritten(RuntimeError):
    """An entry is nowhere: the database refused it, or neither place could be written. The message says why."""


@dataclass(frozen=True)
class Statement:
    """SQL with named parameters; an entry may leave out those that have `defaults`.

    A statement that `returns` a row is executed by itself, the others of a batch in one round trip.
    """

    sql: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    returns: bool = False


@dataclass(frozen=True)
class Written:
    """An entry is safe: in the database, with the row that its statement returned, or in the spool."""

    spooled: bool
    row: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class _Waiting:
    entry: Entry
    told: Future[Written] = field(default_factory=Future)


class Writer:
    """Takes entries from any thread and writes them in their order."""

    def __init__(self, database: Database, spool: Spool, statements: Mapping[str, Statement]) -> None:
        self._database, self._spool, self._statements = database, spool, statements
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def open(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """Write or spool what is queued, and end."""
        self._queue.put(None)
        self._thread.join(timeout=30)
        self._spool.close()

    @property
    def spooled(self) -> int:
        """How many entries wait in the spool."""
        return len(self._spool)

    def submit(self, entry: Entry) -> Future[Written]:
        """Queue an entry; the future is done when it is committed, or synced in the spool, or raises NotWritten."""
        waiting = _Waiting(entry)
        self._queue.put(waiting)
        return waiting.told

    def _run(self) -> None:
        going = True
        while going:
            batch, going = self._take()
            try:
                self._meet()
                self._deliver()
                self._write(batch)
            except Exception as error:
                # The thread must outlive whatever it is, and those who wait must hear of it.
                log.exception("the writer stumbled")
                _tell(batch, error)

    def _meet(self) -> None:
        """Learn which database this is, once, so that what is spooled for it reaches no other."""
        if self._spool.owner is None and self._database.away is None:
            with suppress(DatabaseAway), self._database.transaction() as cursor:
                cursor.execute("SELECT id::text FROM installation")
                (owner,) = cursor.fetchone() or (None,)
                if owner is not None:
                    self._spool.serve(owner)

    def _take(self) -> tuple[list[_Waiting], bool]:
        """What has queued up, at most a batch, and whether to go on; soon back while the spool is not empty."""
        batch: list[_Waiting] = []
        try:
            waiting = self._queue.get(timeout=PATIENCE if self.spooled else None)
            while waiting is not None:
                batch.append(waiting)
                if len(batch) == BATCH:
                    return batch, True
                waiting = self._queue.get_nowait()
        except queue.Empty:
            return batch, True
        return batch, False

    def _write(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch; while the database is away, or older entries still wait for it, spool the batch."""
        if not batch:
            return
        try:
            rows = None if self.spooled else self._commit([waiting.entry for waiting in batch])
        except DatabaseAway:
            rows = None
        except REFUSED as error:
            self._apart(batch, error)
            return
        if rows is None:
            self._keep(batch)
        else:
            for waiting, row in zip(batch, rows, strict=True):
                waiting.told.set_result(Written(spooled=False, row=row))

    def _apart(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """Find the entry of a batch that the database refuses: the others must not suffer for it."""
        if len(batch) == 1:
            log.error("refused by the database: %s", error)
            _tell(batch, error)
            return
        for waiting in batch:
            self._write([waiting])

    def _keep(self, batch: Sequence[_Waiting]) -> None:
        try:
            self._spool.append([waiting.entry for waiting in batch])
        except SpoolBroken as error:
            log.error("%s", error)
            _tell(batch, error)
        else:
            for waiting in batch:
                waiting.told.set_result(Written(spooled=True))

    def _deliver(self) -> None:
        """Bring what waits in the spool to the database, oldest first, as far as that goes."""
        while self.spooled and self._spool.owner and self._database.away is None:
            numbered = self._spool.first(BATCH)
            try:
                self._deliver_batch([entry for _, entry in numbered])
            except DatabaseAway:
                return
            self._spool.forget(numbered[-1][0])
            log.info("%d entries delivered from the spool, %d left", len(numbered), self.spooled)

    def _deliver_batch(self, entries: Sequence[Entry]) -> None:
        try:
            self._commit(entries)
        except REFUSED as error:
            if len(entries) == 1:
                # It was accepted by a past version of this app and can never be written: say so, and go on.
                log.error("an entry of the spool is refused by the database and dropped: %s", error)
                return
            for entry in entries:
                self._deliver_batch([entry])

    def _commit(self, entries: Sequence[Entry]) -> list[tuple[Any, ...] | None]:
        """Execute entries in order in one transaction; the row that each returned. Raises DatabaseAway, REFUSED."""
        groups = [
            (self._statements[name], [entry.parameters for entry in group])
            for name, group in groupby(entries, key=lambda entry: entry.statement)
        ]
        alone = len(groups) == 1 and not groups[0][0].returns
        with self._database.at_once() if alone else self._database.transaction() as cursor:
            return [row for group in groups for row in _execute(cursor, *group)]


def _execute(cursor: Cursor, statement: Statement, parameters: list[dict[str, Any]]) -> list[tuple[Any, ...] | None]:
    """Execute one statement for each set of parameters, in order."""
    complete = [{**statement.defaults, **each} for each in parameters]
    if not statement.returns:
        cursor.execute(b";".join(cursor.mogrify(statement.sql, each) for each in complete))
        return [None] * len(parameters)
    rows: list[tuple[Any, ...] | None] = []
    for each in complete:
        cursor.execute(statement.sql, each)
        rows.append(cursor.fetchone())
    return rows


def _tell(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.told.done():
            failure = NotWritten(str(error))
            failure.__cause__ = error
            waiting.told.set_exception(failure)
