"""A personal model: it reads one's own hand, changes nothing elsewhere, and believes no label that nothing supports."""

from __future__ import annotations

import numpy as np
import pytest

from serving import personal
from serving.personal import Examples, PersonalModel, fit

RANDOM = np.random.default_rng(5)
CENTRES = np.abs(np.random.default_rng(1).normal(size=(40, 576)))
KEY = ("cnn", 1, "0" * 64)


class Drawings:
    """Made-up drawings of ten digits and more shapes: each shape is a place in the space of descriptors."""

    def __init__(self) -> None:
        self.descriptors: list[np.ndarray] = []
        self.logits: list[np.ndarray] = []
        self.labels: list[int] = []

    def add(self, shape: int, read: int, label: int, count: int = 1, margin: float = 6.0) -> Drawings:
        """Drawings of a shape that everybody's model reads so, by so many logits, and their person labels so."""
        for _ in range(count):
            self.descriptors.append(shaped(shape))
            self.logits.append(margin * np.eye(10)[read])
            self.labels.append(label)
        return self

    def fit(self) -> PersonalModel:
        return fit(self.examples())

    def examples(self) -> Examples:
        descriptors, logits = np.array(self.descriptors, np.float32), np.array(self.logits, np.float32)
        return Examples(KEY, descriptors, logits, np.array(self.labels))


def shaped(shape: int) -> np.ndarray:
    """The descriptor of a drawing, about 0.9 like others of its shape and 0.65 like any other."""
    drawn = np.clip(CENTRES[shape] + RANDOM.normal(0, 0.35, 576), 0, None)
    unit: np.ndarray = (drawn / np.linalg.norm(drawn)).astype(np.float32)
    return unit


def answer(model: PersonalModel, shape: int, read: int, margin: float = 6.0) -> int:
    """What a drawing of a shape is read as by the personal model, where everybody's reads `read`."""
    return int(np.argmax(model.correct(shaped(shape), list(margin * np.eye(10)[read]))))


def everybody() -> Drawings:
    """A person whose digits are read right: two labels of each."""
    drawings = Drawings()
    for digit in range(10):
        drawings.add(digit, digit, digit, 2)
    return drawings


def test_one_correction_is_enough_for_a_drawing_like_it_and_changes_no_other() -> None:
    model = Drawings().add(20, read=7, label=1).fit()
    assert answer(model, 20, read=7, margin=3.0) == 1
    assert answer(model, 7, read=7) == 7
    far = np.array(model.correct(shaped(7), list(6.0 * np.eye(10)[7]))) * personal.TEMPERATURE
    assert np.abs(far - 6.0 * np.eye(10)[7]).max() < 1, "the strength is 10 logits there"


def test_two_corrections_stand_against_a_model_that_is_sure() -> None:
    assert answer(Drawings().add(20, read=7, label=1, count=2).fit(), 20, read=7) == 1


def test_labels_that_agree_count_too() -> None:
    """A doubtful drawing is read as what the person's drawings of that shape were said to be."""
    without = everybody().fit()
    model = everybody().add(20, read=4, label=4, count=3).fit()
    assert answer(without, 20, read=9, margin=1.0) == 9
    assert answer(model, 20, read=9, margin=1.0) == 4


def test_what_is_left_out_is_predicted_as_by_a_model_without_it() -> None:
    drawings = everybody().add(20, 7, 1, 3).examples()
    cosine = drawings.descriptors.astype(np.float64) @ drawings.descriptors.T
    kernel, target = personal._kernel(cosine), RANDOM.normal(size=(len(cosine), 10))
    belief = RANDOM.uniform(0.1, 1, len(cosine))
    _, left_out = personal._ridge(kernel, target, belief)
    for n in range(len(cosine)):
        rest = np.arange(len(cosine)) != n
        weights, _ = personal._ridge(kernel[np.ix_(rest, rest)], target[rest], belief[rest])
        assert left_out[n] == pytest.approx(kernel[n, rest] @ weights, abs=1e-8)


def believed(drawings: Drawings) -> np.ndarray:
    examples = drawings.examples()
    descriptors = examples.descriptors.astype(np.float64)
    kernel = personal._kernel(descriptors @ descriptors.T)
    target = np.eye(10)[examples.labels] - 0.1
    return personal.believe(kernel, target, examples.logits.astype(np.float64), examples.labels)


def test_a_label_counts_little_only_if_everybodys_model_and_ones_other_drawings_contradict_it() -> None:
    slip = everybody().add(3, read=3, label=8)
    assert believed(slip)[-1] < 0.1, "a slip of the mouse"
    strange = everybody().add(20, read=7, label=1)
    assert believed(strange)[-1] > 0.5, "nothing that the person drew contradicts it"
    assert believed(strange)[:-1].min() > 0.5
    habit = everybody().add(3, read=8, label=3, count=1)
    assert believed(habit)[-1] > 0.9, "the person's other drawings support it"


def test_a_slip_of_the_mouse_changes_nothing() -> None:
    model = everybody().add(3, read=3, label=8).fit()
    assert [answer(model, 3, read=3) for _ in range(20)] == [3] * 20


@pytest.mark.parametrize("count", [8, 40, 200])
def test_of_one_who_labels_at_random_nothing_is_learned(count: int) -> None:
    drawings = Drawings()
    for digit in RANDOM.integers(0, 10, count):
        drawings.add(digit, read=digit, label=(digit + RANDOM.integers(1, 10)) % 10)
    model = drawings.fit()
    assert [answer(model, digit, read=digit) for digit in range(10)] == list(range(10))
    if count >= 40:
        assert not model.learned


def test_two_people_at_one_screen_are_both_read() -> None:
    """One person's 1 has the other's shape of a 7: neither loses what everybody's model reads."""
    drawings = everybody().add(20, read=7, label=1, count=3).add(21, read=7, label=7, count=3)
    model = drawings.fit()
    assert (answer(model, 20, read=7), answer(model, 21, read=7)) == (1, 7)
    assert [answer(model, digit, read=digit) for digit in range(10)] == list(range(10))


def test_trust_grows_with_the_drawings_that_confirm_a_digit() -> None:
    """Whoever labels only what is misread must not lose the digit that it is misread as."""
    corrected = Drawings().add(20, read=9, label=4, count=4)
    confirmed = Drawings().add(20, read=9, label=4, count=4).add(9, read=9, label=9, count=6)
    assert corrected.fit().trust[9] == pytest.approx(1 / 3)
    assert confirmed.fit().trust[9] > 0.7
    assert corrected.fit().trust[4] > 0.6


def test_the_strength_is_the_one_under_which_the_labels_are_likeliest() -> None:
    labels, belief = np.array([1] * 8), np.ones(8)
    logits = 3.0 * np.eye(10)[[7] * 8]
    helpful, harmful = 0.1 * np.eye(10)[labels], -np.eye(10)[labels]
    assert personal.choose_strength(logits, np.zeros((8, 10)), labels, belief) == personal.STRENGTH
    assert personal.choose_strength(logits, helpful, labels, belief) == max(personal.STRENGTHS)
    assert personal.choose_strength(0 * logits, harmful, labels, belief) == 0


def test_how_far_a_person_is_followed_falls_with_the_labels_that_are_believed() -> None:
    following = [personal.learnable(np.array([belief] * 5)) for belief in (1, 0.9, 0.8, 0.7, 0.3)]
    assert following == pytest.approx([1, 1, 0.5, 0, 0])


def test_the_report_tries_each_drawing_by_what_the_others_taught() -> None:
    model = everybody().add(20, read=7, label=1, count=4).fit()
    assert (model.report.drawings, model.report.without_it, model.report.with_it) == (24, 20, 24)
    alone = everybody().add(20, read=7, label=1).fit()
    assert alone.report.with_it == 20, "nothing else that was drawn could have taught it"
    many = everybody().add(0, 0, 0, 60).fit()
    assert many.report.drawings == personal.RECENT


def test_it_takes_little_memory_and_comes_back_as_what_it_was_fitted_to() -> None:
    examples = everybody().examples()
    model = fit(examples)
    assert model.nbytes < 14_000
    again = model.examples
    assert (again.labels == examples.labels).all()
    assert again.logits == pytest.approx(examples.logits)
    assert np.abs(again.descriptors - examples.descriptors).max() < 0.001


def test_a_drawing_that_the_network_sees_nothing_in_does_no_harm() -> None:
    examples = everybody().examples()
    examples.descriptors[0] = 0
    model = fit(examples)
    assert np.isfinite(model.correct(np.zeros(576, np.float32), [0.0] * 10)).all()
