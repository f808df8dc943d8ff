"""The nightly self-check: starts it when it is time, on one replica, and knows what the last one has found.

The check is a process of its own at the lowest priority, as a training is. Whether it is time is asked of the database,
by its clock: every replica asks, and whoever gets the lock checks.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from contextlib import suppress

from feedback.jobs import end_process, run_in_background
from storage import check_log
from storage.check_log import CheckUnderWay, Known, SelfCheck
from storage.database import Database, DatabaseAway

LOOK_INTERVAL = 60.0  # seconds between two looks at what is known of the checks
GRACE = 30 * 60.0  # seconds after the start, in which no check starts by itself: others need the machine then

log = logging.getLogger(__name__)


class NightlyCheck:
    """Starts self-checks: every night, and when an administrator asks for one."""

    def __init__(self, database: Database, grace: float = GRACE, interval: float = LOOK_INTERVAL) -> None:
        self._database, self._grace, self._interval = database, grace, interval
        self._starting = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._closing = threading.Event()
        self._last: SelfCheck | None = None
        self._thread = threading.Thread(target=self._run, name="nightly-check", daemon=True)

    def open(self) -> None:
        """Begin to wait for the night."""
        self._thread.start()

    def close(self) -> None:
        """End, and end a running check: the next one begins where the last whole one ended."""
        self._closing.set()
        with self._starting:
            if self._process is not None:
                end_process(self._process)
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def last(self) -> SelfCheck | None:
        """The last check that ended, as known a minute ago."""
        return self._last

    @property
    def running(self) -> bool:
        """Whether a check that this process has started is running."""
        return self._process is not None and self._process.poll() is None

    def start(self, who: str) -> None:
        """Start a check. Raises CheckUnderWay."""
        with self._starting:
            if self.running:
                raise CheckUnderWay("A self-check is already running.")
            if not self._closing.is_set():
                self._process = run_in_background(["self_check.py", "--who", who], stdout=subprocess.DEVNULL)

    def look(self) -> Known:
        """What is known of the checks; what is new is logged and kept. Raises DatabaseAway."""
        known = check_log.known(self._database)
        if known.ended != self._last:
            self._last = known.ended
            for finding in known.ended.findings if known.ended else ():
                log.warning("self-check: %s", finding)
        return known

    def _run(self) -> None:
        waited = 0.0
        while not self._closing.wait(self._interval if waited else 0):
            waited += self._interval
            try:
                if self.look().due and waited > self._grace:
                    with suppress(CheckUnderWay):
                        self.start("nightly")
            except DatabaseAway:
                continue
            except Exception:  # the nights after this one must not go unchecked
                log.exception("the nightly self-check could not be started")
