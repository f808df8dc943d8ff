"""Batching: drawings that have queued up go through the network together.

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

import numpy as np

from frames.drawing import Drawing
from learning.weights import ModelMissing
from serving.choosing import DrawingPrediction, glance, read_drawings
from serving.personal import Hands, PersonalModel
from serving.prediction import Prediction
from serving.second_look import Predict

MAX_BATCH = 16  # drawings: with more, the first would wait long for the last
MAX_WAITING = 512  # drawings: two seconds' worth, in which all who draw at once have been answered


_Read = Callable[[Predict, Sequence[Drawing], Hands], list[DrawingPrediction]]


class TooManyAtOnce(RuntimeError):
    """More of something wait than can be read soon."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Too many {what} are being read at once: send this one again in a few seconds.")


@dataclass(frozen=True)
class _Request:
    make_drawing: Callable[[], Drawing]
    model: str
    hand: PersonalModel | None
    read: _Read
    result: Future[DrawingPrediction] = field(default_factory=Future)


class Batcher:
    """Takes drawings from any thread and predicts them in order, in batches, on a thread of its own."""

    def __init__(self, predict: Callable[[Sequence[np.ndarray], str, Hands], list[Prediction]]) -> None:
        self._predict = predict
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()  # its length is bounded in submit()
        self._lock, self._closed = threading.Lock(), False
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Predict what is queued, and end."""
        with self._lock:
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout=5)

    def submit(
        self, make_drawing: Callable[[], Drawing], model: str, hand: PersonalModel | None = None, once: bool = False
    ) -> Future[DrawingPrediction]:
        """Queue a drawing, as the function that makes it, for a model and perhaps a personal one.

        `once`: without a second look where the model is in doubt, for what may well be no digit.

        The future raises what that function raises, ModelMissing, or TooManyAtOnce.
        """
        request = _Request(make_drawing, model, hand, glance if once else read_drawings)
        with self._lock:
            if self._closed:
                request.result.set_exception(ModelMissing("The app is shutting down."))
            elif self._queue.qsize() >= MAX_WAITING:
                request.result.set_exception(TooManyAtOnce("drawings"))
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
        alike: dict[tuple[str, _Read], list[tuple[_Request, Drawing]]] = {}
        for request in batch:
            if request.result.set_running_or_notify_cancel():
                try:
                    drawing = request.make_drawing()
                except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
                    request.result.set_exception(error)
                else:
                    alike.setdefault((request.model, request.read), []).append((request, drawing))
        for (model, read), drawn in alike.items():
            self._predict_batch(model, read, drawn)

    def _predict_batch(self, model: str, read: _Read, drawn: Sequence[tuple[_Request, Drawing]]) -> None:
        try:
            drawings, hands = [drawing for _, drawing in drawn], [request.hand for request, _ in drawn]
            answers = read(lambda frames, owners: self._predict(frames, model, owners), drawings, hands)
        except Exception as error:  # noqa: BLE001 - as above
            for request, _ in drawn:
                request.result.set_exception(error)
        else:
            for (request, _), each in zip(drawn, answers, strict=True):
                request.result.set_result(each)
