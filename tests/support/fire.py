"""People who draw and label through the HTTP API at an even pace, whatever happens, and know what was acknowledged."""

from __future__ import annotations

import signal
import threading
import time
from typing import NamedTuple
from uuid import UUID

import httpx

from support.pictures import one, png
from support.running_app import RunningApp, wait_until

PICTURE = png(one())


class Figures(NamedTuple):
    """What happened under fire."""

    answered: int
    labelled: int
    longest: float
    """Seconds of the slowest reading."""

    def __str__(self) -> str:
        return f"{self.answered} readings, {self.labelled} labels, the slowest reading {self.longest:.1f} s"


class Fire:
    """So many hands together send `per_second` pictures, until the block ends; every `label_each`th gets a label."""

    def __init__(self, app: RunningApp, per_second: float = 50, hands: int = 10, label_each: int = 5) -> None:
        self.app, self._label_each = app, label_each
        self.answered: list[UUID] = []
        self.labelled: list[UUID] = []
        self.failed: list[str] = []
        self.longest = 0.0
        self.lives = 0  # changed around every kill of the app: what was under way then may fail
        self._pause = hands / per_second
        self._ending = threading.Event()
        self._hands = [threading.Thread(target=self._draw) for _ in range(hands)]

    def __enter__(self) -> Fire:
        for hand in self._hands:
            hand.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for hand in self._hands:
            hand.join()

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

    def all_is_there_once(self) -> Figures:
        """Wait until the spool has emptied itself; then each answer has its row, and each label is on its drawing."""
        wait_until(lambda: "\ndigit_reader_spool_entries 0.0" in self.app.text("/metrics"), 120, "the delivery")
        assert self.failed == []
        found = self.app.sql("SELECT drawing_id FROM predictions WHERE drawing_id = ANY(%s)", self.answered)
        assert sorted(row for (row,) in found) == sorted(self.answered)
        told = self.app.sql(
            "SELECT p.drawing_id, p.true_label, count(*) FROM predictions p JOIN label_events e USING (drawing_id) "
            "WHERE drawing_id = ANY(%s) GROUP BY p.drawing_id, p.true_label",
            self.labelled,
        )
        assert sorted(told) == sorted((drawing, 1, 1) for drawing in self.labelled)
        return Figures(len(self.answered), len(self.labelled), self.longest)

    def _draw(self) -> None:
        while not self._ending.is_set():
            life, end = self.lives, time.monotonic() + self._pause
            with httpx.Client(base_url=self.app.url, timeout=60) as client:
                while life == self.lives and not self._ending.wait(max(0.0, end - time.monotonic())):
                    end = max(end + self._pause, time.monotonic() - self._pause)  # what was missed is not made up for
                    self._one(client, life)
            self._ending.wait(0.05)  # there may be no app at all

    def _one(self, client: httpx.Client, life: int) -> None:
        begin = time.monotonic()
        answer = self._post(client, life, "/api/predict", files={"file": PICTURE})
        if answer is None:
            return
        self.longest = max(self.longest, time.monotonic() - begin)
        drawing = UUID(answer["id"])
        self.answered.append(drawing)
        if len(self.answered) % self._label_each == 0 and self._post(
            client, life, "/api/feedback", json={"id": str(drawing), "label": 1}
        ):
            self.labelled.append(drawing)

    def _post(self, client: httpx.Client, life: int, path: str, **body: object) -> dict[str, str] | None:
        try:
            answer = client.post(path, **body)  # type: ignore[arg-type]  # files or json
        except httpx.TransportError as error:
            if life == self.lives and life % 2 == 0:
                self.failed.append(f"{path}: {error!r}")
            return None
        if answer.status_code != 200:
            self.failed.append(f"{path}: {answer.status_code} {answer.text}")
            return None
        told: dict[str, str] = answer.json()
        return told
