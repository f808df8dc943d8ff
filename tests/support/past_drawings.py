"""A log of drawings of every kind, and what a filter leaves of it, thought through once more in plain Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from learning.classes import NOT_A_DIGIT
from storage.database import Database
from storage.selection import Outcome, Selection
from support.rows import ME, YOU

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVEN = [0.1] * 10


@dataclass(frozen=True)
class Past:
    """A drawing in the log. `digit` and `confidence` are everybody's model's, `own` is what a personal one said."""

    drawing_id: UUID
    created_at: datetime
    digit: int
    confidence: float
    own: int | None
    label: int | None
    review: str
    source: str
    model: str
    version: int
    visitor: str | None

    @property
    def percent(self) -> int:
        return int(np.rint(np.float64(np.float32(self.confidence)) * 100))

    @property
    def outcome(self) -> Outcome | None:
        if self.label is None:
            return Outcome.UNLABELLED
        if self.review == "rejected" or self.label == NOT_A_DIGIT:
            return None
        return Outcome.RIGHT if self.label == self.digit else Outcome.WRONG


def past(chance: random.Random, number: int) -> Past:
    """Any drawing; some come at the same time, and many with the same confidence."""
    label = chance.choice([None, None, *range(11)])
    return Past(
        uuid4(),
        START + timedelta(hours=number // 3),
        digit=chance.choice([label % 10, chance.randrange(10)]) if label is not None else chance.randrange(10),
        confidence=chance.choice([1.0, 0.995, chance.random(), chance.choice([0.3, 0.31, 0.5])]),
        own=chance.choice([None, None, chance.randrange(10)]),
        label=label,
        review="unlabelled" if label is None else chance.choice(["pending", "approved", "rejected"]),
        source=chance.choice(["canvas", "canvas", "upload", "api"]),
        model=chance.choice(["cnn", "cnn", "linear"]),
        version=chance.choice([1, 2]),
        visitor=chance.choice([ME, YOU, None]),
    )


_INSERT = """
INSERT INTO predictions (drawing_id, created_at, predicted_digit, confidence, probabilities, shared_digit,
                         shared_probabilities, true_label, not_a_digit, labelled_at, review, digit_score, image, source,
                         visitor, model, model_version, elapsed_ms)
VALUES (%(drawing_id)s, %(created_at)s, %(predicted)s, %(given)s, %(probabilities)s::real[], %(shared)s,
        %(shared_probabilities)s::real[], %(true_label)s, %(none)s, %(labelled_at)s, %(review)s, 0.9, %(image)s,
        %(source)s, %(visitor)s, %(model)s, %(version)s, 1)
"""


def log(database: Database, drawings: Sequence[Past]) -> None:
    """Write drawings, in this order."""
    with database.transaction() as cursor:
        cursor.executemany(_INSERT, [_row(each) for each in drawings])


def _row(each: Past) -> dict[str, Any]:
    shared = [each.confidence if digit == each.digit else 0.0 for digit in range(10)]
    personal = each.own is not None
    return vars(each) | {
        "predicted": each.own if personal else each.digit,
        "given": 0.123 if personal else each.confidence,
        "probabilities": EVEN if personal else shared,
        "shared": each.digit if personal else None,
        "shared_probabilities": shared if personal else None,
        "true_label": None if each.label == NOT_A_DIGIT else each.label,
        "none": each.label == NOT_A_DIGIT,
        "labelled_at": None if each.label is None else each.created_at,
        "image": each.drawing_id.bytes,
    }


def fits(each: Past, selection: Selection) -> bool:
    """Whether a selection means this drawing."""
    wanted = {
        "visitor": each.visitor,
        "read_as": each.digit,
        "label": each.label,
        "outcome": each.outcome,
        "source": each.source,
        "model": each.model,
        "version": each.version,
    }
    given = vars(selection)
    return (
        all(given[name] in (None, value) for name, value in wanted.items())
        and (selection.least_confidence is None or each.percent >= round(selection.least_confidence * 100))
        and (selection.most_confidence is None or each.percent <= round(selection.most_confidence * 100))
        and (selection.since is None or each.created_at >= selection.since)
        and (selection.until is None or each.created_at < selection.until)
    )


SELECTIONS = {
    "all": Selection(),
    "mine": Selection(visitor=ME),
    "read": Selection(read_as=7),
    "label": Selection(label=1),
    "not a digit": Selection(label=NOT_A_DIGIT),
    "unlabelled": Selection(outcome=Outcome.UNLABELLED),
    "right": Selection(outcome=Outcome.RIGHT),
    "wrong": Selection(outcome=Outcome.WRONG),
    "sure": Selection(least_confidence=0.31),
    "unsure": Selection(most_confidence=0.3),
    "half sure": Selection(least_confidence=0.3, most_confidence=0.5),
    "source": Selection(source="upload"),
    "absent source": Selection(source="camera"),
    "version": Selection(model="cnn", version=2),
    "absent version": Selection(model="cnn", version=9),
    "model": Selection(model="linear"),
    "since": Selection(since=START + timedelta(hours=50)),
    "until": Selection(until=START + timedelta(hours=50)),
    "between": Selection(since=START + timedelta(hours=30), until=START + timedelta(hours=60)),
    "several": Selection(
        read_as=3, outcome=Outcome.WRONG, most_confidence=0.9, source="canvas", since=START + timedelta(hours=10)
    ),
    "several of mine": Selection(visitor=ME, outcome=Outcome.RIGHT, until=START + timedelta(hours=90), model="cnn"),
}
