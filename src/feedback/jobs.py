"""Trainings in processes of their own, at the lowest priority, so that predictions stay fast meanwhile."""

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

from feedback.wording import without_paths
from settings import ROOT
from storage import labels
from storage.database import Database, DatabaseAway
from storage.trainings import Training, TrainingUnderWay

LOWEST_PRIORITY = 19  # for trainings: they take the time that nothing else needs
LOW_PRIORITY = 5  # for what somebody waits for: after predictions, and before trainings
COUNT_INTERVAL = 5.0  # seconds between two counts of new labels
GRACE = 4.0  # seconds in which a training may end by itself when the app does, which has ten in all

log = logging.getLogger(__name__)


class RetrainingJob:
    """Runs `retrain_model.py`: when an administrator asks for it, and by itself after every so many new labels."""

    def __init__(self, database: Database, retrain_every: int | None) -> None:
        self._database, self._every = database, retrain_every
        self._starting = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._closing = threading.Event()
        self._error: tuple[str, datetime] | None = None

    def open(self) -> None:
        """Begin to count new labels, if the settings ask for automatic trainings."""
        if self._every:
            threading.Thread(target=self._count, name="trainer", daemon=True).start()

    def close(self) -> None:
        """End, and end a running training: its labels stay for the next one."""
        self._closing.set()
        with self._starting:
            if self._process is not None:
                end_process(self._process)

    @property
    def running(self) -> bool:
        """Whether a training that this process has started is running."""
        return self._process is not None and self._process.poll() is None

    def error_after(self, newest: Training | None) -> str | None:
        """Why the last training of this process ended without a result; None where it did not.

        Also None once another replica has had a newer one, which `newest` would be.
        """
        if self._error is None or (newest is not None and newest.heard_at > self._error[1]):
            return None
        return self._error[0]

    def start(self, min_labels: int, who: str) -> None:
        """Start a training; the database has its progress. Raises TrainingUnderWay."""
        with self._starting:
            if self.running:
                raise TrainingUnderWay("A training is already running.")
            if self._closing.is_set():
                return
            command = ["retrain_model.py", "--json", "--min-labels", str(min_labels), "--who", who]
            self._process, self._error = run_in_background(command, stdout=subprocess.PIPE), None
            threading.Thread(target=self._follow, args=(self._process,), name="training", daemon=True).start()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        answer, _ = process.communicate()
        result: dict[str, Any] = {}
        with suppress(ValueError):
            result = json.loads(answer)
        if process.returncode and not self._closing.is_set():
            reason = result.get("reason") or "The training ended early; the app's log says why."
            self._error = without_paths(reason), datetime.now(UTC)
            log.error("training: %s", reason)

    def _count(self) -> None:
        """Start a training after every so many new labels; one without a result waits for as many more."""
        counted = 0
        while not self._closing.wait(COUNT_INTERVAL):
            with suppress(DatabaseAway, TrainingUnderWay):
                unused = labels.counts(self._database).unused
                counted = min(counted, unused)
                if not self.running and unused - counted >= (self._every or 1):
                    counted = unused
                    self.start(self._every or 1, "auto")


def run_in_background(
    command: list[str], stdout: int, stderr: int | None = None, priority: int = LOWEST_PRIORITY
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


def train_from_scratch(
    folder: str, data_dir: str, report: Callable[[str], None], closing: threading.Event, model: str = "all"
) -> bool:
    """Train a model, or all, into `folder`, reporting progress in sentences; returns whether it was completed."""
    command = ["train_model.py", "--model", model, "--output", folder, "--data-dir", data_dir]
    process = run_in_background(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    threading.Thread(target=_terminate_on, args=(process, closing), daemon=True).start()
    last = ""
    for line in process.stderr or ():  # in text mode, the carriage returns of the progress bar end lines too
        last = line.strip() or last
        if done := re.match(r"(\w+): +(\d+)%", line):
            report(f"There are no trained weights, so they are being trained: {done[1]}, {done[2]} % done.")
    if process.wait():
        log.error("training from scratch: %s", last)
        said = without_paths(last.removeprefix("train_model.py: "))
        report(f"There are no trained weights, and training them failed: {said}")
    return process.returncode == 0


def end_process(process: subprocess.Popen[str]) -> None:
    """End one of our commands. At the lowest priority, on a busy machine, it may be long in hearing that it should."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _terminate_on(process: subprocess.Popen[str], closing: threading.Event) -> None:
    while process.poll() is None:
        if closing.wait(0.5):
            process.terminate()
            return
