"""A personal model: everybody's network with a head of one's own, which corrects its logits in closed form.

The head is kernel ridge regression on the network's descriptors, fitted to the drawings that one person has labelled,
beside everybody's last layer: where nothing that the person drew is near, it reads what everybody's model reads, only a
little less surely (biased regularisation; Kienzle and Chellapilla, ICML 2006). How far it is trusted is earned, by
leave-one-out predictions, which ridge regression has in closed form (Rasmussen and Williams, Gaussian Processes for
Machine Learning, 5.4.2):

- each label by what everybody's model, or one's other drawings, say to it: a slip of the mouse counts little;
- the whole person by how many of the labels are believed: of one who labels at random nothing is learned;
- each digit by the drawings that confirm it: whoever corrects only nines, read as fours, must not lose the fours;
- and the strength of it all by the likelihood of the labels.

The constants were chosen on the writers p01-p15 of `benchmark.py personal`, whose other writers only judge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]  # as they are stored
Doubles = NDArray[np.float64]  # as they are calculated with: the kernel of similar drawings is nearly singular
Labels = NDArray[np.int64]
VersionKey = tuple[str, int, str]  # a model, a version's number, and the checksum of its weights

DIGITS = 10
BANDWIDTH = 0.1  # of the kernel exp((cosine - 1) / BANDWIDTH)
RIDGE = 0.1  # what the kernel's diagonal is raised by, for a label that counts fully
AGREEMENT = 0.25  # how much of everybody's answer is subtracted from the target: a label that agrees counts as well
STRENGTH = 32.0  # logits, before anything is known: what a label is worth to a drawing like its own
STRENGTHS = STRENGTH * np.array([0, 0.25, 0.5, 1, 2])
CAUTION = 1.0  # what each halving or doubling of STRENGTH must gain, in nats over all labels
WORST_LOSS = 3.0  # nats: beyond it, one label is no worse than another
LEAST_BELIEF = 0.01
BELIEF_STRENGTH = 16.0  # logits: as STRENGTH, where the labels are judged
DOUBTED, BELIEVED = 0.7, 0.9  # the mean belief up to which nothing is learned, and from which everything is
TEMPERATURE = 1.2  # of personal answers
RECENT = 40  # drawings, of which the report is


@dataclass(frozen=True)
class Examples:
    """A person's labelled drawings, the newest first, as one version of the network sees them."""

    key: VersionKey
    descriptors: Floats
    """(n, d), each of length 1."""
    logits: Floats
    """(n, 10): everybody's, calibrated."""
    labels: Labels
    """(n,), 0-9."""


@dataclass(frozen=True)
class Report:
    """Of the newest `drawings` with labels, how many are read with the personal model, and how many without.

    Each is predicted from the others (leave-one-out); only how strong the correction is was chosen on all of them.
    """

    drawings: int
    with_it: int
    without_it: int


@dataclass(frozen=True)
class PersonalModel:
    """What one person's labels make of everybody's answer."""

    key: VersionKey
    descriptors: NDArray[np.uint8]
    """(n, d), in steps of `steps`, which takes a quarter of the memory and moves a cosine by less than 0.001."""
    steps: Floats
    """(n,)."""
    weights: Floats
    """(n, 10): logits that each labelled drawing adds to one like it."""
    trust: Floats
    """(10,), 0-1: how far it is followed, for each digit that everybody's model may read."""
    logits: Floats
    """(n, 10): everybody's, of the labelled drawings."""
    labels: NDArray[np.uint8]
    """(n,): what it was fitted to."""
    report: Report

    @property
    def learned(self) -> bool:
        """Whether it changes anything: not where too few of the labels are believed."""
        return bool(self.weights.any())

    @property
    def nbytes(self) -> int:
        """Its size in memory."""
        arrays = (self.descriptors, self.steps, self.weights, self.trust, self.logits, self.labels)
        return sum(each.nbytes for each in arrays)

    @property
    def examples(self) -> Examples:
        """What it was fitted to, the descriptors rounded."""
        descriptors = self.descriptors * self.steps[:, None]
        return Examples(self.key, descriptors, self.logits, self.labels.astype(np.int64))

    def correct(self, descriptor: Floats, logits: Sequence[float]) -> list[float]:
        """The logits of a drawing, calibrated: its descriptor, (d,), and everybody's ten logits go in."""
        similarity = _kernel(self.steps * (self.descriptors.astype(np.float32) @ descriptor))
        shared = np.asarray(logits, np.float32)
        corrected = shared + self.trust[shared.argmax()] * (similarity @ self.weights)
        tempered: list[float] = (corrected / TEMPERATURE).tolist()
        return tempered


Hands = Sequence[PersonalModel | None]  # of the people who drew the frames of a batch; empty for nobody's


def fit(examples: Examples) -> PersonalModel:
    """The personal model of a person with at least one label."""
    labels, logits = examples.labels, examples.logits.astype(np.float64)
    descriptors = examples.descriptors.astype(np.float64)
    kernel = _kernel(descriptors @ descriptors.T)
    target = np.eye(DIGITS)[labels] - AGREEMENT * _softmax(logits) - (1 - AGREEMENT) / DIGITS
    belief = believe(kernel, target, logits, labels)
    weights, left_out = _ridge(kernel, target, belief)
    trust_left_out = trust_of_readings(logits, labels, belief)[:, None] * left_out
    strength = choose_strength(logits, trust_left_out, labels, belief) * learnable(belief)
    return PersonalModel(
        examples.key,
        *_quantised(examples.descriptors),
        (strength * weights).astype(np.float32),
        _trust(_confirmed(labels, belief)).astype(np.float32),
        examples.logits.astype(np.float32),
        labels.astype(np.uint8),
        _report(logits, strength * trust_left_out, labels),
    )


def believe(kernel: Doubles, target: Doubles, logits: Doubles, labels: Labels) -> Doubles:
    """How much each label counts, (n,), LEAST_BELIEF to 1.

    It counts fully unless it is unlikely to everybody's model and contradicted by the person's other drawings.
    """
    _, left_out = _ridge(kernel, target, np.ones(len(labels)))
    places = np.arange(len(labels))
    shared = _softmax(logits)[places, labels]
    others = _softmax(BELIEF_STRENGTH * left_out)[places, labels] * DIGITS  # 1 where nothing similar was drawn
    return np.clip(np.maximum(shared, others), LEAST_BELIEF, 1)


def learnable(belief: Doubles) -> float:
    """How far a person's labels are followed at all, 0-1, by the mean belief in them."""
    return float(np.clip((belief.mean() - DOUBTED) / (BELIEVED - DOUBTED), 0, 1))


def trust_of_readings(logits: Doubles, labels: Labels, belief: Doubles) -> Doubles:
    """For each labelled drawing, how far it would be followed if it had no label itself: (n,), 0-1."""
    read = logits.argmax(1)
    return _trust(_confirmed(labels, belief)[read] - np.where(read == labels, belief, 0))


def choose_strength(logits: Doubles, left_out: Doubles, labels: Labels, belief: Doubles) -> float:
    """The one of STRENGTHS under which the labels are likeliest, each predicted from the others."""
    places = np.arange(len(labels))

    def loss(strength: float) -> float:
        likelihood = _softmax(logits + strength * left_out)[places, labels]
        losses = np.minimum(-np.log(np.maximum(likelihood, 1e-9)), WORST_LOSS)
        return float(belief @ losses) + CAUTION * abs(math.log2((strength + 1) / (STRENGTH + 1)))

    return min(map(float, STRENGTHS), key=loss)


def _kernel(cosine: NDArray[Any]) -> NDArray[Any]:
    similarity: NDArray[Any] = np.exp((cosine - 1) / BANDWIDTH)
    return similarity


def _quantised(descriptors: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """Descriptors, none of whose numbers is negative, in 255 steps each; and how large a step is."""
    steps = np.maximum(descriptors.max(1), 1e-6).astype(np.float32) / 255
    return np.rint(descriptors / steps[:, None]).astype(np.uint8), steps


def _ridge(kernel: Doubles, target: Doubles, belief: Doubles) -> tuple[Doubles, Doubles]:
    """The weights, (n, 10), and what each drawing would be predicted as from all the others, (n, 10)."""
    inverse = np.linalg.inv(kernel + np.diag(RIDGE / belief))
    weights = inverse @ target
    return weights, target - weights / np.diag(inverse)[:, None]


def _confirmed(labels: Labels, belief: Doubles) -> Doubles:
    """How many labels there are of each digit, (10,), by how far they are believed."""
    return np.bincount(labels, weights=belief, minlength=DIGITS).astype(np.float64)


def _trust(confirmed: Doubles) -> Doubles:
    return (1 + confirmed) / (3 + confirmed)


def _softmax(logits: Doubles) -> Doubles:
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    probabilities: Doubles = exponentials / exponentials.sum(1, keepdims=True)
    return probabilities


def _report(logits: Doubles, correction: Doubles, labels: Labels) -> Report:
    recent = slice(RECENT)
    right = [int(((z.argmax(1) == labels)[recent]).sum()) for z in (logits + correction, logits)]
    return Report(len(labels[recent]), right[0], right[1])
