"""A queue in a file, for what the database cannot take at present.

Nothing that was acknowledged is thrown away: an entry that no database would accept moves to a table of its own,
`set_aside`, and a damaged file is kept under another name.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from storage.spool_file import SpoolBroken, SpoolDamaged, SpoolFile

MAX_ENTRIES = 1_000_000  # two to three gigabytes: a day without the database at a dozen drawings a second

# Entries for the database that is served, and not dealt with yet.
_WAITING = """
(owner = :owner OR owner IS NULL) AND number > :done AND number NOT IN (SELECT value FROM json_each(:aside))
"""


class UnreadableEntry(ValueError):
    """An entry of the spool is not in a form that this version of the app knows."""


@dataclass(frozen=True)
class Entry:
    """One statement by its name, and its parameters: JSON's own types, UUID and bytes."""

    statement: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Stored:
    """An entry as the file has it. Later entries have higher numbers."""

    number: int
    statement: bytes
    parameters: bytes

    def entry(self) -> Entry:
        """The entry. Raises UnreadableEntry."""
        try:
            return Entry(self.statement.decode(), _unpacked(self.parameters))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise UnreadableEntry(f"it cannot be read ({type(error).__name__})") from error


class Spool:
    """Entries in their order, in a file that outlives the process. Safe for threads.

    Every entry is meant for one database, named by its id: those of another stay in the file, untouched and uncounted.
    Entries that came before any database was seen belong to the first one that is.
    """

    def __init__(self, path: Path) -> None:
        self._file = SpoolFile(path)
        self._lock = threading.Lock()
        self._owner: str | None = None
        self._reset()
        with self._lock:
            self._recount()

    def _reset(self) -> None:
        self._count = 0
        self._last_read = 0  # a number
        # Dealt with: everything up to the number `_done`, and, by their numbers, those to be set aside for a reason.
        # They leave the file at once or, if it cannot be written, as soon as it can.
        self._done = 0
        self._aside: dict[int, str] = {}
        self._unsettled = False

    def __len__(self) -> int:
        return self._count

    @property
    def owner(self) -> str | None:
        """The id of the database that it serves; None until one has been seen."""
        return self._owner

    @property
    def trouble(self) -> str | None:
        """Why the file cannot be written, in a sentence without its path; None as far as is known."""
        return self._file.trouble

    @property
    def full(self) -> bool:
        """Whether it has as many entries as it takes."""
        return self._count >= MAX_ENTRIES

    @property
    def damaged_files(self) -> list[str]:
        """The names of the damaged files that were moved aside and still are there, the oldest first."""
        return self._file.damaged_files

    @property
    def set_aside_count(self) -> int:
        """How many entries are set aside, for any database."""
        with self._lock, suppress(SpoolBroken), self._transaction() as connection:
            return int(connection.execute("SELECT count(*) FROM set_aside").fetchone()[0]) + len(self._aside)
        return len(self._aside)

    @property
    def behind(self) -> bool:
        """Whether settle() has something to do."""
        return self._file.wanted or self._unsettled

    def settle(self) -> None:
        """Try again what could not be written, or to open the file."""
        with self._lock:
            self._settle()
            self._recount()

    def serve(self, owner: str) -> None:
        """From now on, keep entries for the database of that id."""
        with self._lock:
            if owner == self._owner:
                return
            self._settle()
            # Even where this cannot be written, they count as this database's.
            with suppress(SpoolBroken), self._transaction() as connection:
                connection.execute("UPDATE entries SET owner = ? WHERE owner IS NULL", (owner,))
            self._owner, self._done = owner, 0
            self._recount()

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries at the end; they are on the disk when this returns. Raises SpoolBroken, also where it is full."""
        if self.full:
            raise SpoolBroken("It is full.")
        rows = [(self._owner, entry.statement, _packed(entry.parameters)) for entry in entries]
        with self._lock:
            self._settle()
            try:
                self._insert(rows)
            except SpoolDamaged:
                self._insert(rows)
            self._count += len(rows)

    def first(self, limit: int) -> list[Stored]:
        """The oldest entries for its database, in their order. Raises SpoolBroken."""
        # As bytes: text that is not UTF-8 must not keep the others from being read.
        sql = (
            "SELECT number, CAST(statement AS BLOB), CAST(parameters AS BLOB) FROM entries "  # noqa: S608
            f"WHERE {_WAITING} ORDER BY number LIMIT :limit"
        )
        with self._lock, self._transaction() as connection:
            rows = connection.execute(sql, {**self._dealt_with(), "limit": limit}).fetchall()
            if rows:
                self._last_read = rows[-1][0]
            elif self._owner:
                self._count = 0  # another program may have emptied the file
        return [Stored(*row) for row in rows]

    def forget(self, last: int) -> None:
        """Take away the entries for its database up to that number: they are safe elsewhere."""
        with self._lock:
            self._done, self._unsettled = min(last, self._last_read), True  # the numbers of a new file begin again
            self._settle()
            self._recount()

    def set_aside(self, number: int, reason: str) -> None:
        """Move an entry to the table of those that no database would accept."""
        with self._lock:
            if number <= self._last_read:  # or else its file has been moved aside since
                self._aside[number], self._unsettled = reason, True
                self._settle()
                self._recount()

    def erase(self, text: str) -> None:
        """Delete what is set aside of the entries that mention a text; in a file that cannot be written they stay."""
        with self._lock, suppress(SpoolBroken):
            self._settle()
            with self._transaction() as connection:
                connection.execute("DELETE FROM set_aside WHERE instr(parameters, ?)", (text,))

    def has_set_aside(self, drawing_id: UUID) -> bool:
        """Whether an entry that is set aside mentions that drawing. Raises SpoolBroken."""
        sql = """
        SELECT EXISTS (SELECT 1 FROM set_aside WHERE instr(parameters, :id)) OR EXISTS (
            SELECT 1 FROM entries WHERE number IN (SELECT value FROM json_each(:aside)) AND instr(parameters, :id))
        """
        with self._lock, self._transaction() as connection:
            return bool(connection.execute(sql, {**self._dealt_with(), "id": str(drawing_id)}).fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._settle()
            self._file.close()

    # --- With the lock held -------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._file.transaction() as connection:
                yield connection
        except SpoolDamaged:
            self._reset()
            raise

    def _insert(self, rows: Sequence[tuple[str | None, str, str]]) -> None:
        with self._transaction() as connection:
            connection.executemany("INSERT INTO entries (owner, statement, parameters) VALUES (?, ?, ?)", rows)

    def _settle(self) -> None:
        """Take out of the file what is dealt with; if that fails it stays hidden, for a later attempt."""
        if not self._unsettled:
            return
        aside = [{"number": number, "reason": reason} for number, reason in self._aside.items()]
        with suppress(SpoolBroken):
            with self._transaction() as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO set_aside (number, owner, statement, parameters, reason) "
                    "SELECT number, owner, statement, parameters, :reason FROM entries WHERE number = :number",
                    aside,
                )
                connection.executemany("DELETE FROM entries WHERE number = :number", aside)
                connection.execute(
                    "DELETE FROM entries WHERE (owner = :owner OR owner IS NULL) AND number <= :done",
                    self._dealt_with(),
                )
            self._aside, self._unsettled = {}, False

    def _recount(self) -> None:
        sql = f"SELECT count(*) FROM entries WHERE {_WAITING if self._owner else 'true'}"  # noqa: S608
        with suppress(SpoolBroken), self._transaction() as connection:
            self._count = int(connection.execute(sql, self._dealt_with()).fetchone()[0])

    def _dealt_with(self) -> dict[str, Any]:
        return {"owner": self._owner, "done": self._done, "aside": json.dumps(list(self._aside))}


def _packed(parameters: dict[str, Any]) -> str:
    return json.dumps(parameters, default=_pack)


def _pack(value: object) -> dict[str, str]:
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} cannot be spooled.")


def _unpacked(text: bytes) -> dict[str, Any]:
    return {name: _unpack(value) for name, value in json.loads(text).items()}


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        return UUID(value["uuid"]) if "uuid" in value else base64.b64decode(value["bytes"], validate=True)
    return value
