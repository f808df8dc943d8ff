"""The measure of personal models, on people whose hands are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import personal
from benchmarks.drawings import made_up_writers
from benchmarks.personal import Case, Person, calibration_error, measure, see
from support.hands import serving

RANDOM = np.random.default_rng(2)
CENTRES = np.abs(np.random.default_rng(1).normal(size=(20, 576)))


def person(strange: bool, count: int = 60) -> Person:
    """A person whose ones, if strange, are all read as sevens."""
    digits = np.arange(count) % 10
    shapes = np.where((digits == 1) & strange, 15, digits)
    drawn = np.clip(CENTRES[shapes] + RANDOM.normal(0, 0.3, (count, 576)), 0, None)
    read = np.where((digits == 1) & strange, 7, digits)
    descriptors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return Person(descriptors, (4 * np.eye(10)[read]).astype(np.float32), digits)


def test_it_sees_what_a_hand_gains_and_that_others_lose_nothing() -> None:
    people = [person(strange=True), person(strange=False), person(strange=False)]
    found = measure(people, Case("", 40), orders=4)
    assert found.shared == pytest.approx(0.1 / 3, abs=0.02)
    assert found.personal < 0.2 * found.shared
    assert found.change == pytest.approx(found.personal / found.shared - 1)
    assert found.interval[0] <= found.change <= found.interval[1] + 1e-9
    assert found.worst <= 0
    assert measure(people, Case("", 40), orders=4) == found, "the same seed gives the same figures"


def test_wrong_labels_and_two_people_are_played() -> None:
    people = [person(strange=True), person(strange=False)]
    honest, all_wrong = (measure(people, Case("", 40, wrong), orders=2) for wrong in (0.0, 1.0))
    assert all_wrong.personal == pytest.approx(all_wrong.shared), "nothing is learned from them"
    assert honest.personal < honest.shared
    assert measure(people, Case("", 40, two_people=True), orders=2).shared == pytest.approx(0.05, abs=0.02)


def test_the_calibration_error_is_the_mean_gap() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5], np.float32)
    right = np.array([True, True, True, False, True, True])
    assert calibration_error(confidence, right) == pytest.approx((4 * 0.15 + 2 * 0.5) / 6, abs=1e-6)


def test_people_are_seen_through_the_app_s_own_eyes_and_the_cost_is_measured() -> None:
    writers = made_up_writers(2, each=30)
    people = see(serving(), writers.values())
    assert [len(each.digits) for each in people] == [30, 30]
    assert people[0].descriptors.shape == (30, 576)
    assert (people[0].logits.argmax(1) == people[0].digits).mean() > 0.8
    frame = np.zeros((28, 28), np.uint8)
    cost = personal.cost(serving(), people[0], [frame] * 10)
    assert cost.milliseconds < 5
    assert 5 < cost.megabytes < 60
