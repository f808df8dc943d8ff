"""The spool's SQLite file: checked when it is opened, and moved aside when it is damaged, so that a new one starts."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

# `entries` is as the first release made it, and older versions of the app read nothing else.
_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
  number INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT, statement TEXT NOT NULL, parameters TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS set_aside (
  number INTEGER PRIMARY KEY, owner TEXT, statement TEXT NOT NULL, parameters TEXT NOT NULL,
  reason TEXT NOT NULL, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
"""
_ENTRY = {"number": "INTEGER", "owner": "TEXT", "statement": "TEXT", "parameters": "TEXT"}
_COLUMNS = {"entries": _ENTRY, "set_aside": _ENTRY | {"reason": "TEXT", "at": "TEXT"}}

log = logging.getLogger(__name__)


class SpoolBroken(RuntimeError):
    """The spool's file cannot be read or written; the message says why."""


class SpoolDamaged(SpoolBroken):
    """The spool's file was damaged: it has been moved aside, and a new one can be used."""


class SpoolFile:
    """One connection to the file, opened when it is first needed. For one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why the file cannot be written, in a sentence without its path; None as far as is known."""
        return self._trouble

    @property
    def wanted(self) -> bool:
        """Whether it should be open and is not."""
        return self._connection is None and not self._closed

    @property
    def damaged_files(self) -> list[str]:
        """The names of the damaged files that were moved aside and still are there, the oldest first."""
        return sorted(file.name for file in self._path.parent.glob(f"{self._path.stem}-damaged-*{self._path.suffix}"))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The file in a transaction, synced at the end. Raises SpoolBroken, SpoolDamaged."""
        try:
            connection = self._connection or self._connect()
            before = connection.total_changes
            with connection:
                yield connection
            if connection.total_changes > before:
                self._trouble = None
        except (sqlite3.Error, OSError) as error:
            if _is_damage(error):
                self._move_aside(error)
                raise SpoolDamaged(f"The spool {self._path} is damaged: {error}.") from error
            self._note(error)
            raise SpoolBroken(f"The spool {self._path} cannot be written: {error}.") from error

    def close(self) -> None:
        """Close the file for good."""
        self._closed = True
        self._disconnect()

    def _connect(self) -> sqlite3.Connection:
        if self._closed:
            raise SpoolBroken(f"The spool {self._path} is closed.")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = _open(self._path)
        self._trouble = None
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _move_aside(self, reason: Exception) -> None:
        """Rename the file with its write-ahead log. Raises SpoolBroken."""
        self._disconnect()
        kept = f"{self._path.stem}-damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}{self._path.suffix}"
        try:
            # The file itself comes last: an interruption must not leave its log beside a new file.
            for ending in ("-wal", "-shm", ""):
                with suppress(FileNotFoundError):
                    Path(f"{self._path}{ending}").rename(self._path.with_name(kept + ending))
        except OSError as error:
            self._note(error)
            raise SpoolBroken(f"The spool {self._path} is damaged and cannot be moved: {error}.") from error
        log.error("the spool %s is damaged (%s); it is kept as %s, and a new one is started", self._path, reason, kept)

    def _note(self, error: Exception) -> None:
        """Remember, and log once, why the file cannot be written."""
        words = error.strerror if isinstance(error, OSError) else str(error)
        trouble = f"The spool cannot be written: {words}."
        if trouble != self._trouble:
            log.error("the spool %s cannot be written: %s", self._path, error)
        self._trouble = trouble


def _open(path: Path) -> sqlite3.Connection:
    """A connection to the file, which is created if there is none. Raises sqlite3.Error; see _is_damage()."""
    if not _size(path) and _size(Path(f"{path}-wal")):
        raise sqlite3.DatabaseError("it is empty, and its write-ahead log is not")  # which SQLite would delete
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        _check(connection)
        connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {_TABLES}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _check(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError for a file that is damaged, or not a spool."""
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return
    for table in {"entries", *(tables & _COLUMNS.keys())}:
        sql = 'SELECT name, type, "notnull" AND dflt_value IS NULL FROM pragma_table_info(?)'
        columns = connection.execute(sql, (table,)).fetchall()
        known = {name: kind for name, kind, _ in columns if name in _COLUMNS[table]}
        if known != _COLUMNS[table] or any(needed for name, _, needed in columns if name not in known):
            raise sqlite3.DatabaseError(f"its table {table} is not a spool's")


def _is_damage(error: Exception) -> bool:
    """Whether the file itself is wrong: a full disk, say, is not damage."""
    if type(error) is sqlite3.OperationalError:
        return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR  # a table or column is missing
    return type(error) in (sqlite3.DatabaseError, sqlite3.IntegrityError)
