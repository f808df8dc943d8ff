"""How full the disk is on which DATA_DIR lies: the embedded PostgreSQL and the spool, and with Docker every volume."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from storage.database import Database

LOW_BYTES = 2_000_000_000  # what one client fills in most of a day, at 30 drawings a second
LOW_FRACTION = 0.1  # of a small disk


class Space(NamedTuple):
    """A disk's free bytes, those that the app may use, and its size."""

    free: int
    size: int

    @property
    def low(self) -> bool:
        """Whether it is time to make room, as the alert DiskNearlyFull has it."""
        return self.free < LOW_BYTES and self.free < LOW_FRACTION * self.size

    @property
    def words(self) -> str:
        """How much is left, such as "1.2 of 40.0 GB"."""
        return f"{self.free / 1e9:.1f} of {self.size / 1e9:.1f} GB"


def space(folder: Path) -> Space | None:
    """What is left on a folder's disk, which need not be there yet; None where the system does not say."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        found = shutil.disk_usage(there)
    except OSError:
        return None
    return Space(found.free, found.total)


def database_bytes(database: Database) -> int:
    """The database's size, wherever its disk is. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone() or (0,)
    return int(size)
