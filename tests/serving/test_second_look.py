"""What is in doubt is looked at again, shifted; what is not costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from learning.dataset import Mnist
from serving.personal import Hands, PersonalModel
from serving.prediction import Personal, Prediction
from serving.second_look import DOUBT, SHIFTS, look_again, shifted
from support.hands import serving

FRAME = np.zeros((28, 28), np.uint8)
FRAME[4:24, 12:15] = 255
SURE, DOUBTFUL = (0.82, 0.18), (0.55, 0.45)


def answer(probabilities: Sequence[float] = DOUBTFUL, model: str = "cnn", version: int = 1) -> Prediction:
    """The probabilities of 0, 1 and so on; the others have none."""
    all_ten = (*probabilities, *[0.0] * (10 - len(probabilities)))
    best = max(all_ten)
    return Prediction(all_ten.index(best), best, all_ten, 0.7, True, model, version, 2.0)


class Model:
    """Answers always the same, and remembers what it was asked."""

    def __init__(self, says: Prediction) -> None:
        self.says, self.asked = says, list[tuple[list[np.ndarray], list[PersonalModel | None]]]()

    def predict(self, frames: Sequence[np.ndarray], hands: Hands) -> list[Prediction]:
        self.asked.append((list(frames), list(hands)))
        return [self.says] * len(frames)


def test_a_frame_is_moved_to_every_place_within_two_pixels() -> None:
    moved = list(shifted(FRAME))
    places = {(int(np.nonzero(each)[0].min()) - 4, int(np.nonzero(each)[1].min()) - 12) for each in moved}
    assert places == {(down, right) for down in range(-2, 3) for right in range(-2, 3)} - {(0, 0)}
    assert all(each.shape == (28, 28) and each.sum() == FRAME.sum() for each in moved)


def test_what_leaves_the_frame_does_not_come_in_on_the_other_side() -> None:
    edge = np.zeros((28, 28), np.uint8)
    edge[0] = 255
    for (down, _), each in zip(SHIFTS, shifted(edge), strict=True):
        assert not each[5:].any()
        assert each.any() == (down >= 0)


@pytest.mark.parametrize("first", [answer(SURE), answer(model="linear"), answer((DOUBT, 1 - DOUBT))])
def test_what_is_certain_and_what_the_linear_model_says_is_left_as_it_is(first: Prediction) -> None:
    model = Model(answer((0.0, 1.0)))
    assert look_again(model.predict, [FRAME], [first]) == [first]
    assert model.asked == []


def test_what_is_in_doubt_is_averaged_over_all_places() -> None:
    model = Model(answer((0.2, 0.8)))
    first, certain = answer(), answer(SURE)
    again, left = look_again(model.predict, [FRAME, FRAME], [first, certain])
    assert left == certain
    ((frames, _),) = model.asked
    assert [each.tobytes() for each in frames] == [each.tobytes() for each in shifted(FRAME)]
    odds = (0.8 / 0.2) ** (24 / 25) * (0.45 / 0.55) ** (1 / 25)  # 25 places, and this is the first of them
    assert again.probabilities[1] / again.probabilities[0] == pytest.approx(odds)
    assert sum(again.probabilities) == pytest.approx(1)
    assert (again.predicted_digit, again.confidence) == (1, again.probabilities[1])
    assert (again.digit_score, again.is_digit, again.elapsed_ms) == (0.7, True, 4.0)


def test_each_is_looked_at_by_the_model_of_its_own_hand() -> None:
    hands = [cast(PersonalModel, "mine"), None]
    model = Model(answer())
    look_again(model.predict, [FRAME, FRAME], [answer(), answer()], hands)
    assert [owners for _, owners in model.asked] == [[hand] * len(SHIFTS) for hand in hands]


def test_what_everybodys_model_says_beside_a_personal_one_is_averaged_too() -> None:
    def personal(own: tuple[float, float], shared: tuple[float, float]) -> Prediction:
        return replace(answer(own), personal=Personal(5, int(shared[1] > shared[0]), answer(shared).probabilities))

    model = Model(personal((0.9, 0.1), (0.1, 0.9)))
    (again,) = look_again(model.predict, [FRAME], [personal((0.4, 0.6), (0.6, 0.4))])
    assert again.personal is not None
    assert (again.predicted_digit, again.personal.shared_digit, again.personal.labels) == (0, 1, 5)
    assert again.personal.shared_probabilities[1] > 0.85


def test_a_version_that_came_in_between_says_nothing_about_the_one_before() -> None:
    assert look_again(Model(answer((0.0, 1.0), version=2)).predict, [FRAME], [answer()]) == [answer()]


def test_a_probability_of_nothing_is_no_veto() -> None:
    (again,) = look_again(Model(answer((0.5, 0.5))).predict, [FRAME], [answer((0.0, 0.5, 0.5))])
    assert again.predicted_digit == 1
    assert again.probabilities[0] > 0


def test_of_what_the_network_doubts_more_is_right_at_the_second_look(mnist: Mnist) -> None:
    frames, labels = mnist.validation.images[:, 0].numpy(), mnist.validation.labels.tolist()
    once = [each for part in np.split(frames, 50) for each in serving().predict_all(list(part))]
    again = look_again(serving().predict_all, list(frames), once)
    right = [sum(map(int.__eq__, (each.predicted_digit for each in read), labels)) for read in (once, again)]
    assert right[1] - right[0] >= 5, right
    changed = [n for n, (before, after) in enumerate(zip(once, again, strict=True)) if before != after]
    assert 10 < len(changed) < 0.02 * len(frames)
    assert all(once[n].confidence < DOUBT for n in changed)
