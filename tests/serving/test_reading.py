"""Reading a drawing and keeping it: the one way, with the real batching, writer and database."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import numpy as np
import pytest

import metrics
from frames.masks import NoInk
from learning.weights import SHIPPED_DIR, ModelMissing
from serving.batching import Batcher
from serving.predictor import Predictor, load_predictor
from serving.reading import Reader
from storage.database import Database
from storage.writer import NotWritten, Writer
from support.rows import ME, everything

FRAME = np.pad(np.full((20, 4), 255, np.uint8), ((4, 4), (12, 12)))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return load_predictor(SHIPPED_DIR)


@pytest.fixture
def reader(predictor: Predictor, writer: Writer) -> Iterator[Reader]:
    batcher = Batcher(predictor.predict_all)
    yield Reader(batcher, writer)
    batcher.close()


def blank() -> np.ndarray:
    raise NoInk


def test_what_is_only_read_is_not_kept(reader: Reader, predictor: Predictor, database: Database) -> None:
    drawing = uuid4()
    reading = reader.read(lambda: FRAME, "cnn", "canvas", ME, drawing).result(20)
    assert (reading.drawing_id, reading.source, reading.visitor) == (drawing, "canvas", ME)
    assert reading.prediction.probabilities == pytest.approx(predictor.predict(FRAME, "cnn").probabilities, abs=1e-5)
    assert everything(database, "drawing_id") == []
    assert not reader.keep(reading).result(20).spooled
    assert everything(database, "drawing_id, predicted_digit, visitor, model") == [
        (drawing, reading.prediction.predicted_digit, ME, "cnn")
    ]


def test_what_is_read_and_kept_is_safe_when_it_is_done(reader: Reader, database: Database) -> None:
    readings = [reader.read_and_keep(lambda: FRAME, "linear", "api", None) for _ in range(20)]
    ids = {each.result(20).drawing_id for each in readings}
    assert {drawing for (drawing,) in everything(database, "drawing_id")} == ids
    assert len(ids) == 20


def test_errors_reach_whoever_waits_and_nothing_is_kept(reader: Reader, database: Database) -> None:
    with pytest.raises(NoInk):
        reader.read_and_keep(blank, "cnn", "api", None).result(20)
    with pytest.raises(ModelMissing):
        reader.read_and_keep(lambda: FRAME, "oracle", "api", None).result(20)
    with pytest.raises(NotWritten):
        reader.read_and_keep(lambda: FRAME, "cnn", "telepathy", None).result(20)
    assert everything(database, "drawing_id") == []


def test_every_reading_is_counted(reader: Reader) -> None:
    def counted() -> float:
        names = {"source": "upload", "model": "linear"}
        return sum(
            sample.value
            for family in metrics.PREDICTIONS.collect()
            for sample in family.samples
            if sample.name.endswith("_total") and names.items() <= sample.labels.items()
        )

    before = counted()
    reader.read(lambda: FRAME, "linear", "upload", None).result(20)
    assert counted() == before + 1
