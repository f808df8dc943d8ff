"""Batching: frames that have queued up go through the network together.

Eight frames at once cost the network three times what one does. And Python runs one thread at a time: with a thread for
each caller, they would only compete for the interpreter's lock.
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

from learning.weights import ModelMissing
from serving.prediction import Prediction

MAX_BATCH = 16  # frames: with more, the first would wait long for the last


class FramePrediction(NamedTuple):
    """A frame, (28, 28) uint8, and what the model reads in it."""

    frame: np.ndarray
    prediction: Prediction


@dataclass(frozen=True)
class _Request:
    make_frame: Callable[[], np.ndarray]
    model: str
    result: Future[FramePrediction] = field(default_factory=Future)


class Batcher:
    """Takes frames from any thread and predicts them in order, in batches, on a thread of its own."""

    def __init__(self, predict: Callable[[Sequence[np.ndarray], str], list[Prediction]]) -> None:
        self._predict = predict
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._lock, self._closed = threading.Lock(), False
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Predict what is queued, and end."""
        with self._lock:
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout=5)

    def submit(self, make_frame: Callable[[], np.ndarray], model: str) -> Future[FramePrediction]:
        """Queue a frame, as the function that makes it; the future raises what that raises, or ModelMissing."""
        request = _Request(make_frame, model)
        with self._lock:
            if self._closed:
                request.result.set_exception(ModelMissing("The app is shutting down."))
            else:
                self._queue.put(request)
        return request.result

    def _run(self) -> None:
        running = True
        while running:
            batch, running = self._take()
            self._handle(batch)

    def _take(self) -> tuple[list[_Request], bool]:
        """What has queued up, at most a batch, and whether to go on."""
        batch: list[_Request] = []
        request = self._queue.get()
        with suppress(queue.Empty):
            while request is not None:
                batch.append(request)
                if len(batch) == MAX_BATCH:
                    return batch, True
                request = self._queue.get_nowait()
            return batch, False
        return batch, True

    def _handle(self, batch: Sequence[_Request]) -> None:
        by_model: dict[str, list[tuple[_Request, np.ndarray]]] = {}
        for request in batch:
            if request.result.set_running_or_notify_cancel():
                try:
                    frame = request.make_frame()
                except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
                    request.result.set_exception(error)
                else:
                    by_model.setdefault(request.model, []).append((request, frame))
        for model, framed in by_model.items():
            self._predict_batch(model, framed)

    def _predict_batch(self, model: str, framed: Sequence[tuple[_Request, np.ndarray]]) -> None:
        try:
            predictions = self._predict([frame for _, frame in framed], model)
        except Exception as error:  # noqa: BLE001 - as above
            for request, _ in framed:
                request.result.set_exception(error)
        else:
            for (request, frame), prediction in zip(framed, predictions, strict=True):
                request.result.set_result(FramePrediction(frame, prediction))
