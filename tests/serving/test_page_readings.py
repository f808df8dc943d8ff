"""A state of a canvas is read and kept once, whoever brings it first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast
from uuid import uuid4

import numpy as np
import pytest

from frames.drawing import Drawing
from frames.masks import NoInk
from serving import page_readings
from serving.page_readings import DrawingState, Ended, PageReadings
from serving.prediction import Prediction
from serving.reading import Reader, Reading

STATE = DrawingState(uuid4(), 5, 1, "cnn", "somebody")
DRAWING = Drawing(np.zeros((28, 28), np.uint8))
PREDICTION = Prediction(7, 0.9, (0.1,) * 10, 0.99, True, "cnn", 1, 1.0)


class CountingReader:
    """A reader that answers at once, or when told to."""

    def __init__(self, at_once: bool = True) -> None:
        self.made: list[Drawing] = []
        self.kept: list[Reading] = []
        self.at_once, self.waiting = at_once, cast("list[Callable[[], None]]", [])

    def read(
        self, make: Callable[[], Drawing], _model: str, source: str, visitor: str, drawing_id: Any, compare: bool
    ) -> Any:
        assert compare, "a page says where the models differ"
        future: Future[Reading] = Future()

        def answer() -> None:
            try:
                self.made.append(make())
                future.set_result(Reading(drawing_id, self.made[-1], PREDICTION, source, visitor))
            except NoInk as error:
                future.set_exception(error)

        answer() if self.at_once else self.waiting.append(answer)
        return future

    def keep(self, reading: Reading) -> None:
        self.kept.append(reading)


def readings(reader: CountingReader) -> PageReadings:
    return PageReadings(cast(Reader, reader))


@pytest.mark.parametrize("at_once", [True, False])
def test_the_second_to_bring_a_state_gets_the_first_ones_answer(at_once: bool) -> None:
    reader = CountingReader(at_once)
    known = readings(reader)
    first, second = known.read(STATE, lambda: DRAWING), known.read(STATE, lambda: pytest.fail("read twice"))
    for answer in reader.waiting:
        answer()
    assert first.result(5) is second.result(5)
    assert reader.kept == [first.result()]
    assert first.result().source == "canvas"
    assert first.result().drawing_id == STATE.drawing_id


def test_what_is_not_wanted_is_known_but_not_kept() -> None:
    reader = CountingReader()
    known = readings(reader)
    read = known.read(STATE, lambda: DRAWING, wanted=lambda reading: not reading.prediction.is_digit).result()
    assert known.known(STATE) is read
    assert reader.kept == []


@pytest.mark.parametrize(
    "other",
    [
        STATE._replace(strokes=2),
        STATE._replace(revision=6),
        STATE._replace(model="linear"),
        STATE._replace(visitor="somebody else"),
        STATE._replace(drawing_id=uuid4()),
    ],
)
def test_another_state_is_read_by_itself(other: DrawingState) -> None:
    reader = CountingReader()
    known = readings(reader)
    known.read(STATE, lambda: DRAWING)
    known.read(other, lambda: DRAWING)
    assert len(reader.kept) == 2


def test_what_could_not_be_read_is_tried_again() -> None:
    reader = CountingReader()
    known = readings(reader)

    def nothing() -> Drawing:
        raise NoInk

    with pytest.raises(NoInk):
        known.read(STATE, nothing).result(5)
    assert reader.kept == []
    assert known.read(STATE, lambda: DRAWING).result(5).drawing is DRAWING


def test_what_has_been_read_is_known_by_its_state() -> None:
    reader = CountingReader(at_once=False)
    readings_ = readings(reader)
    read = readings_.read(STATE, lambda: DRAWING)
    assert readings_.known(STATE) is None, "not yet"
    reader.waiting[0]()
    assert readings_.known(STATE) is read.result(5)
    assert readings_.known(STATE._replace(strokes=2)) is None


def test_a_picture_is_kept_as_what_it_is() -> None:
    reader = CountingReader()
    assert readings(reader).read(STATE._replace(source="upload"), lambda: DRAWING).result(5).source == "upload"


def test_the_oldest_states_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_readings, "MAX_STATES", 2)
    reader = CountingReader()
    known = readings(reader)
    for strokes in (1, 2, 1, 3, 1, 2):
        known.read(STATE._replace(strokes=strokes), lambda: DRAWING)
    assert len(reader.kept) == 4, "1, 2, 3, and 2 again: 1 was asked for meanwhile"


def test_without_keeping_nothing_is_written_and_nobody_is_known_by_their_labels() -> None:
    reader = CountingReader()
    known = PageReadings(cast(Reader, reader), keeps=False)
    assert known.read(STATE, lambda: DRAWING).result(5).visitor is None
    assert reader.kept == []
    assert known.known(STATE) is not None


def test_what_was_read_otherwise_is_known_as_well_and_forgotten_in_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_readings, "MAX_STATES", 2)
    known = readings(CountingReader())
    states = [STATE._replace(revision=number) for number in range(3)]
    for state in states:
        known.remember(state, Reading(state.drawing_id, DRAWING, PREDICTION, "canvas", "somebody"))
    assert [known.known(state) is not None for state in states] == [False, True, True]


def test_how_a_drawing_ended_is_told_once_and_to_its_visitor_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_readings, "MAX_STATES", 2)
    known = readings(CountingReader())
    drawings = [uuid4() for _ in range(3)]
    ends = [Ended(uuid4(), "Saved.", "[]") for _ in drawings]
    for drawing, ended in zip(drawings, ends, strict=True):
        known.end(drawing, "somebody", ended)
    assert known.take_ended(drawings[0], "somebody") is None, "the first is forgotten"
    assert known.take_ended(drawings[1], "somebody else") is None
    assert known.take_ended(drawings[1], "somebody") == ends[1]
    assert known.take_ended(drawings[1], "somebody") is None
    assert known.take_ended(drawings[2], "somebody") == ends[2]
