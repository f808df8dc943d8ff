"""Personal models: how much better a person's next drawings are read once some have labels, and what that costs.

Some of a person's drawings are labelled, in an order of chance, and all the others are read with and without the
personal model that those labels make.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawings import Drawn, canvases, frames
from serving import personal
from serving.hand_building import CHECKSUM, OVERHEAD
from serving.personal import Examples, Floats, Labels, PersonalModel
from serving.predictor import ServingModel

RESAMPLES = 1000  # of the people, for the interval
BINS = 15  # of the calibration error
LABELS = 20  # for what is measured of one personal model


class Person(NamedTuple):
    """A person's drawings as the network sees them: descriptors (n, d), logits (n, 10), what they are (n,)."""

    descriptors: Floats
    logits: Floats
    digits: Labels


class Case(NamedTuple):
    """How many of one's drawings have labels, and what fraction (0-1) of the labels are wrong."""

    name: str
    labels: int
    wrong: float = 0.0
    two_people: bool = False


CASES = (
    Case("5 own labels", 5),
    Case("20 own labels", LABELS),
    Case("20 own labels, 10 % of them wrong", LABELS, wrong=0.1),
    Case("20 labels of two people in one session", LABELS, two_people=True),
    Case("100 own labels", 100),
)


class Outcome(NamedTuple):
    """Mean fractions of a person's other drawings that are misread, 0-1, over all people and orders."""

    shared: float
    personal: float
    interval: tuple[float, float]
    """Of the change, as a fraction of `shared`: 95 %, from resampled people."""
    worst: float
    """The most by which a person's own mean rose; below 0, if everybody's fell."""
    ece: float
    """The expected calibration error of the personal answers."""

    @property
    def change(self) -> float:
        """How the error changed, as a fraction: -0.4 is 40 % fewer."""
        return self.personal / self.shared - 1 if self.shared else 0.0


def see(serving: ServingModel, writers: Iterable[Drawn]) -> list[Person]:
    """People's drawings on canvases, as the network sees them."""
    return [_seen(serving, drawn, seed) for seed, drawn in enumerate(writers)]


def _seen(serving: ServingModel, drawn: Drawn, seed: int) -> Person:
    descriptors, logits = serving.describe(list(frames(canvases(drawn, seed))[:, 0].numpy()))
    return Person(descriptors, logits, drawn.labels.numpy())


def measure(people: Sequence[Person], case: Case, orders: int = 10, seed: int = 0) -> Outcome:
    """Read every person's drawings that got no label, in `orders` orders of chance."""
    random = np.random.default_rng(seed)
    groups = _pairs(people) if case.two_people else people
    tried = [[_try(group, case, random) for _ in range(orders)] for group in groups]
    shared = np.array([np.mean([each.shared_wrong.mean() for each in group]) for group in tried])
    own = np.array([np.mean([each.wrong.mean() for each in group]) for group in tried])
    drawn = random.integers(0, len(tried), (RESAMPLES, len(tried)))
    changes = own[drawn].mean(1) / np.maximum(shared[drawn].mean(1), 1e-9) - 1
    low, high = np.percentile(changes, (2.5, 97.5))
    confidence = np.concatenate([each.confidence for group in tried for each in group])
    right = ~np.concatenate([each.wrong for group in tried for each in group])
    error = calibration_error(confidence, right)
    return Outcome(float(shared.mean()), float(own.mean()), (low, high), float((own - shared).max()), error)


class _Tried(NamedTuple):
    """Of each drawing that got no label: whether it was misread, and how sure the personal answer was."""

    shared_wrong: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    confidence: Floats


def _pairs(people: Sequence[Person]) -> list[Person]:
    """Each person together with the one before, the first with the last."""
    return [
        Person(
            np.concatenate([one.descriptors, people[n - 1].descriptors]),
            np.concatenate([one.logits, people[n - 1].logits]),
            np.concatenate([one.digits, people[n - 1].digits]),
        )
        for n, one in enumerate(people)
    ]


def _try(person: Person, case: Case, random: np.random.Generator) -> _Tried:
    order = random.permutation(len(person.digits))
    own, others = order[: case.labels], order[case.labels :]
    labels = person.digits[own].copy()
    slips = random.random(len(labels)) < case.wrong
    labels[slips] = (labels[slips] + random.integers(1, 10, slips.sum())) % 10
    model = personal.fit(Examples(("", 0, ""), person.descriptors[own], person.logits[own], labels))
    digits, logits = person.digits[others], person.logits[others]
    answers = np.array([model.correct(*each) for each in zip(person.descriptors[others], logits, strict=True)])
    exponentials = np.exp(answers - answers.max(1, keepdims=True))
    confidence = exponentials.max(1) / exponentials.sum(1)
    return _Tried(logits.argmax(1) != digits, answers.argmax(1) != digits, confidence)


def calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """The expected calibration error, 0-1, of answers with these confidences, in BINS bins."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((confidence[bins == n] - right[bins == n]).sum()) for n in range(BINS)]
    return float(sum(gaps) / len(confidence))


class Cost(NamedTuple):
    """Milliseconds that a personal model adds to a reading, the median; and megabytes of 1,000 people's."""

    milliseconds: float
    megabytes: float


def cost(serving: ServingModel, person: Person, frames_: Sequence[NDArray[np.uint8]]) -> Cost:
    """What personal models with LABELS labels cost."""
    examples = Examples(serving.key, person.descriptors[:LABELS], person.logits[:LABELS], person.digits[:LABELS])
    model = personal.fit(examples)
    pairs = [(_milliseconds(serving, frame, model), _milliseconds(serving, frame, None)) for frame in frames_]
    with_it, without = np.median(pairs, axis=0)
    return Cost(float(with_it - without), (model.nbytes + OVERHEAD + LABELS * CHECKSUM) / 1e3)


def _milliseconds(serving: ServingModel, frame: NDArray[np.uint8], hand: PersonalModel | None) -> float:
    start = time.perf_counter()
    serving.predict_all([frame], [hand])
    return (time.perf_counter() - start) * 1e3
