"""In place of the database and of the writer where READ_ONLY is true: nothing is kept, and whoever asks is told."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from storage.database import Database
from storage.spool import Entry, Spool
from storage.writer import NotWritten, Writer, Written

NOTHING_KEPT = "This app only reads drawings: it keeps nothing, and takes no labels."


class NoServer:
    """A server that never starts."""

    def start(self) -> str:
        """Raises OSError."""
        raise OSError(NOTHING_KEPT)

    def stop(self) -> None:
        """There is nothing to stop."""


class NoDatabase(Database):
    """A database that is always away, and says why."""

    def __init__(self) -> None:
        super().__init__(NoServer())
        self._why_away = NOTHING_KEPT

    def open(self) -> None:
        """There is nothing to connect to."""

    def close(self, *, stop_server: bool = True) -> None:
        """There is nothing to close."""


class NoWriter(Writer):
    """A writer that refuses every entry."""

    def __init__(self) -> None:
        super().__init__(NoDatabase(), Spool(Path(":memory:")), {})  # SQLite's name for no file

    def open(self) -> None:
        """There is nothing to write."""

    def close(self) -> None:
        """There is nothing to end."""

    def submit(self, entry: Entry) -> Future[Written]:  # noqa: ARG002 - the writer's own
        """A future that raises NotWritten."""
        refused: Future[Written] = Future()
        refused.set_exception(NotWritten(NOTHING_KEPT))
        return refused
