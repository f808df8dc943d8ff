"""Reading a drawing and keeping the answer: the one way, for the pages and the API alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import logger
import metrics
from frames.drawing import Drawing
from learning.registry import MODELS
from logger import PredictionRow
from serving.batching import Batcher
from serving.choosing import DrawingPrediction
from serving.hands import HandCache
from serving.personal import PersonalModel
from serving.prediction import Prediction
from storage.writer import Writer, Written

SMALLEST_REAL = 1e-37  # PostgreSQL refuses to round smaller numbers to a real


@dataclass(frozen=True)
class Reading:
    """One drawing as it was read, and the model's answer; `other` is another model's, where one was asked too."""

    drawing_id: UUID
    drawing: Drawing
    prediction: Prediction
    source: str
    visitor: str | None
    other: Prediction | None = None

    @property
    def row(self) -> PredictionRow:
        """The row of the `predictions` table."""
        prediction, drawing, personal = self.prediction, self.drawing, self.prediction.personal
        return PredictionRow(
            drawing_id=self.drawing_id,
            predicted_digit=prediction.predicted_digit,
            confidence=prediction.confidence,
            probabilities=_reals(prediction.probabilities),
            digit_score=prediction.digit_score,
            image=drawing.png,
            source=self.source,
            visitor=self.visitor,
            model=prediction.model,
            model_version=prediction.model_version,
            elapsed_ms=prediction.elapsed_ms,
            shared_digit=personal.shared_digit if personal else None,
            shared_probabilities=_reals(personal.shared_probabilities) if personal else None,
            strokes=drawing.strokes,
            **(drawing.measures._asdict() if drawing.measures else {}),
        )


def _reals(probabilities: Sequence[float]) -> tuple[float, ...]:
    return tuple(p if p > SMALLEST_REAL else 0.0 for p in probabilities)


class Reader:
    """Reads drawings and keeps them."""

    def __init__(self, batcher: Batcher, writer: Writer, hands: HandCache) -> None:
        self._batcher, self._writer, self._hands = batcher, writer, hands

    def read(
        self,
        make_drawing: Callable[[], Drawing],
        model: str,
        source: str,
        visitor: str | None,
        drawing_id: UUID | None = None,
        personal: bool = True,
        compare: bool = False,
    ) -> Future[Reading]:
        """Read a drawing, a new one unless it has an id; nothing is kept yet. `personal`: with the visitor's own model.

        `compare`: another model is asked as well; where it cannot answer, the reading is without.

        The future raises what `make_drawing` raises, ModelMissing, and TooManyAtOnce.
        """
        reading: Future[Reading] = _running()

        def finish(predicted: Future[DrawingPrediction]) -> None:
            if error := predicted.exception():
                reading.set_exception(error)
                return
            drawing, prediction = predicted.result()
            count_reading(prediction, source)
            read = Reading(drawing_id or uuid4(), drawing, prediction, source, visitor)
            if not compare:
                reading.set_result(read)
                return
            other = self._batcher.submit(lambda: drawing, next(name for name in MODELS if name != model))
            other.add_done_callback(lambda done: reading.set_result(_compared(read, done)))

        def submit(hand: PersonalModel | None) -> None:
            self._batcher.submit(make_drawing, model, hand).add_done_callback(finish)

        if visitor and personal:
            self._hands.with_model(visitor, model, submit)
        else:
            submit(None)
        return reading

    def keep(self, reading: Reading) -> Future[Written]:
        """Write a reading's row, or write it anew; see logger.log_prediction."""
        return logger.log_prediction(self._writer, reading.row)

    def read_and_keep(
        self, make_drawing: Callable[[], Drawing], model: str, source: str, visitor: str | None, personal: bool = True
    ) -> Future[Reading]:
        """Read a new drawing; done when its row is safe: committed, or synced in the spool.

        The future raises what `make_drawing` raises, ModelMissing, and writer.NotWritten.
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

        self.read(make_drawing, model, source, visitor, personal=personal).add_done_callback(keep)
        return safe


def _compared(reading: Reading, other: Future[DrawingPrediction]) -> Reading:
    return reading if other.exception() else replace(reading, other=other.result().prediction)


def _running() -> Future[Reading]:
    """A future that nobody can cancel any more."""
    future: Future[Reading] = Future()
    future.set_running_or_notify_cancel()
    return future


def count_reading(prediction: Prediction, source: str) -> None:
    """Count what was read, for /metrics."""
    metrics.count_prediction(
        prediction.model,
        prediction.model_version,
        prediction.predicted_digit,
        source,
        prediction.confidence,
        prediction.elapsed_ms / 1e3,
    )
