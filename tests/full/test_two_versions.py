"""A rolling upgrade and the way back under load, with retrainings: two replicas on one database, one of them older."""
# ruff: noqa: T201 - what is measured is printed

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from settings import ROOT
from support.crowd import Crowd
from support.earlier import earlier_version
from support.pupils import lessons
from support.running_app import PatientServer, RunningApp, wait_until

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

EVERY = 40  # new labels, after which each replica wants to retrain
LABELS = 60
TOGETHER = 20  # labels by the crowd of each replica in each phase


class Replicas:
    """Apps on one database, each with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = PatientServer(folder / "elsewhere", "digits")
        self._server.start()
        self.older, self.what = earlier_version(folder / "earlier")
        self.running: dict[str, RunningApp] = {}

    def start(self, name: str, root: Path = ROOT) -> RunningApp:
        """Start one, and wait until it is ready."""
        data = self._folder / name
        data.mkdir(exist_ok=True)
        if not (data / "MNIST").exists() and (ROOT / "data/MNIST").exists():
            (data / "MNIST").symlink_to(ROOT / "data/MNIST")
        app = RunningApp(data, root, RETRAIN_EVERY=str(EVERY))
        app.server_dir = self._folder / "elsewhere"
        app.environment |= {"DB_HOST": app.socket_dir(), "DB_USER": "postgres", "DB_PASSWORD": "unused"}
        self.running[name] = app.start()
        return app

    def stop(self, name: str) -> None:
        self.running.pop(name).stop()

    def close(self) -> None:
        for name in list(self.running):
            self.stop(name)
        self._server.stop()


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[Replicas]:
    made = Replicas(tmp_path)
    yield made
    made.close()


def draw_at(*apps: RunningApp) -> list[Crowd]:
    """Crowds that read and label at each replica at once."""
    crowds = [Crowd(app.url, people=3, pause=0.2) for app in apps]

    def at(crowd: Crowd) -> None:
        with crowd:
            crowd.more(TOGETHER)

    threads = [threading.Thread(target=at, args=(crowd,)) for crowd in crowds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return crowds


def all_is_there_once(app: RunningApp, crowds: list[Crowd]) -> tuple[int, int]:
    assert [failure for crowd in crowds for failure in crowd.failed] == []
    read = [UUID(each) for crowd in crowds for each in crowd.read]
    labelled = [UUID(each) for crowd in crowds for each in crowd.labelled]
    rows = app.sql("SELECT drawing_id, true_label FROM predictions WHERE drawing_id = ANY(%s)", read)
    assert sorted(drawing for drawing, _ in rows) == sorted(read)
    assert sorted(drawing for drawing, label in rows if label == 1) == sorted(labelled)
    events = app.sql("SELECT drawing_id FROM label_events WHERE drawing_id = ANY(%s)", labelled)
    assert sorted(drawing for (drawing,) in events) == sorted(labelled)
    return len(read), len(labelled)


def test_a_rolling_upgrade_and_the_way_back_lose_nothing(replicas: Replicas) -> None:
    before = replicas.start("one", replicas.older)
    crowds = draw_at(before)
    newer = replicas.start("two")  # migrates while the older one serves
    crowds += draw_at(before, newer)
    replicas.stop("one")
    crowds += draw_at(newer, replicas.start("three"))
    replicas.stop("three")
    back = replicas.start("four", replicas.older)  # the way back, on the newer schema
    crowds += draw_at(newer, back)
    replicas.stop("two")
    crowds += draw_at(back)
    read, labelled = all_is_there_once(back, crowds)
    print(
        f"\nrolled from {replicas.what} to today's and back: {read} readings and {labelled} labels, none lost or failed"
    )


@pytest.mark.usefixtures("mnist")
def test_two_versions_that_both_want_to_retrain_do_so_once(replicas: Replicas) -> None:
    apps = [replicas.start("new"), replicas.start("old", replicas.older)]
    ids = []
    for number, (drawing, label, person) in enumerate(lessons()[:LABELS]):
        with httpx.Client(base_url=apps[number % 2].url, timeout=60) as client:
            answer = client.post("/api/predict", files={"file": drawing.png}, data={"session": person})
            ids.append(UUID(answer.raise_for_status().json()["id"]))
            client.post("/api/feedback", json={"id": str(ids[-1]), "label": label}).raise_for_status()

    def ended() -> list[tuple[str, int | None]]:
        found = apps[0].sql("SELECT stage, version FROM retrainings WHERE finished_at IS NOT NULL AND who = 'auto'")
        return [(stage, version) for stage, version in found]

    wait_until(ended, 1800, "a training")
    time.sleep(15)  # both have counted again
    made = [(stage, version) for stage, version in ended() if version is not None]
    trainings = apps[0].sql("SELECT count(*) FROM retrainings WHERE who = 'auto'")[0][0]
    print(f"\n{LABELS} labels at two versions, both of which retrain after {EVERY}: {ended()}, {trainings} begun")
    assert len(made) == 1
    assert trainings == 1
    kept = apps[0].sql("SELECT count(*) FROM predictions WHERE drawing_id = ANY(%s) AND true_label IS NOT NULL", ids)
    assert kept == [(LABELS,)]
