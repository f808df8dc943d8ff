"""Whole numbers as the app reads and keeps them: ids that stay, rows of their own, and what counts among digits."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks import drawings
from benchmarks.written_numbers import canvas, written
from frames.drawing import from_picture
from frames.ink import find_ink
from frames.lattice import Lattice
from frames.masks import NoInk
from frames.segmentation import TooManyDigits, in_picture, in_strokes
from learning.weights import SHIPPED_DIR
from serving.batching import Batcher, TooManyAtOnce
from serving.choosing import read_drawings
from serving.hands import HandCache
from serving.loading import ModelLoader
from serving.prediction import Prediction
from serving.predictor import load_model
from serving.reading import Reading
from serving.whole_numbers import (
    AT_ONCE,
    WAITING,
    NumberReader,
    Numbers,
    is_one_digit,
    read_lattice,
    several_digits,
    texts_of,
)
from settings import load_settings
from storage.database import Database
from storage.writer import Writer
from support.digits import DIGITS
from support.running_app import wait_until
from support.sketches import painted

SIDE, PEN = 300, 18
VISITOR = "a" * 64


@pytest.fixture
def reader(database: Database, writer: Writer, tmp_path: object) -> Iterator[NumberReader]:
    models = ModelLoader(load_settings({"DATA_DIR": str(tmp_path)}))
    batcher = Batcher(lambda frames, model, hands: models.predictor().predict_all(frames, model, hands))
    hands = HandCache(database, models)
    hands.open()
    reader = NumberReader(batcher, writer, hands)
    yield reader
    reader.close()
    hands.close()
    batcher.close()


def strokes_of(*indices: int) -> list[NDArray[np.float64]]:
    """Some of DIGITS beside each other."""
    return [np.array(stroke) * SIDE + (k * 200, 0) for k, i in enumerate(indices) for stroke in DIGITS[i][1]]


def read(reader: NumberReader, strokes: list[NDArray[np.float64]], number_id: UUID | None = None) -> Numbers:
    return reader.read(lambda: in_strokes(strokes, 960, SIDE, PEN), "cnn", "canvas", VISITOR, number_id).result(30)


def kept(database: Database) -> list[tuple[int, int]]:
    """Digit and number of strokes of each row, as they were written."""
    with database.transaction() as cursor:
        cursor.execute("SELECT predicted_digit, strokes FROM predictions WHERE source = 'canvas' ORDER BY id")
        return [(digit, len(json.loads(strokes) if isinstance(strokes, str) else strokes)) for digit, strokes in cursor]


def test_each_digit_is_a_row_with_its_own_strokes(reader: NumberReader, database: Database) -> None:
    numbers = read(reader, strokes_of(5, 9, 3))
    assert (numbers.text, numbers.texts) == ("241", ["241"])
    assert [digit.box[0] // 200 for digit in numbers.digits] == [0, 1, 2]
    for each in reader.keep(numbers):
        each.result(30)
    wait_until(lambda: kept(database) == [(2, 1), (4, 2), (1, 1)], what="three rows, in reading order")


def test_a_digit_keeps_its_id_when_its_next_stroke_comes_and_what_is_gone_is_deleted(
    reader: NumberReader, database: Database
) -> None:
    number_id, strokes = uuid4(), strokes_of(5, 9, 3)
    before = read(reader, strokes[:2], number_id)
    for each in reader.keep(before):
        each.result(30)
    later = read(reader, strokes, number_id)
    ids = [digit.reading.drawing_id for digit in later.digits]
    assert [digit.reading.drawing_id for digit in before.digits] == ids[:2]
    for each in reader.keep(later, before):
        each.result(30)
    wait_until(lambda: len(kept(database)) == 3, what="three rows")
    undone = read(reader, strokes[:1], number_id)
    for each in reader.keep(undone, later):
        each.result(30)
    wait_until(lambda: kept(database) == [(2, 1)], what="one row")


def test_a_picture_of_several_digits_is_certain_of_them(reader: NumberReader) -> None:
    assert several_digits(read(reader, strokes_of(5, 9, 3)))
    assert not several_digits(read(reader, strokes_of(5)))
    assert not several_digits(read(reader, strokes_of(9))), "two strokes of one four"


def test_one_digit_is_one_only_if_no_ink_is_left_out() -> None:
    model = load_model(SHIPPED_DIR, "cnn")
    for indices, one in (((5,), True), ((13, 13), False), ((5, 9), False)):
        drawing = from_picture(painted(strokes_of(*indices), 960, PEN, scale=1, at=(0, 0)))
        ((read, prediction),) = read_drawings(model.predict_all, [drawing])
        assert is_one_digit(Reading(uuid4(), read, prediction, "api", None), drawing) is one


@pytest.mark.parametrize("digit", [True, False])
def test_where_nothing_is_a_digit_all_that_is_drawn_may_be_a_single_one(digit: bool) -> None:
    """Of two digits nothing is one to this model but, perhaps, both together."""
    model, picture = load_model(SHIPPED_DIR, "cnn"), painted(strokes_of(5, 9), 960, PEN, scale=1, at=(0, 0))
    whole = from_picture(picture).frame

    def predict(frames: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        together = [digit and np.array_equal(frame, whole) for frame in frames]
        return [
            replace(prediction, is_digit=each, digit_score=0.9 if each else 0.001)
            for prediction, each in zip(model.predict_all(frames), together, strict=True)
        ]

    lattice = in_picture(picture, size=(480, 150))
    lines = read_lattice(lattice, predict)
    if digit:
        ((part,),) = lines
        ink = find_ink(picture)
        corners = (ink.left, ink.top, ink.pixels.shape[1], ink.pixels.shape[0])
        assert part.prediction.is_digit
        assert part.found.box == pytest.approx([each / 2 for each in corners], abs=1), "half as large as it was sent"
    else:
        found = [[part.found.box for part in line] for line in lines]
        alone = read_lattice(replace(lattice, whole=None), predict)
        assert found == [[part.found.box for part in line] for line in alone]
        assert not any(part.prediction.is_digit for line in lines for part in line)


def test_the_linear_model_says_which_digits_they_are_and_the_cnn_where(reader: NumberReader) -> None:
    def boxes(numbers: Numbers) -> list[tuple[int, ...]]:
        return [digit.box for digit in numbers.digits]

    lattice = in_strokes(strokes_of(5, 9, 3), 3 * SIDE, SIDE, PEN)
    cnn, linear = (reader.read(lambda: lattice, model, "api", None).result() for model in ("cnn", "linear"))
    assert boxes(cnn) == boxes(linear)
    assert {digit.reading.prediction.model for digit in linear.digits} == {"linear"}


def test_what_is_left_of_a_frame_is_no_second_digit(reader: NumberReader) -> None:
    sides = [np.array([[4.0, 10], [4, SIDE - 10]]), np.array([[956.0, 10], [956, SIDE - 10]])]
    assert not several_digits(read(reader, [*strokes_of(5), *sides]))


def test_more_digits_than_are_read_are_refused_in_the_end_too() -> None:
    model = load_model(SHIPPED_DIR, "linear")
    zeros = [np.array(DIGITS[2][1][0]) * 60 + (40 * (k % 24), 60 * (k // 24)) for k in range(216)]
    with pytest.raises(TooManyDigits):
        read_lattice(in_strokes(zeros, 1000, 560, 4), model.predict_all)


def test_only_so_many_pictures_wait(reader: NumberReader) -> None:
    go_on = threading.Event()

    def blocked() -> Lattice:
        go_on.wait(30)
        raise NoInk

    waiting = [reader.read(blocked, "cnn", "api", None) for _ in range(AT_ONCE + WAITING)]
    with pytest.raises(TooManyAtOnce):
        reader.read(blocked, "cnn", "api", None)
    go_on.set()
    assert all(isinstance(each.exception(30), NoInk) for each in waiting)
    wait_until(lambda: reader.read(blocked, "cnn", "api", None), what="a free place")


def test_generated_numbers_are_read_and_twenty_digits_within_a_second() -> None:
    model = load_model(SHIPPED_DIR, "cnn")
    people = drawings.made_up_writers(3)
    right = total = 0
    pictures = []
    for number in written(people, 6):
        picture = canvas(number)
        pictures.append(picture.resize((480, 160)))
        lines = read_lattice(in_picture(picture), model.predict_all)
        right += "".join(texts_of((part.prediction for part in parts) for parts in lines)) == number.text
        total += 1
    assert right >= 0.75 * total
    sheet = Image.new("L", (960, 480), 255)
    for k, picture in enumerate(pictures[:6]):
        sheet.paste(picture, (480 * (k % 2), 160 * (k // 2)))
    start = time.process_time()
    read_lattice(in_picture(sheet), model.predict_all)
    assert time.process_time() - start < 4, "a tenth of that on an idle core"
