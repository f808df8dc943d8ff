"""The race between fit() and the textbook loop, run over a short course."""

from dataclasses import replace

import pytest
import torch

from benchmarks import time_to_accuracy
from benchmarks.time_to_accuracy import Lap, Pictures, spread, sprint, textbook, time_to
from learning.dataset import Mnist, rows


@pytest.fixture
def little(mnist: Mnist) -> Mnist:
    few = (torch.arange(1000), torch.arange(100), torch.arange(500))
    return Mnist(*(rows(digits, index) for digits, index in zip(mnist, few, strict=True)))


def test_the_textbook_loop_learns_lap_by_lap(little: Mnist) -> None:
    first, second = textbook(little, seed=0, epochs=2)
    assert 0 < first.seconds < second.seconds
    assert second.accuracy > 0.7


def test_a_picture_is_normalised_as_the_tutorials_do(little: Mnist) -> None:
    image, label = Pictures(little.train)[3]
    assert image.shape == (1, 28, 28)
    assert image.min().item() == pytest.approx(-0.1307 / 0.3081, abs=1e-3)
    assert label == little.train.labels[3]


def test_a_sprint_is_a_run_of_fit(little: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        time_to_accuracy.SPRINTS, 0.99, replace(time_to_accuracy.SPRINTS[0.99], epochs=2, batch_size=32)
    )
    lap = sprint(little, 0.99, seed=0)
    assert lap.seconds > 0
    assert lap.accuracy > 0.8


def test_the_time_to_an_accuracy_is_that_of_the_first_lap_there() -> None:
    laps = [Lap(10, 0.98), Lap(20, 0.991), Lap(30, 0.989)]
    assert time_to(laps, 0.99) == 20
    assert time_to(laps, 0.995) is None


def test_a_spread_reads_well() -> None:
    assert spread([1.0, 3.0], " s") == "2.0 ± 1.4 s"
    assert spread([1.25]) == "1.2"
    assert spread([]) == "not reached"
