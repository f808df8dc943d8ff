"""Visitors who draw and label through a server without a pause, and remember what was acknowledged and what failed."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import httpx

from support.pictures import one, png
from support.running_app import wait_until

PICTURE = png(one())


class Crowd:
    """People with a cookie jar of their own, who read a picture, label it, and begin again, until the block ends."""

    def __init__(self, url: str, people: int = 6, pause: float = 0.05) -> None:
        self.url, self.pause = url, pause
        self.read: list[str] = []
        self.labelled: list[str] = []
        self.failed: list[str] = []
        self._ending = threading.Event()
        self._people = [threading.Thread(target=self._live) for _ in range(people)]

    def __enter__(self) -> Crowd:
        for person in self._people:
            person.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        for person in self._people:
            person.join()

    def more(self, count: int) -> None:
        """Wait for so many more labels."""
        target = len(self.labelled) + count
        wait_until(lambda: len(self.labelled) >= target, 120, f"{count} more labels")

    def _live(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60, verify=False) as client:  # noqa: S501 - Caddy's own authority
            while not self._ending.is_set():
                self._draw_and_label(client)
                time.sleep(self.pause)

    def _draw_and_label(self, client: httpx.Client) -> None:
        try:
            answer = client.post("/api/predict", files={"file": PICTURE})
            if answer.status_code != 200:
                self.failed.append(f"predict {answer.status_code}: {answer.text[:200]}")
                return
            drawing = answer.json()["id"]
            self.read.append(drawing)
            answer = client.post("/api/feedback", json={"id": drawing, "label": 1})
        except httpx.TransportError as error:
            self.failed.append(repr(error))
            return
        if answer.status_code == 200:
            self.labelled.append(drawing)
        else:
            self.failed.append(f"feedback {answer.status_code}: {answer.text[:200]}")
