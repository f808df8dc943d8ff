"""SIGKILL at any moment of a retraining: what serves is whole, no label is lost or used twice, the next one works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import psycopg2
import pytest
import torch

from feedback.retraining import Plan, TooFewLabels, retrain
from learning.dataset import Mnist, rows
from learning.registry import MODELS
from learning.weights import SHIPPED_DIR
from serving.predictor import load_predictor
from serving.watcher import Watcher
from settings import ROOT
from storage import labels, model_store, trainings
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.writer import Writer
from support.classroom import draw, hasten, person, register, small
from support.running_app import wait_until
from support.shipped import network

LABELS = 60


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@contextmanager
def training(dsn: str, moment: str) -> Iterator[subprocess.Popen[str]]:
    """A retraining in another process, which stops at a moment."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/support/killable_training.py"), dsn, moment],
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        assert process.stdout
        process.stdout.close()


def arrived(process: subprocess.Popen[str], moment: str) -> None:
    assert process.stdout
    for line in process.stdout:
        if line.strip() == moment:
            return
    raise AssertionError(f"the training ended before {moment}")


def learn(writer: Writer, mnist: Mnist) -> None:
    digits = rows(mnist.test, torch.arange(LABELS))
    draw(writer, network("linear"), digits, digits.labels.tolist(), [person(n % 6) for n in range(LABELS)])


def used(database: Database) -> list[int | None]:
    """The version that each label has gone into, or judged."""
    with database.transaction() as cursor:
        cursor.execute("SELECT coalesce(trained_into, judged) FROM predictions WHERE review = 'approved' ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def version_that_reads(database: Database) -> int:
    """The version that an app serves which starts now, nothing of it damaged."""
    predictor = load_predictor(SHIPPED_DIR)
    watcher = Watcher(database, predictor, [])
    watcher.check()
    assert not watcher.refusals
    return predictor.predict(np.zeros((28, 28), np.uint8), "linear").model_version


def next_training(database: Database, mnist: Mnist) -> int | None:
    config = replace(MODELS["linear"].fine_tuning, epochs=1, lr=1e-5)
    wait_until(lambda: not trainings.newest(database)[0].running, what="the dead training's lock let go")
    return retrain(database, small(mnist, 2000, 500, 200), Plan("linear", 1, config=config)).version


# The moments between take as long to try and are tried with the long ones.
@pytest.mark.parametrize(
    "moment",
    ["training", *(pytest.param(each, marks=pytest.mark.full) for each in ("screening", "gate", "saving"))],
)
def test_killed_before_it_is_saved_it_leaves_nothing(
    database: Database, server: EmbeddedServer, writer: Writer, mnist: Mnist, moment: str
) -> None:
    register(database, "linear")
    learn(writer, mnist)
    with training(server.start(), moment) as process:
        arrived(process, moment)
        assert trainings.newest(database)[0].running
    assert set(used(database)) == {None}
    assert version_that_reads(database) == 1
    assert next_training(database, mnist) == 2
    assert set(used(database)) == {2}
    assert version_that_reads(database) == 2
    assert [each.stage for each in trainings.newest(database)] == ["promoted", "interrupted"]


def test_killed_within_the_promotion_it_leaves_nothing(
    database: Database, server: EmbeddedServer, writer: Writer, mnist: Mnist
) -> None:
    """A label that is held fast stops the transaction halfway: the version is written, the labels are not marked."""
    register(database, "linear")
    learn(writer, mnist)
    dsn = server.start()
    holder = psycopg2.connect(dsn)
    with training(dsn, "nowhere") as process:
        arrived(process, "gate")
        with holder.cursor() as cursor:
            cursor.execute("SELECT 1 FROM predictions FOR UPDATE")
        wait_until(lambda: halfway(database), what="the promotion halfway")
    holder.close()
    wait_until(lambda: not halfway(database), what="the dead transaction undone")
    assert len(model_store.versions(database, "linear")) == 1
    assert set(used(database)) == {None}
    assert version_that_reads(database) == 1
    assert next_training(database, mnist) == 2
    assert set(used(database)) == {2}


def halfway(database: Database) -> bool:
    """Whether a transaction waits for the labels that it wants to mark."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s)",
            ("UPDATE predictions p SET trained_into%",),
        )
        return cursor.fetchone() == (True,)


@pytest.mark.full
def test_killed_after_it_was_promoted_it_has_used_each_label_once(
    database: Database, server: EmbeddedServer, writer: Writer, mnist: Mnist
) -> None:
    register(database, "linear")
    learn(writer, mnist)
    with training(server.start(), "after") as process:
        arrived(process, "after")
    assert set(used(database)) == {2}
    assert version_that_reads(database) == 2
    assert labels.counts(database).unused == 0
    with pytest.raises(TooFewLabels):
        next_training(database, mnist)
