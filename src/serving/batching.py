"""One thread that reads for everybody who can wait: what has queued up goes through the network together.

Eight frames at once cost the network three times what one does. And Python runs in one thread at a time: a thread for
every caller would only have them take it from each other.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from serving.prediction import Prediction

BATCH = 16  # pictures at a time: with more, the first would wait long for the last


class Read(NamedTuple):
    """A picture's frame, (28, 28) uint8, and what the model reads in it."""

    frame: np.ndarray
    prediction: Prediction


@dataclass(frozen=True)
class _Waiting:
    frame: Callable[[], np.ndarray]
    model: str
    read: Future[Read] = field(default_factory=Future)


class Reader:
    """Takes pictures from any thread and reads them in their order."""

    def __init__(self, predict: Callable[[Sequence[np.ndarray], str], list[Prediction]]) -> None:
        self._predict = predict
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read what is queued, and end."""
        self._queue.put(None)
        self._thread.join(timeout=5)

    def submit(self, frame: Callable[[], np.ndarray], model: str) -> Future[Read]:
        """Queue a picture, as that which makes its frame; the future raises what that raises, or ModelMissing."""
        waiting = _Waiting(frame, model)
        self._queue.put(waiting)
        return waiting.read

    def _run(self) -> None:
        going = True
        while going:
            batch, going = self._take()
            self._read(batch)

    def _take(self) -> tuple[list[_Waiting], bool]:
        """What has queued up, at most a batch, and whether to go on."""
        batch: list[_Waiting] = []
        waiting = self._queue.get()
        with suppress(queue.Empty):
            while waiting is not None:
                batch.append(waiting)
                if len(batch) == BATCH:
                    return batch, True
                waiting = self._queue.get_nowait()
            return batch, False
        return batch, True

    def _read(self, batch: Sequence[_Waiting]) -> None:
        framed: dict[str, list[tuple[_Waiting, np.ndarray]]] = {}
        for waiting in batch:
            if waiting.read.set_running_or_notify_cancel():
                try:
                    frame = waiting.frame()
                except Exception as error:  # noqa: BLE001 - raised again where the reading is waited for
                    waiting.read.set_exception(error)
                else:
                    framed.setdefault(waiting.model, []).append((waiting, frame))
        for model, some in framed.items():
            self._read_with(model, some)

    def _read_with(self, model: str, framed: Sequence[tuple[_Waiting, np.ndarray]]) -> None:
        try:
            predictions = self._predict([frame for _, frame in framed], model)
        except Exception as error:  # noqa: BLE001 - as above
            for waiting, _ in framed:
                waiting.read.set_exception(error)
        else:
            for (waiting, frame), prediction in zip(framed, predictions, strict=True):
                waiting.read.set_result(Read(frame, prediction))
