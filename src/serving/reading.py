"""Reading a drawing and keeping the answer: the one way, for the pages and the API alike."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from uuid import UUID, uuid4

import numpy as np

import logger
import metrics
from frames.preprocessing import to_png
from logger import PredictionRow
from serving.batching import Batcher, FramePrediction
from serving.prediction import Prediction
from storage.writer import Writer, Written

SMALLEST_REAL = 1e-37  # PostgreSQL refuses to round smaller numbers to a real


@dataclass(frozen=True)
class Reading:
    """One drawing as it was read: its frame, (28, 28) uint8, and the model's answer."""

    drawing_id: UUID
    frame: np.ndarray
    prediction: Prediction
    source: str
    visitor: str | None

    @property
    def row(self) -> PredictionRow:
        """The row of the `predictions` table."""
        prediction = self.prediction
        return PredictionRow(
            drawing_id=self.drawing_id,
            predicted_digit=prediction.predicted_digit,
            confidence=prediction.confidence,
            probabilities=tuple(p if p > SMALLEST_REAL else 0.0 for p in prediction.probabilities),
            digit_score=prediction.digit_score,
            image=to_png(self.frame),
            source=self.source,
            visitor=self.visitor,
            model=prediction.model,
            model_version=prediction.model_version,
            elapsed_ms=prediction.elapsed_ms,
        )


class Reader:
    """Reads drawings and keeps them."""

    def __init__(self, batcher: Batcher, writer: Writer) -> None:
        self._batcher, self._writer = batcher, writer

    def read(
        self,
        make_frame: Callable[[], np.ndarray],
        model: str,
        source: str,
        visitor: str | None,
        drawing_id: UUID | None = None,
    ) -> Future[Reading]:
        """Read a drawing, a new one unless it has an id; nothing is kept yet.

        The future raises what `make_frame` raises, and ModelMissing.
        """
        reading: Future[Reading] = _running()

        def finish(predicted: Future[FramePrediction]) -> None:
            if error := predicted.exception():
                reading.set_exception(error)
                return
            frame, prediction = predicted.result()
            _count(prediction, source)
            reading.set_result(Reading(drawing_id or uuid4(), frame, prediction, source, visitor))

        self._batcher.submit(make_frame, model).add_done_callback(finish)
        return reading

    def keep(self, reading: Reading) -> Future[Written]:
        """Write a reading's row, or write it anew; see logger.log_prediction."""
        return logger.log_prediction(self._writer, reading.row)

    def read_and_keep(
        self, make_frame: Callable[[], np.ndarray], model: str, source: str, visitor: str | None
    ) -> Future[Reading]:
        """Read a new drawing; done when its row is safe: committed, or synced in the spool.

        The future raises what `make_frame` raises, ModelMissing, and writer.NotWritten.
        """
        safe: Future[Reading] = _running()

        def keep(read: Future[Reading]) -> None:
            try:
                reading = read.result()
                self.keep(reading).add_done_callback(lambda written: finish(written, reading))
            except Exception as error:  # noqa: BLE001 - raised again where the reading is waited for
                safe.set_exception(error)

        def finish(written: Future[Written], reading: Reading) -> None:
            error = written.exception()
            safe.set_exception(error) if error else safe.set_result(reading)

        self.read(make_frame, model, source, visitor).add_done_callback(keep)
        return safe


def _running() -> Future[Reading]:
    """A future that nobody can cancel any more."""
    future: Future[Reading] = Future()
    future.set_running_or_notify_cancel()
    return future


def _count(prediction: Prediction, source: str) -> None:
    metrics.count_prediction(
        prediction.model,
        prediction.model_version,
        prediction.predicted_digit,
        source,
        prediction.confidence,
        prediction.elapsed_ms / 1e3,
    )
