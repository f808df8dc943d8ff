"""Before a training, all labels are compared: with other people's, and with trusted digits, by likeness alone.

No model has a say in it, since a model could have been trained on wrong labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from learning.card import DroppedLabel
from learning.classes import DIGITS, NOT_A_DIGIT
from storage import labels
from storage.database import Database
from storage.labels import Label, Reason

Floats = NDArray[np.float32]

TRUSTED = 3_000  # MNIST digits that labels are compared with
MAX_LABELS = 6_000  # labels compared at once: the unused first, then the newest of those used before
NO_WEIGHT = 1e-6  # of a label that must not count as evidence for others
PENDING_WEIGHT = 0.05  # of a pending one: some ten of them, from other people, corroborate another one
MIN_MARGIN = 0.2  # of a label over every other digit, from which it is corroborated
MAX_DOUBT = 0.1  # the margin of another digit, in trusted evidence alone, up to which that is not against a label ...
CONTRADICTION = 0.3  # ... and from which it contradicts the label
FAR = 0.86  # the likeness to the nearest trusted drawing below which it is like none: one honest digit in a hundred
SHARPNESS = 2.0  # of the kernel: how soon a drawing is no longer like another
RIDGE = 0.05
LANDMARKS = 2_000  # drawings from which the kernel is approximated
JITTER = 1e-4  # on the landmarks' own kernel, which is nearly singular

CLEARABLE = (
    "",
    Reason.TOO_FAST,
    Reason.NEW_NAMES,
    Reason.ONE_SIDED,
    Reason.MOSTLY_UNLIKELY,
    Reason.UNLIKELY,
    Reason.CONTRADICTED,
)
"""The reasons that other people's labels can clear; all others are for an administrator."""


class Screening(NamedTuple):
    """What screen() decided: the labels that may train, those dropped, and how many of the first were pending.

    Of the approved, those that are `contradicted` a little by trusted evidence are not fit to judge others.
    """

    approved: list[Label]
    dropped: list[DroppedLabel]
    released: int
    contradicted: frozenset[UUID] = frozenset()


def screen(found: Sequence[Label], frames: NDArray[np.uint8], digits: NDArray[np.int64]) -> Screening:
    """Judge each label by what everybody else's, and trusted digits, say of its drawing.

    `frames`, M x 28 x 28, and `digits`, M, are the trusted digits. These and the approved labels decide. Pending labels
    may help where those leave a doubt; they never outvote trusted evidence, however many they are, since names cost
    nothing. Where a drawing is like nothing trusted, they would only vouch for each other: it waits for an
    administrator. "Not a digit" can be like anything: such labels say nothing of other drawings, none of them is
    released, and only likeness to a trusted digit contradicts them. Nothing is written: see save().
    """
    if not found:
        return Screening([], [], 0)
    evidence = _Evidence(found, likeness_features(frames), digits)
    evidence.silence(evidence.margins(NO_WEIGHT)[0] < -MAX_DOUBT)
    trusted, looks_like = evidence.margins(NO_WEIGHT)
    together, _ = evidence.margins(PENDING_WEIGHT)
    novel = evidence.nearest() < FAR
    trusted[novel & evidence.no_digits] = 0  # no trusted digit is near enough to speak against them
    approved, dropped, released = [], [], 0
    for n, each in enumerate(found):
        clearable = each.reviewer == "trust" and each.reason in CLEARABLE
        corroborated = together[n] > MIN_MARGIN and trusted[n] > -MAX_DOUBT and not novel[n]
        if clearable and trusted[n] < -CONTRADICTION:
            dropped.append(DroppedLabel(drawing_id=each.drawing_id, label=each.label, looks_like=int(looks_like[n])))
        elif each.review == "approved" or (clearable and corroborated):
            approved.append(each)
            released += each.review == "pending"
    contradicted = frozenset(each.drawing_id for n, each in enumerate(found) if trusted[n] < -MAX_DOUBT)
    return Screening(approved, dropped, released, contradicted)


def save(database: Database, screening: Screening) -> None:
    """Approve the released labels, and send the dropped ones to review. Raises DatabaseAway."""
    released = [(each.drawing_id, each.label) for each in screening.approved if each.review == "pending"]
    dropped = [(each.drawing_id, each.label) for each in screening.dropped]
    labels.decide(database, released, "approved", Reason.CORROBORATED)
    labels.decide(database, dropped, "pending", Reason.CONTRADICTED)


class _Evidence:
    """What trusted digits and other people's labels say of each label; its own person is left out."""

    def __init__(self, found: Sequence[Label], trusted_features: Floats, trusted: NDArray[np.int64]) -> None:
        self._features = likeness_features(np.stack([each.frame for each in found]))
        self._labels, self._people = np.array([each.label for each in found]), [each.person for each in found]
        self._pending = np.array([each.review == "pending" for each in found])
        self._decided = np.array([each.reviewer == "admin" for each in found])
        self._silent = np.zeros(len(found), bool)
        self.no_digits = self._labels == NOT_A_DIGIT
        self._trusted_features, self._trusted = trusted_features, trusted

    def silence(self, which: NDArray[np.bool_]) -> None:
        """Stop counting those labels (N, bool) as evidence: wrong ones would vouch for each other.

        What an administrator has decided always counts.
        """
        self._silent = which & ~self._pending & ~self._decided

    def margins(self, pending_weight: float) -> tuple[Floats, NDArray[np.int64]]:
        """The margin (-1 to 1) of each label over the best other digit, and the digit that its drawing looks like.

        As evidence for others a pending label weighs `pending_weight`, an approved one 1. "Not a digit" has the margin
        of the second digit over the first: 0 for a drawing between the two, about -1 for a plain digit.
        """
        silent = self._silent | self.no_digits
        weights = np.where(silent, NO_WEIGHT, np.where(self._pending, pending_weight, 1)).astype(np.float32)
        scores = cross_validate(
            self._features, self._labels, self._people, weights, self._trusted_features, self._trusted
        )
        looks_like, rows = scores.argmax(1), np.arange(len(scores))
        second, first = np.partition(scores, -2)[:, -2:].T
        digits = np.where(self.no_digits, looks_like, self._labels)
        own = np.where(self.no_digits, second, scores[rows, digits])
        others = np.where(self.no_digits | (digits != looks_like), first, second)
        margins: Floats = own - others
        return margins, looks_like

    def nearest(self) -> Floats:
        """The likeness (0-1) of each drawing to the nearest trusted digit or other person's approved label."""
        people, parts = np.array(self._people), _parts(self._features)
        whose = np.array_split(people, len(parts))
        return np.concatenate([self._nearest(*part, people) for part in zip(parts, whose, strict=True)])

    def _nearest(self, features: Floats, whose: NDArray[np.str_], people: NDArray[np.str_]) -> Floats:
        alike = (features @ self._trusted_features.T).max(1)
        among = features @ self._features.T
        among[(whose[:, None] == people) | self._pending | self.no_digits] = 0
        nearest: Floats = np.maximum(alike, among.max(1))
        return nearest


def cross_validate(
    features: Floats,
    labels: NDArray[np.int64],
    people: Sequence[str],
    weights: Floats,
    trusted_features: Floats,
    trusted: NDArray[np.int64],
) -> Floats:
    """The score of each digit for each of N drawings, N x 10, about 1 for its own digit and 0 for the others.

    For a drawing that is labelled NOT_A_DIGIT all ten are to be 0.

    Kernel ridge regression on one-hot labels, a label's own person left out, without training again: with H the hat
    matrix, the residuals of a left-out group are inverse(1 - H of the group) times its residuals (the block form of
    leave-one-out; Pahikkala et al. 2006). The kernel is approximated from LANDMARKS of the drawings (Nystroem; Williams
    and Seeger 2001), exactly so where there are no more, so that memory grows with N and not with its square.
    """
    mapped = _map(np.concatenate([features, trusted_features]))
    targets = np.eye(DIGITS + 1)[np.concatenate([labels, trusted]), :DIGITS]
    weighted = mapped * np.concatenate([weights, np.ones(len(trusted), np.float32)])[:, None]
    covariance = np.linalg.inv((weighted.T @ mapped).astype(np.float64) + RIDGE * np.eye(mapped.shape[1]))
    coefficients = covariance @ (weighted.T @ targets)
    scores = np.empty((len(labels), DIGITS), np.float32)
    names = np.array(people)
    for person in sorted(set(people)):
        mine = np.flatnonzero(names == person)
        hat = mapped[mine] @ covariance @ weighted[mine].T
        residuals = targets[mine] - mapped[mine] @ coefficients
        scores[mine] = targets[mine] - np.linalg.solve(np.eye(len(mine)) - hat, residuals)
    return scores


def _map(features: Floats) -> Floats:
    """Vectors whose products are the kernel of the features, N x at most LANDMARKS."""
    chosen = np.random.default_rng(0).permutation(len(features))[:LANDMARKS]
    landmarks = features[np.sort(chosen)]
    among = _kernel(landmarks, landmarks).astype(np.float64)
    whitening = np.linalg.inv(np.linalg.cholesky(among + JITTER * np.eye(len(among)))).T.astype(np.float32)
    return np.concatenate([_kernel(part, landmarks) @ whitening for part in _parts(features)])


def _kernel(some: Floats, others: Floats) -> Floats:
    similarity: Floats = np.exp(2 * SHARPNESS * (some @ others.T - 1))
    return similarity


def _parts(rows: Floats) -> list[Floats]:
    """Rows in parts of some hundred, so that what is calculated of each takes little memory."""
    return np.array_split(rows, max(1, len(rows) // 500))


DIRECTIONS, CELLS = 8, 7


def likeness_features(frames: NDArray[np.uint8]) -> Floats:
    """Unit vectors, N x 392, of frames N x 28 x 28, whose products say how alike two drawings are.

    How strongly the ink's edges run in each of 8 directions, in 7 x 7 overlapping cells (after Dalal and Triggs 2005).
    """
    return np.concatenate([_edges(part) for part in np.array_split(frames, max(1, len(frames) // 500))])


def _edges(frames: NDArray[np.uint8]) -> Floats:
    ink = np.pad(frames.astype(np.float32) / 255, ((0, 0), (1, 1), (1, 1)))
    across, down = ink[:, 1:-1, 2:] - ink[:, 1:-1, :-2], ink[:, 2:, 1:-1] - ink[:, :-2, 1:-1]
    strength = np.hypot(across, down)
    direction = (np.arctan2(down, across) % (2 * np.pi)) * (DIRECTIONS / (2 * np.pi))
    # Each edge counts for the two directions nearest to it, and each pixel for the cells around it.
    apart = np.abs(direction[:, None] - np.arange(DIRECTIONS, dtype=np.float32)[:, None, None])
    parts = strength[:, None] * np.clip(1 - np.minimum(apart, DIRECTIONS - apart), 0, 1)
    middles = np.arange(CELLS) * 4 + 2
    cells = np.clip(1 - np.abs(np.arange(28)[:, None] + 0.5 - middles) / 4, 0, 1).astype(np.float32)
    sums = np.sqrt(cells.T @ parts @ cells).reshape(len(frames), -1)
    unit: Floats = sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-6)
    return unit
