"""Reading a drawing and keeping it: the one way, with the real batching, writer and database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

import metrics
from frames.drawing import Drawing, Measures
from frames.masks import NoInk
from learning.weights import ModelMissing
from logger import log_label
from serving.batching import Batcher
from serving.hands import HandCache
from serving.predictor import Predictor
from serving.reading import Reader
from storage.database import Database
from storage.writer import NotWritten, Writer
from support.hands import hand_cache, hooked_one, shipped
from support.rows import ME, YOU, everything

FRAME = np.pad(np.full((20, 4), 255, np.uint8), ((4, 4), (12, 12)))
DRAWING = Drawing(FRAME, Measures(0.1, 0.5, -3.0), "[[[1.0,2.0]]]")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return shipped()


@pytest.fixture
def hands(database: Database, tmp_path: Path) -> Iterator[HandCache]:
    with hand_cache(database, tmp_path) as hands:
        yield hands


@pytest.fixture
def reader(predictor: Predictor, writer: Writer, hands: HandCache) -> Iterator[Reader]:
    batcher = Batcher(predictor.predict_all)
    yield Reader(batcher, writer, hands)
    batcher.close()


def blank() -> Drawing:
    raise NoInk


def test_what_is_only_read_is_not_kept(reader: Reader, predictor: Predictor, database: Database) -> None:
    drawing = uuid4()
    reading = reader.read(lambda: DRAWING, "cnn", "canvas", ME, drawing).result(20)
    assert (reading.drawing_id, reading.source, reading.visitor) == (drawing, "canvas", ME)
    assert reading.prediction.probabilities == pytest.approx(predictor.predict(FRAME, "cnn").probabilities, abs=1e-5)
    assert everything(database, "drawing_id") == []
    assert not reader.keep(reading).result(20).spooled
    columns = "drawing_id, predicted_digit, visitor, model, pen_width, size, slant, strokes, shared_digit"
    digit = reading.prediction.predicted_digit
    assert everything(database, columns) == [(drawing, digit, ME, "cnn", 0.1, 0.5, -3, [[[1.0, 2.0]]], None)]


def test_a_person_s_own_labels_change_the_next_answer_and_the_row_says_what_everybodys_model_read(
    reader: Reader, hands: HandCache, writer: Writer, database: Database
) -> None:
    first = reader.read_and_keep(lambda: Drawing(hooked_one()), "cnn", "canvas", ME).result(20)
    assert (first.prediction.predicted_digit, first.prediction.personal) == (7, None)
    hands.relearned(log_label(writer, first.drawing_id, 1, ME)).result(20)
    second = reader.read_and_keep(lambda: Drawing(hooked_one()), "cnn", "canvas", ME).result(20)
    answer = second.prediction
    assert answer.personal is not None
    assert (answer.predicted_digit, answer.personal.labels, answer.personal.shared_digit) == (1, 1, 7)
    assert answer.changed
    assert second.drawing_id != first.drawing_id
    (_, (digit, probabilities, shared_digit, shared_probabilities)) = everything(
        database, "predicted_digit, probabilities, shared_digit, shared_probabilities"
    )
    assert (digit, shared_digit) == (1, 7)
    assert probabilities == pytest.approx(answer.probabilities, abs=1e-6)
    assert shared_probabilities == pytest.approx(answer.personal.shared_probabilities, abs=1e-6)
    for model, visitor, personal in (("cnn", YOU, True), ("cnn", ME, False), ("linear", ME, True)):
        other = reader.read(lambda: Drawing(hooked_one()), model, "canvas", visitor, personal=personal).result(20)
        assert other.prediction.personal is None
        assert other.prediction.predicted_digit != 1


def test_what_is_read_and_kept_is_safe_when_it_is_done(reader: Reader, database: Database) -> None:
    readings = [reader.read_and_keep(lambda: DRAWING, "linear", "api", None) for _ in range(20)]
    ids = {each.result(20).drawing_id for each in readings}
    assert {drawing for (drawing,) in everything(database, "drawing_id")} == ids
    assert len(ids) == 20


def test_errors_reach_whoever_waits_and_nothing_is_kept(reader: Reader, database: Database) -> None:
    with pytest.raises(NoInk):
        reader.read_and_keep(blank, "cnn", "api", None).result(20)
    with pytest.raises(ModelMissing):
        reader.read_and_keep(lambda: DRAWING, "oracle", "api", None).result(20)
    with pytest.raises(NotWritten):
        reader.read_and_keep(lambda: DRAWING, "cnn", "telepathy", None).result(20)
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
    reader.read(lambda: DRAWING, "linear", "upload", None).result(20)
    assert counted() == before + 1


def test_another_model_is_asked_as_well_where_that_is_wanted_and_it_has_no_row(
    reader: Reader, predictor: Predictor, database: Database
) -> None:
    for model, other in (("cnn", "linear"), ("linear", "cnn")):
        reading = reader.read(lambda: DRAWING, model, "canvas", ME, compare=True).result(20)
        assert reading.other is not None
        assert (reading.prediction.model, reading.other.model) == (model, other)
        assert reading.other.probabilities == pytest.approx(predictor.predict(FRAME, other).probabilities, abs=1e-5)
        assert reader.read(lambda: DRAWING, model, "preview", ME).result(20).other is None
        reader.keep(reading).result(20)
    assert everything(database, "model") == [("cnn",), ("linear",)]


def test_where_the_other_model_is_missing_the_reading_is_without(
    predictor: Predictor, writer: Writer, hands: HandCache
) -> None:
    batcher = Batcher(Predictor({"cnn": predictor.models["cnn"]}).predict_all)
    reading = Reader(batcher, writer, hands).read(lambda: DRAWING, "cnn", "canvas", ME, compare=True).result(20)
    batcher.close()
    assert (reading.prediction.model, reading.other) == ("cnn", None)
