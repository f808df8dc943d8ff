"""Trainings in the background: begun when asked for or after enough labels, seen while they run, ended with the app."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg2.extensions
import pytest
import torch

from feedback import jobs
from feedback.jobs import RetrainingJob, train_from_scratch
from learning.dataset import Mnist, rows
from settings import ROOT
from storage import trainings
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.trainings import TrainingUnderWay
from storage.writer import Writer
from support.classroom import draw, person, register
from support.running_app import wait_until
from support.shipped import network


@pytest.fixture(autouse=True)
def settings(server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings are made to find the tests' own PostgreSQL, as a server that somebody else runs."""
    known = psycopg2.extensions.parse_dsn(server.start())
    for name, value in (("DB_HOST", known["host"]), ("DB_USER", known["user"]), ("DB_PASSWORD", "none is asked for")):
        monkeypatch.setenv(name, value)
    (tmp_path / "MNIST").symlink_to(ROOT / "data" / "MNIST")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


@pytest.fixture
def working(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[RetrainingJob]:
    """Automatic trainings after five new labels, counted often."""
    monkeypatch.setattr(jobs, "COUNT_INTERVAL", 0.1)
    register(database, "cnn")
    made = RetrainingJob(database, retrain_every=5)
    made.open()
    yield made
    made.close()


def ours() -> list[psutil.Process]:
    """The trainings that this process has started."""
    return [each for each in psutil.Process().children() if "retrain_model.py" in " ".join(each.cmdline())]


def label(writer: Writer, mnist: Mnist, start: int, count: int) -> None:
    digits = rows(mnist.test, torch.arange(start, start + count))
    draw(writer, network("cnn"), digits, digits.labels.tolist(), [person(n) for n in range(count)], "cnn")


def test_enough_new_labels_start_a_training_at_the_lowest_priority_that_ends_with_the_app(
    database: Database, writer: Writer, mnist: Mnist, working: RetrainingJob
) -> None:
    label(writer, mnist, 0, 4)
    time.sleep(0.5)
    assert ours() == []
    label(writer, mnist, 10, 3)
    (process,) = wait_until(ours, what="a training")
    wait_until(lambda: process.nice() == jobs.LOWEST_PRIORITY, what="the lowest priority")
    with suppress(psutil.AccessDenied):  # only root may
        process.nice(0)  # else the other tests, which have every core, would keep it from beginning for minutes
    with pytest.raises(TrainingUnderWay):
        working.start(1, "admin")
    (shown,) = wait_until(lambda: trainings.newest(database), 120, "the training's row")
    assert (shown.who, shown.running) == ("auto", True)
    working.close()
    assert not process.is_running()
    wait_until(lambda: not trainings.newest(database)[0].running, what="its lock let go")


def test_a_training_that_does_not_hear_holds_up_no_stop(
    database: Database, writer: Writer, mnist: Mnist, working: RetrainingJob
) -> None:
    label(writer, mnist, 0, 6)
    (process,) = wait_until(ours, what="a training")
    process.suspend()
    start = time.monotonic()
    working.close()
    assert not process.is_running()
    assert time.monotonic() - start < 3 * jobs.GRACE


def test_a_training_that_came_to_nothing_waits_for_as_many_labels_again(
    database: Database, writer: Writer, mnist: Mnist, working: RetrainingJob
) -> None:
    label(writer, mnist, 0, 6)
    (process,) = wait_until(ours, what="a training")
    process.send_signal(signal.SIGKILL)
    assert (
        wait_until(lambda: working.error_after(None), what="the error")
        == "The training ended early; the app's log says why."
    )
    time.sleep(0.5)
    assert ours() == []
    label(writer, mnist, 10, 6)
    wait_until(ours, what="the next training")


@pytest.mark.full
def test_without_weights_they_are_trained_where_everybody_can_see_it(tmp_path: Path) -> None:
    """Until it is broken off: from nothing it takes half an hour, and its first per cent two minutes beside others."""
    closing, said = threading.Event(), list[str]()

    def hear(sentence: str) -> None:
        said.append(sentence)
        if "% done" in sentence:
            closing.set()

    start = time.monotonic()
    assert not train_from_scratch(str(tmp_path / "model"), str(tmp_path), hear, closing)
    assert time.monotonic() - start < 250
    assert said[0].startswith("There are no trained weights, so they are being trained: ")
    assert not list((tmp_path / "model").glob("*.pt"))


@pytest.mark.parametrize(
    ("ended_with", "said"),
    [
        ("train_model.py: There is no MNIST in the data folder (DATA_DIR/MNIST/raw).", "There is no MNIST in"),
        ("OSError: [Errno 28] No space left on device: '/srv/secret/model'", "the app's log says why."),
    ],
)
def test_why_there_are_no_weights_is_said_without_a_path(
    ended_with: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Every visitor reads this sentence on the Draw page."""
    script = f"import sys; print({ended_with!r}, file=sys.stderr); sys.exit(2)"
    command = [sys.executable, "-c", script]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    monkeypatch.setattr(jobs, "run_in_background", lambda *_, **__: process)
    heard: list[str] = []
    assert not train_from_scratch(str(tmp_path), str(tmp_path), heard.append, threading.Event())
    assert heard[-1].startswith("There are no trained weights, and training them failed: ")
    assert said in heard[-1]
    assert "/srv" not in heard[-1]
    assert ended_with in caplog.text
