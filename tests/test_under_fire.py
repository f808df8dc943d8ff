"""Everything is killed while 50 pictures a second are read: what was answered is there in the end, and there once."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial
from uuid import UUID

import httpx

from support.pictures import one, png
from support.running_app import RunningApp, wait_until

PICTURE = png(one())
HANDS, PER_SECOND = 10, 50


class Fire:
    """People who draw without a pause, and who remember each answer and each failure."""

    def __init__(self, app: RunningApp) -> None:
        self.app = app
        self.answered: list[UUID] = []
        self.failed: list[str] = []
        self.lives = 0  # changed around every kill of the app: what was under way then may fail
        self._ending = threading.Event()
        self._hands = [threading.Thread(target=self._draw) for _ in range(HANDS)]

    def __enter__(self) -> Fire:
        for hand in self._hands:
            hand.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for hand in self._hands:
            hand.join()

    def _draw(self) -> None:
        while not self._ending.is_set():
            life, end = self.lives, time.monotonic() + HANDS / PER_SECOND
            with httpx.Client(base_url=self.app.url, timeout=60) as client:
                while life == self.lives and not self._ending.wait(max(0.0, end - time.monotonic())):
                    end += HANDS / PER_SECOND
                    self._one(client, life)
            self._ending.wait(0.05)  # there may be no app at all

    def _one(self, client: httpx.Client, life: int) -> None:
        try:
            answer = client.post("/api/predict", files={"file": PICTURE})
        except httpx.TransportError as error:
            if life == self.lives and life % 2 == 0:
                self.failed.append(repr(error))
            return
        if answer.status_code == 200:
            self.answered.append(UUID(answer.json()["id"]))
        else:
            self.failed.append(answer.text)

    def more(self, count: int) -> None:
        """Wait for so many more answers."""
        target = len(self.answered) + count
        wait_until(lambda: len(self.answered) >= target, 60, f"{count} more answers")

    def kill_the_app(self) -> None:
        """Kill it and start it again; `lives` is odd while it is dead."""
        self.lives += 1
        self.app.stop(signal.SIGKILL)
        self.app.start()
        self.lives += 1


def kill_the_database(app: RunningApp) -> int:
    killed = app.postmaster()
    os.kill(killed, signal.SIGKILL)
    return killed


def is_back(app: RunningApp, killed: int) -> bool:
    return app.postmaster() not in (0, killed) and app.status("/ready") == 200


def assert_all_is_there_once(fire: Fire) -> None:
    """The spool empties itself, and then each answer has its row."""
    wait_until(lambda: "digit_reader_spool_entries 0.0" in fire.app.text("/metrics"), 60, "the delivery")
    found = fire.app.sql("SELECT drawing_id FROM predictions WHERE drawing_id = ANY(%s)", fire.answered)
    assert sorted(row for (row,) in found) == sorted(fire.answered)
    assert fire.failed == []


def test_nothing_is_lost_or_doubled_when_the_database_is_killed_five_times(mortal: RunningApp) -> None:
    with Fire(mortal) as fire:
        for _ in range(5):
            fire.more(20)
            killed = kill_the_database(mortal)
            fire.more(5)  # meanwhile
            wait_until(partial(is_back, mortal, killed), 60, "the new server")
    assert_all_is_there_once(fire)


def test_nothing_is_lost_or_doubled_when_the_app_is_killed_three_times(mortal: RunningApp) -> None:
    with Fire(mortal) as fire:
        for kill in range(3):
            fire.more(20)
            if kill:  # with rows in its spool as well
                kill_the_database(mortal)
                fire.more(5)
            fire.kill_the_app()
        fire.more(20)
    assert_all_is_there_once(fire)
