"""Why a drawing is read as it is: asked of the model that answered, one after the other, of one's own labels alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import numpy as np
import pytest

from frames.drawing import Drawing, from_strokes
from frames.preprocessing import to_png
from serving import explaining
from serving.explaining import Busy, Explainer, Outdated, explain, in_batches, reads
from serving.hands import HandCache
from serving.loading import ModelLoader
from serving.prediction import Prediction
from serving.reading import Reading
from serving.second_look import SHIFTS, look_again
from settings import load_settings
from storage.database import Database
from storage.hands import forget
from storage.writer import Writer
from support.digits import DIGITS
from support.hands import hand_cache, hooked_one, labelled, serving, seven, shipped
from support.rows import ME, YOU

CROSS = [[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)]]


def drawn(strokes: Sequence[Any]) -> Drawing:
    return from_strokes([np.array(stroke) * 480 for stroke in strokes], 480, 26)


FOUR, SEVEN = drawn(DIGITS[9][1]), drawn(DIGITS[15][1])


def reading(drawing: Drawing, model: str = "cnn", visitor: str | None = ME) -> Reading:
    return Reading(uuid4(), drawing, shipped().predict(drawing.frame, model), "canvas", visitor)


@pytest.fixture
def hands(database: Database, tmp_path: Path) -> Iterator[HandCache]:
    with hand_cache(database, tmp_path) as hands:
        yield hands


@pytest.fixture
def explainer(hands: HandCache, database: Database, tmp_path: Path) -> Iterator[Explainer]:
    models = ModelLoader(load_settings({"DATA_DIR": str(tmp_path)}, tmp_path / "no.env"), load=lambda _: shipped())
    explainer = Explainer(models, hands, database)
    yield explainer
    explainer.close()
    models.close()


def test_ink_is_explained_for_both_models(explainer: Explainer) -> None:
    for model in ("cnn", "linear"):
        told = explainer.explain(reading(FOUR, model)).result(20)
        assert told.prediction.model == model
        assert told.saliency[FOUR.frame > 0].max() > 0
        assert not told.saliency[FOUR.frame == 0].any()


def test_each_stroke_is_left_out_and_what_is_left_is_drawn_again() -> None:
    told = explain(FOUR, in_batches(serving(), None), 0.5)
    assert len(told.strokes) == 2
    alone = serving().predict(drawn(DIGITS[9][1][1:]).frame)
    left = told.strokes[0].prediction
    assert left.predicted_digit == alone.predicted_digit
    assert left.digit_score == pytest.approx(alone.digit_score, rel=0.1)
    assert left.predicted_digit != told.prediction.predicted_digit
    assert told.strokes[0].loss > 0
    assert explain(SEVEN, in_batches(serving(), None), 0.5).strokes == (), "of one stroke nothing would be left"


def test_without_a_stroke_as_little_is_seen_of_what_lies_outside_the_canvas_as_with_it() -> None:
    round_outside = [(0.98, 0.9), (1.3, 0.9), (1.3, 0.1), (0.98, 0.1)]
    seen: list[np.ndarray] = []

    def predict(frames: Sequence[np.ndarray]) -> list[Prediction]:
        seen.extend(frames)
        return in_batches(serving(), None)(frames)

    told = explain(drawn([DIGITS[15][1][0], round_outside]), predict, 0.5)
    assert len(told.strokes) == 2
    without_the_seven = drawn([[(0.98, 0.9), (1.3, 0.9)], [(1.3, 0.1), (0.98, 0.1)]]).frame
    assert any(np.array_equal(frame, without_the_seven) for frame in seen)
    outside = [(1.2, 0.2), (1.4, 0.8)]
    assert reads(explain(drawn([DIGITS[15][1][0], outside]), predict, 0.5).strokes[0].prediction) is None


def test_what_would_make_the_difference_is_found_and_does() -> None:
    """Made to read a 4 while there is ink in one spot, and a 1 without it."""
    four, one = (np.eye(10)[digit] * 0.9 + 0.01 for digit in (4, 1))
    row, column = 15, 15
    assert FOUR.frame[row, column] > 0

    def predict(frames: Sequence[np.ndarray]) -> list[Prediction]:
        whole = [frame[row, column] > 0.5 * FOUR.frame[row, column] for frame in frames]
        return [
            Prediction(4 if is_four else 1, 0.91, tuple(four if is_four else one), 0.9, True, "cnn", 1, 1.0)
            for is_four in whole
        ]

    spot = explain(replace(FOUR, strokes=None), predict, 0.5).decisive
    assert spot is not None
    assert spot.prediction.predicted_digit == 1
    assert max(abs(spot.centre[0] - row), abs(spot.centre[1] - column)) <= 1
    steady = explain(replace(FOUR, strokes=None), lambda frames: predict([FOUR.frame] * len(frames)), 0.5)
    assert steady.decisive is None
    assert not steady.saliency.any()


def test_what_a_second_look_answers_is_explained_by_what_one_look_loses() -> None:
    """At one look a doubtful 1, a little more one without a spot; moved by two pixels, a certain 4."""
    row, column = 15, 15

    def says(four: float) -> Prediction:
        probabilities = (0.0, 1 - four, 0.0, 0.0, four, *[0.0] * 5)
        return Prediction(4 if four > 0.5 else 1, max(four, 1 - four), probabilities, 0.9, True, "cnn", 1, 1.0)

    def predict(frames: Sequence[np.ndarray]) -> list[Prediction]:
        if len(frames) == len(SHIFTS):
            return [says(0.95)] * len(frames)
        return [says(0.4 if each[row, column] > 0.5 * FOUR.frame[row, column] else 0.35) for each in frames]

    told = explain(replace(FOUR, strokes=None), predict, 0.5)
    assert told.prediction.predicted_digit == 4
    assert told.saliency[row, column] > 0
    assert told.saliency[:8].max() < 0.2 * told.saliency.max(), "what makes no difference at one look explains nothing"
    assert told.decisive is None, "a 1 is what one look says to all of it"
    in_a_number = explain(replace(FOUR, strokes=None), predict, 0.5, answered=says(0.4))
    assert in_a_number.prediction.predicted_digit == 1


def test_the_next_likeliest_is_as_likely_as_the_answer_said() -> None:
    """A doubtful 4 that is a certain one at the second look: the same digit, but other probabilities."""

    def predict(frames: Sequence[np.ndarray]) -> list[Prediction]:
        four = 0.95 if len(frames) == len(SHIFTS) else 0.6
        probabilities = (0.0, 1 - four, 0.0, 0.0, four, *[0.0] * 5)
        return [Prediction(4, four, probabilities, 0.9, True, "cnn", 1, 1.0)] * len(frames)

    (given,) = look_again(lambda frames, _hands: predict(frames), [FOUR.frame], predict([FOUR.frame]))
    assert given.confidence > 0.9
    assert explain(replace(FOUR, strokes=None), predict, 0.5, given).prediction.probabilities == given.probabilities


def test_what_is_no_digit_is_explained_by_the_digit_score(explainer: Explainer) -> None:
    told = explainer.explain(reading(drawn(CROSS))).result(20)
    assert not told.prediction.is_digit
    assert told.threshold == serving().info.card.digit_score.threshold
    assert told.saliency.min() < 0, "something speaks against it"


# --- One's own drawings -----------------------------------------------------------------------------------------------


def test_the_nearest_labelled_drawings_are_ones_own_and_at_most_five(
    explainer: Explainer, hands: HandCache, writer: Writer
) -> None:
    mine = [(hooked_one(), 1) for _ in range(4)] + [(seven(), 7) for _ in range(3)]
    for frame, label in mine:
        hands.relearned(labelled(writer, frame, label, ME)[1], ME).result(20)
    theirs = seven()
    labelled(writer, theirs, 7, YOU)[1].result(20)
    told = explainer.explain(read_by_hand(hands, Drawing(theirs))).result(20)
    assert told.labelled is not None
    assert [each.label for each in told.labelled] == [7, 7, 7, 1, 1]
    assert {each.image for each in told.labelled} <= {to_png(frame) for frame, _ in mine}
    others = explainer.explain(reading(Drawing(theirs), visitor="c" * 64)).result(20)
    assert others.labelled == ()
    assert explainer.explain(reading(Drawing(theirs), visitor=None)).result(20).labelled == ()


def test_a_hand_that_is_forgotten_is_not_shown(explainer: Explainer, hands: HandCache, writer: Writer) -> None:
    hands.relearned(labelled(writer, seven(), 7, ME)[1], ME).result(20)
    hands.relearned(forget(writer, ME), ME).result(20)
    assert explainer.explain(reading(SEVEN)).result(20).labelled == ()


def test_a_personal_model_explains_its_own_answer(explainer: Explainer, hands: HandCache, writer: Writer) -> None:
    hands.relearned(labelled(writer, hooked_one(), 1, ME)[1], ME).result(20)
    drawing = Drawing(hooked_one())
    answered = read_by_hand(hands, drawing)
    assert answered.prediction.changed
    told = explainer.explain(answered).result(20)
    assert told.prediction.predicted_digit == 1
    assert told.prediction.personal is not None
    shared = explainer.explain(reading(drawing)).result(20)
    assert shared.prediction.predicted_digit == 7
    assert not np.allclose(told.saliency, shared.saliency)


def read_by_hand(hands: HandCache, drawing: Drawing) -> Reading:
    """Read with the visitor's own model."""
    (answer,) = serving().predict_all([drawing.frame], [hands.look(ME).model])
    return replace(reading(drawing), prediction=answer)


# --- What can go wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"model_version": 99}, {"predicted_digit": 3}, {"is_digit": False}], ids=str)
def test_an_answer_of_other_models_than_now_is_not_explained(explainer: Explainer, change: dict[str, Any]) -> None:
    answered = reading(SEVEN)
    with pytest.raises(Outdated):
        explainer.explain(replace(answered, prediction=replace(answered.prediction, **change))).result(20)


def test_one_is_explained_at_a_time_in_small_batches_and_only_so_many_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "MAX_WAITING", 2)
    sizes: list[int] = []
    at_once, gate = threading.Semaphore(1), threading.Event()

    class Slow:
        info = serving().info

        def predict_all(self, frames: Sequence[np.ndarray], hands: Any) -> list[Prediction]:
            assert at_once.acquire(blocking=False), "two at once"
            sizes.append(len(frames))
            gate.wait(20)
            at_once.release()
            return serving().predict_all(frames, hands)

    class Models:
        def __init__(self) -> None:
            self.models = {"cnn": Slow()}

        def predictor(self) -> Any:
            return self

        def model(self, name: str) -> Any:
            return self.models[name]

    explainer = Explainer(cast(Any, Models()), cast(Any, None), cast(Any, None))
    nobody = reading(SEVEN, visitor=None)
    first, second = explainer.explain(nobody), explainer.explain(nobody)
    with pytest.raises(Busy):
        explainer.explain(nobody)
    gate.set()
    assert (first.result(20).saliency == second.result(20).saliency).all()
    assert max(sizes) <= explaining.BATCH
    assert explainer.explain(nobody).result(20).labelled == (), "there is room again"
    explainer.close()
