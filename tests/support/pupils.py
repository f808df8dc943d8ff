"""An app that learns from people, and what the long tests teach it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import psycopg2.extensions
import torch

from learning.dataset import Digits, Mnist
from learning.training import accuracy
from learning.weights import load_network
from settings import ROOT
from storage.database import Database
from support.outage import Known
from support.running_app import RunningApp, wait_until
from support.writers import Drawing, people

TEACHERS = 20  # of the writers; the others are never seen in training

Said = tuple[Drawing, int, str]  # a drawing, what its person says it is, and the session


class Scores(NamedTuple):
    """Fractions: errors on unseen writers, and on MNIST's test digits."""

    unseen: float
    mnist: float


@cache
def writers() -> list[list[Drawing]]:
    return people()


@cache
def lessons() -> list[Said]:
    """What the teachers draw, in turn, and what it is."""
    turns = chain.from_iterable(zip_longest(*writers()[:TEACHERS]))
    return [(each, each.digit, each.writer) for each in turns if each]


@cache
def unseen() -> Digits:
    drawings = list(chain.from_iterable(writers()[TEACHERS:]))
    images = torch.from_numpy(np.stack([each.frame for each in drawings]))[:, None]
    return Digits(images, torch.tensor([each.digit for each in drawings]))


@contextmanager
def pupil_in(folder: Path) -> Iterator[RunningApp]:
    """An app of its own, which knows nothing yet but MNIST, and lets people send as fast as they can."""
    (folder / "MNIST").symlink_to(ROOT / "data" / "MNIST")
    running = RunningApp(folder, API_RATE_LIMIT="", LABEL_RATE="").start()
    yield running
    running.stop()


def teach(app: RunningApp, said: Sequence[Said]) -> dict[str, int]:
    """Draw and say what it is, through the API; how often each review came back."""
    reviews: dict[str, int] = {}
    with httpx.Client(base_url=app.url, timeout=60) as client:
        for drawing, label, session in said:
            answer = client.post(
                "/api/predict", files={"file": ("d.png", drawing.png, "image/png")}, data={"session": session}
            )
            answer.raise_for_status()
            kept = client.post("/api/feedback", json={"id": answer.json()["id"], "label": label})
            kept.raise_for_status()
            reviews[kept.json()["review"]] = reviews.get(kept.json()["review"], 0) + 1
    return reviews


def retrain(app: RunningApp, *flags: str) -> tuple[dict[str, Any], float]:
    """What the command says, and its seconds."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "src/retrain_model.py", "--json", "--min-labels", "1", *flags],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(app.data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer, time.perf_counter() - start


def active(app: RunningApp) -> tuple[bytes, str]:
    """The weights of the version that is active now, and their checksum."""
    ((weights, sha256),) = app.sql(
        "SELECT weights, sha256 FROM model_versions WHERE model = 'cnn' AND status = 'active'"
    )
    return bytes(weights), sha256


def scores(app: RunningApp, mnist: Mnist) -> Scores:
    """How the version does that is active now."""
    network = load_network("cnn", *active(app))
    return Scores(1 - accuracy(network, unseen()), 1 - accuracy(network, mnist.test))


@contextmanager
def database_of(app: RunningApp) -> Iterator[Database]:
    """The app's own database, as another replica would reach it."""
    folder = (app.data_dir / "postgres" / "postmaster.pid").read_text().split("\n")[4]
    database = Database(Known(psycopg2.extensions.make_dsn(host=folder, user="postgres", dbname="digits")), pool_size=1)
    database.open()
    assert database.wait_until_ready(60)
    yield database
    database.close()


def version(app: RunningApp, drawing: Drawing) -> int:
    """The version that reads for this app."""
    answer = httpx.post(f"{app.url}/api/predict", files={"file": ("d.png", drawing.png, "image/png")}, timeout=60)
    served: int = answer.json()["model_version"]
    return served


def swapped(app: RunningApp, wanted: int) -> float:
    """Wait until that version reads; the seconds it took."""
    start = time.monotonic()
    wait_until(lambda: version(app, lessons()[0][0]) == wanted, 10, "the swap")
    return time.monotonic() - start


def report(what: str, before: Scores, after: Scores, seconds: float, answer: dict[str, Any]) -> str:
    """A training in a line."""
    return (
        f"{what}: error on unseen writers {before.unseen:.2%} -> {after.unseen:.2%}, MNIST test accuracy "
        f"{1 - before.mnist:.2%} -> {1 - after.mnist:.2%}, {seconds:.0f} s, {answer['labels_used']} labels used, "
        f"{'promoted' if answer['promoted'] else 'refused'}: {answer['reason']}"
    )
