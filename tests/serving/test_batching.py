"""What has queued up is read together, and nobody pays for somebody else's picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from frames.drawing import Drawing
from frames.masks import NoInk
from learning.weights import ModelMissing
from serving import batching
from serving.batching import MAX_BATCH, Batcher, TooManyAtOnce
from serving.personal import Hands
from serving.prediction import Prediction
from serving.second_look import SHIFTS
from support.running_app import wait_until


class Model:
    """Answers with the frame's first pixel, once it is let go on, and remembers how many frames came at a time."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, int]] = []
        self.busy, self.go_on = threading.Event(), threading.Event()

    def predict(self, frames: Sequence[np.ndarray], model: str, _hands: Hands) -> list[Prediction]:
        self.busy.set()
        assert self.go_on.wait(10)
        self.batches.append((model, len(frames)))
        if model == "gone":
            raise ModelMissing("There is no model 'gone'.")
        return [Prediction(int(frame[0, 0]), 1.0, (0.1,) * 10, 1.0, True, model, 1, 0.1) for frame in frames]


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def batcher(model: Model) -> Iterator[Batcher]:
    """A batcher that is busy with a frame, so that whatever is sent now queues up."""
    batcher = Batcher(model.predict)
    batcher.submit(drawn(0), "cnn")
    assert model.busy.wait(10)
    yield batcher
    model.go_on.set()
    batcher.close()


def drawn(digit: int) -> Callable[[], Drawing]:
    return lambda: Drawing(np.full((28, 28), digit, np.uint8))


def blank() -> Drawing:
    raise NoInk


def test_what_has_queued_up_is_read_together_and_everybody_gets_his_own(batcher: Batcher, model: Model) -> None:
    read = [batcher.submit(drawn(digit), "cnn") for digit in range(10)]
    model.go_on.set()
    assert [each.result(10).prediction.predicted_digit for each in read] == list(range(10))
    assert [int(each.result().drawing.frame[0, 0]) for each in read] == list(range(10))
    assert model.batches == [("cnn", 1), ("cnn", 10)]


def test_each_model_reads_its_own(batcher: Batcher, model: Model) -> None:
    read = [batcher.submit(drawn(digit), "linear" if digit % 2 else "cnn") for digit in range(6)]
    model.go_on.set()
    answers = [each.result(10).prediction for each in read]
    assert [(each.predicted_digit, each.model) for each in answers] == [
        (digit, "linear" if digit % 2 else "cnn") for digit in range(6)
    ]
    assert sorted(model.batches[1:]) == [("cnn", 3), ("linear", 3)]


@pytest.mark.parametrize(("once", "frames"), [(True, [2]), (False, [2, len(SHIFTS), len(SHIFTS)])])
def test_what_may_well_be_no_digit_is_looked_at_once(once: bool, frames: list[int]) -> None:
    batches: list[int] = []

    def doubting(given: Sequence[np.ndarray], model: str, _hands: Hands) -> list[Prediction]:
        batches.append(len(given))
        release.wait(10)
        return [Prediction(0, 0.5, (0.5, 0.5, *[0.0] * 8), 1.0, True, model, 1, 0.1) for _ in given]

    release = threading.Event()
    batcher = Batcher(doubting)
    first = batcher.submit(drawn(0), "linear")
    wait_until(lambda: len(batches) == 1, 10, "the first batch")
    queued = [batcher.submit(drawn(1), "cnn", once=once) for _ in range(2)]
    release.set()
    assert [each.result(10).prediction.predicted_digit for each in (first, *queued)] == [0, 0, 0]
    assert batches == [1, *frames]
    batcher.close()


def test_a_batch_has_its_limit(batcher: Batcher, model: Model) -> None:
    read = [batcher.submit(drawn(1), "cnn") for _ in range(2 * MAX_BATCH + 3)]
    model.go_on.set()
    assert all(each.result(10) for each in read)
    assert [count for _, count in model.batches] == [1, MAX_BATCH, MAX_BATCH, 3]


def test_a_picture_that_cannot_be_read_spoils_nobody_elses(batcher: Batcher, model: Model) -> None:
    before, wrong, after = (batcher.submit(frame, "cnn") for frame in (drawn(3), blank, drawn(4)))
    model.go_on.set()
    assert (before.result(10).prediction.predicted_digit, after.result(10).prediction.predicted_digit) == (3, 4)
    with pytest.raises(NoInk):
        wrong.result(10)


def test_a_model_that_is_missing_is_told_to_all_who_asked_for_it(batcher: Batcher, model: Model) -> None:
    gone = [batcher.submit(drawn(1), "gone") for _ in range(2)]
    there = batcher.submit(drawn(5), "cnn")
    model.go_on.set()
    for each in gone:
        with pytest.raises(ModelMissing):
            each.result(10)
    assert there.result(10).prediction.predicted_digit == 5


def test_closing_reads_what_is_queued(batcher: Batcher, model: Model) -> None:
    read = [batcher.submit(drawn(2), "cnn") for _ in range(MAX_BATCH + 1)]
    model.go_on.set()
    batcher.close()
    assert all(each.done() for each in read)


def test_after_closing_nobody_waits_in_vain(batcher: Batcher, model: Model) -> None:
    model.go_on.set()
    batcher.close()
    with pytest.raises(ModelMissing, match="shutting down"):
        batcher.submit(drawn(1), "cnn").result(5)


def test_so_many_wait_and_then_it_is_too_many(batcher: Batcher, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MAX_WAITING", 3)
    waiting = [batcher.submit(drawn(digit), "cnn") for digit in range(3)]
    with pytest.raises(TooManyAtOnce, match="Too many drawings are being read at once"):
        batcher.submit(drawn(4), "cnn").result(10)
    model.go_on.set()
    assert [each.result(10).prediction.predicted_digit for each in waiting] == [0, 1, 2]
    assert batcher.submit(drawn(5), "cnn").result(10).prediction.predicted_digit == 5
