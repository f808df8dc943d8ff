"""What waits in the spool is brought to the database, oldest first; what no database would accept is set aside."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

from storage.database import Database, SchemaMismatch
from storage.outages import SCHEMA_MISMATCH, words
from storage.spool import Spool, Stored, UnreadableEntry
from storage.statements import Refused, Statements

BATCH = 200  # entries in one transaction: enough to save commits, few enough to answer soon

log = logging.getLogger(__name__)


class Delivery:
    """From one spool to one database."""

    def __init__(self, database: Database, spool: Spool, statements: Statements) -> None:
        self._database, self._spool, self._statements = database, spool, statements

    def deliver(self) -> None:
        """Deliver everything that is meant for this database. Raises DatabaseAway, SchemaMismatch, SpoolBroken."""
        self._identify()
        while batch := self._spool.first(BATCH):
            try:
                self._deliver_together(batch)
            except (Refused, SchemaMismatch):
                self._deliver_singly(batch)
            else:
                self._spool.forget(batch[-1].number)
            log.info("%d entries delivered from the spool, %d left", len(batch), len(self._spool))

    def _identify(self) -> None:
        """Learn which database this is, so that what is spooled for it reaches no other."""
        with self._database.transaction() as cursor:
            cursor.execute("SELECT id::text FROM installation")
            found = cursor.fetchone()
        if found is None:
            raise SchemaMismatch(SCHEMA_MISMATCH)
        self._spool.serve(found[0])

    def _deliver_together(self, batch: Sequence[Stored]) -> None:
        try:
            entries = [stored.entry() for stored in batch]
        except UnreadableEntry as error:
            raise Refused(str(error)) from error
        for stored, entry, row in zip(batch, entries, self._statements.commit(entries, late=True), strict=True):
            # A label, say, found no drawing because the drawing's own entry was set aside: they stay together.
            drawing = entry.parameters.get("drawing_id")
            if row is not None and not row[0] and isinstance(drawing, UUID) and self._spool.has_set_aside(drawing):
                self._set_aside(stored, "an earlier entry of the same drawing is set aside")
        for text in self._statements.erased(entries):
            self._spool.erase(text)

    def _deliver_singly(self, batch: Sequence[Stored]) -> None:
        """Deliver entries one at a time, and set aside those that are at fault themselves."""
        last = None
        try:
            for position, stored in enumerate(batch):
                try:
                    self._deliver_together([stored])
                except Refused as error:
                    self._set_aside(stored, str(error))
                except SchemaMismatch as error:
                    if not self._is_at_fault(stored, batch[position + 1 :]):
                        raise
                    self._set_aside(stored, words(error.__cause__))
                last = stored.number
        finally:
            if last is not None:
                self._spool.forget(last)

    def _is_at_fault(self, stored: Stored, later: Sequence[Stored]) -> bool:
        """Whether an entry does not fit the tables (by the type of a value, say) although another of its kind does."""
        others = (other for other in later if other.statement == stored.statement)
        return any(map(self._fits, others)) and not self._fits(stored)

    def _fits(self, stored: Stored) -> bool:
        try:
            return self._statements.fits(stored.entry())
        except UnreadableEntry:
            return False

    def _set_aside(self, stored: Stored, reason: str) -> None:
        kind = stored.statement.decode(errors="replace")
        log.error("entry %d of the spool (%s) is set aside: %s", stored.number, kind, reason)
        self._spool.set_aside(stored.number, reason)
