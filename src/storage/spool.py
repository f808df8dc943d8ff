"""A queue in a file, for what the database cannot take at present: SQLite, synced at every commit."""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID


class SpoolBroken(RuntimeError):
    """The spool's file cannot be written; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One statement by its name, and its parameters: JSON's own types, UUID and bytes."""

    statement: str
    parameters: dict[str, Any]


class Spool:
    """Entries in their order, in a file that outlives the process. Safe for threads.

    Every entry is meant for one database, named by its id: those of another stay in the file, untouched and uncounted.
    Entries that came before any database was seen belong to the first one that is.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._lock = threading.Lock()
        self._owner: str | None = None
        self._connection = _open(file)
        self._count = self._counted()

    def __len__(self) -> int:
        return self._count

    @property
    def owner(self) -> str | None:
        """The id of the database that it serves; None until one has been seen."""
        return self._owner

    def serve(self, owner: str) -> None:
        """From now on, keep entries for the database of that id."""
        with self._lock, self._connection:
            self._connection.execute("UPDATE entries SET owner = ? WHERE owner IS NULL", (owner,))
            self._owner = owner
            self._count = self._counted()

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries at the end; they are on the disk when this returns. Raises SpoolBroken."""
        rows = [(self._owner, entry.statement, _packed(entry.parameters)) for entry in entries]
        with self._lock:
            try:
                with self._connection:
                    self._connection.executemany(
                        "INSERT INTO entries (owner, statement, parameters) VALUES (?, ?, ?)", rows
                    )
            except sqlite3.Error as error:
                raise SpoolBroken(f"The spool {self._file} cannot be written: {error}.") from error
            self._count += len(rows)

    def first(self, limit: int) -> list[tuple[int, Entry]]:
        """The oldest entries for its database, each with its number, in their order."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT number, statement, parameters FROM entries WHERE owner = ? ORDER BY number LIMIT ?",
                (self._owner, limit),
            ).fetchall()
        return [(number, Entry(statement, _unpacked(parameters))) for number, statement, parameters in rows]

    def forget(self, last: int) -> None:
        """Take away the entries for its database up to that number: they are safe elsewhere."""
        with self._lock, self._connection:
            self._connection.execute("DELETE FROM entries WHERE owner = ? AND number <= ?", (self._owner, last))
            self._count = self._counted()

    def mentions(self, drawing_id: UUID) -> bool:
        """Whether an entry for that drawing waits here."""
        with self._lock:
            sql = "SELECT EXISTS (SELECT 1 FROM entries WHERE instr(parameters, ?))"
            return bool(self._connection.execute(sql, (str(drawing_id),)).fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _counted(self) -> int:
        sql = "SELECT count(*) FROM entries WHERE ?1 IS NULL OR owner IS NULL OR owner = ?1"
        return int(self._connection.execute(sql, (self._owner,)).fetchone()[0])


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, check_same_thread=False)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE IF NOT EXISTS entries ("
        "  number INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT, statement TEXT NOT NULL, parameters TEXT NOT NULL);"
    )
    return connection


def _packed(parameters: dict[str, Any]) -> str:
    return json.dumps(parameters, default=_pack)


def _pack(value: object) -> dict[str, str]:
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} cannot be spooled.")


def _unpacked(text: str) -> dict[str, Any]:
    return {name: _unpack(value) for name, value in json.loads(text).items()}


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        return UUID(value["uuid"]) if "uuid" in value else base64.b64decode(value["bytes"])
    return value
