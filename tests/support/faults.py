"""What can go wrong beside or beneath a running app: its PostgreSQL, the wire there, its disk, the machine's clock."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from storage.embedded import EmbeddedServer
from support.fire import PICTURE
from support.outage import Disk, small_disk
from support.running_app import PatientServer, RunningApp, wait_until
from support.wire import Wire

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
"""From Debian's package faketime."""
ROOM = "180m"  # for PostgreSQL's own files and its write-ahead log


def kill_the_database(app: RunningApp) -> int:
    """The process number of the server that was killed."""
    killed = app.postmaster()
    os.kill(killed, signal.SIGKILL)
    return killed


def spooled(app: RunningApp) -> bool:
    """Whether something waits for the database."""
    return "\ndigit_reader_spool_entries 0.0" not in app.text("/metrics")


def is_back(app: RunningApp, killed: int) -> bool:
    return app.postmaster() not in (0, killed) and app.status("/ready") == 200


def saving_resumes(app: RunningApp, server: EmbeddedServer | None = None, within: float = 60) -> float:
    """Wait until a new reading's row is in the database, from now on where that is there; the seconds it took.

    A `server` that has ended itself is started again, as a container's engine does.
    """
    if server is not None:
        server.start()
    begin = time.monotonic()
    wait_until(lambda: _is_saved(app), within, "that a reading is saved")
    return time.monotonic() - begin


def _is_saved(app: RunningApp) -> bool:
    answer = httpx.post(f"{app.url}/api/predict", files={"file": PICTURE}, timeout=60)
    return bool(app.sql("SELECT 1 FROM predictions WHERE drawing_id = %s", UUID(answer.json()["id"])))


class Clock:
    """The clock that an app asks what time it is; its database has another. How long something took remains true."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0)

    def jump(self, days: int) -> None:
        """From now on it is so many days later (or earlier) than it is; the app sees it within a second."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{days:+d}d\n")
        new.rename(self._file)

    def environment(self) -> dict[str, str]:
        """What a program is started with, to ask this clock."""
        return {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "NO_FAKE_STAT": "1",  # what files say does not jump
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@dataclass(frozen=True)
class Endangered:
    """An app, and what it depends on: its PostgreSQL, the wire there, its disk, and the clock."""

    app: RunningApp
    server: EmbeddedServer
    wire: Wire
    disk: Disk | None
    """None where none can be mounted."""
    clock: Clock | None
    """None where faketime is missing, or the real one is asked."""

    def is_ahead(self, days: int) -> bool:
        """Whether the app's clock is so many days ahead, as it says in each answer."""
        told = parsedate_to_datetime(httpx.get(f"{self.app.url}/health").headers["date"])
        return round((told - datetime.now(UTC)) / timedelta(days=1)) == days


@contextmanager
def endangered(folder: Path, *, clock: bool = False) -> Iterator[Endangered]:
    """One that is ready, on a folder of its own. With a `clock` it starts slowly: faketime takes its time."""
    with ExitStack() as stack:
        disk = None
        with suppress(pytest.skip.Exception):
            disk = stack.enter_context(small_disk(folder / "elsewhere", ROOM))
        server = PatientServer(folder / "elsewhere", "digits")
        server.start()
        stack.callback(server.stop)
        app = RunningApp(folder, DB_HOST="127.0.0.1", DB_USER="postgres", DB_PASSWORD="unused")
        app.server_dir = folder / "elsewhere"
        wire = Wire(Path(app.socket_dir()) / ".s.PGSQL.5432")
        stack.callback(wire.close)
        app.environment["DB_PORT"] = str(wire.port)
        turned = Clock(folder / "clock") if clock and FAKETIME.exists() else None
        app.environment |= turned.environment() if turned else {}
        app.start()
        stack.callback(app.stop)
        yield Endangered(app, server, wire, disk, turned)
