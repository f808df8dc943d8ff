"""Trains in processes of their own, at the lowest priority, so that reading digits stays fast meanwhile."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from settings import ROOT
from storage import labels
from storage.database import Database, DatabaseAway
from storage.model_store import TrainingUnderWay

LOWEST = 19  # the priority of a training: it takes the time that nobody else wants
LOW = 5  # of what somebody waits for: after the reading of digits, and before everything that nobody waits for
EVERY = 5.0  # seconds between two counts of new labels

log = logging.getLogger(__name__)


class Trainer:
    """Starts `retrain_model.py`: when somebody asks for it, and by itself after every so many new labels."""

    def __init__(self, database: Database, retrain_every: int | None) -> None:
        self._database, self._every = database, retrain_every
        self._starting = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._closing = threading.Event()
        self.trouble: str | None = None
        """Why the last training of this process ended without a result; None where it did not."""
        self.trouble_at: datetime | None = None

    def open(self) -> None:
        """Begin to count new labels, if the settings want trainings by themselves."""
        if self._every:
            threading.Thread(target=self._count, name="trainer", daemon=True).start()

    def close(self) -> None:
        """End, and a training with it: its labels stay for the next."""
        self._closing.set()
        with self._starting:
            if self._process is not None:
                self._process.terminate()
                self._process.wait(timeout=30)

    @property
    def running(self) -> bool:
        """Whether a training that this process has started is under way."""
        return self._process is not None and self._process.poll() is None

    def start(self, min_labels: int, who: str) -> None:
        """Start a training; how it goes is in the database. Raises TrainingUnderWay."""
        with self._starting:
            if self.running:
                raise TrainingUnderWay("A training is under way.")
            if self._closing.is_set():
                return
            command = ["retrain_model.py", "--json", "--min-labels", str(min_labels), "--who", who]
            self._process, self.trouble = in_background(command, stdout=subprocess.PIPE), None
            threading.Thread(target=self._follow, args=(self._process,), name="training", daemon=True).start()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        answer, _ = process.communicate()
        result: dict[str, Any] = {}
        with suppress(ValueError):
            result = json.loads(answer)
        if process.returncode and not self._closing.is_set():
            self.trouble_at = datetime.now(UTC)
            self.trouble = result.get("reason") or "The training ended early; the app's log says why."
            log.error("training: %s", self.trouble)

    def _count(self) -> None:
        """Start a training whenever so many labels are new; one that came to nothing waits for as many more."""
        counted = 0
        while not self._closing.wait(EVERY):
            with suppress(DatabaseAway, TrainingUnderWay):
                fresh = labels.counts(self._database).fresh
                counted = min(counted, fresh)
                if not self.running and fresh - counted >= (self._every or 1):
                    counted = fresh
                    self.start(self._every or 1, "auto")


def in_background(
    command: list[str], stdout: int, stderr: int | None = None, priority: int = LOWEST
) -> subprocess.Popen[str]:
    """Start one of our commands, in src/, at a priority below the app's own (1-19, 19 is the lowest)."""
    program, *arguments = command
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(ROOT / "src" / program), *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
    )
    with suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, process.pid, priority)
    return process


def train_from_scratch(folder: str, data_dir: str, say: Callable[[str], None], closing: threading.Event) -> bool:
    """Train every model into `folder`; `say` hears how far it is. Whether it was done, and not broken off."""
    command = ["train_model.py", "--output", folder, "--data-dir", data_dir]
    process = in_background(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    threading.Thread(target=_end_with, args=(process, closing), daemon=True).start()
    last = ""
    for line in process.stderr or ():  # text mode: the bar's carriage returns end lines too
        last = line.strip() or last
        if done := re.match(r"(\w+): +(\d+)%", line):
            say(f"There are no trained weights, so they are being trained: {done[1]}, {done[2]} % done.")
    if process.wait():
        say(f"There are no trained weights, and training them failed: {last}")
    return process.returncode == 0


def _end_with(process: subprocess.Popen[str], closing: threading.Event) -> None:
    while process.poll() is None:
        if closing.wait(0.5):
            process.terminate()
            return
