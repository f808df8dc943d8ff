"""What the History page says: every outcome, review and source has its words, and every drawing its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app_pages.history_words import OUTCOMES, REVIEWS, SOURCES, alt, caption, facts, selection_words, version_words
from learning.classes import NOT_A_DIGIT
from storage.history import PastDrawing
from storage.insights import SOURCES as WAYS_IN
from storage.selection import Outcome, Selection

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DRAWING = PastDrawing(
    drawing_id=uuid4(),
    created_at=NOON,
    read_as=7,
    confidence=0.875,
    probabilities=[0, 0.125, 0, 0, 0, 0, 0, 0.875, 0, 0],
    digit_score=0.9,
    own_digit=None,
    label=None,
    review="unlabelled",
    source="canvas",
    model="cnn",
    version=2,
    visitor=None,
    image=b"png",
)


def test_everything_that_the_database_knows_has_its_words() -> None:
    assert OUTCOMES.keys() == set(Outcome)
    assert SOURCES.keys() == set(WAYS_IN)
    assert REVIEWS.keys() == {"unlabelled", "pending", "approved", "rejected"}
    assert version_words(("cnn", 3)) == "CNN, version 3"
    assert version_words(("gone", 3)) == "gone, version 3"


@pytest.mark.parametrize(
    ("label", "below", "beside"),
    [
        (None, "7", ""),
        (7, "7 ✓", ", labelled as a 7"),
        (8, "7, was 8", ", labelled as an 8"),
        (NOT_A_DIGIT, "7, no digit", ", labelled as not a digit"),
    ],
)
def test_a_picture_says_what_was_read_and_what_it_was(label: int | None, below: str, beside: str) -> None:
    labelled = replace(DRAWING, label=label)
    assert caption(labelled) == below
    assert alt(labelled) == f"A drawing, read as 7, 88 % sure{beside}"


def test_the_facts_leave_out_what_there_is_not() -> None:
    told = facts(DRAWING)
    assert told["Read as"] == "7, 87.5\u00a0% sure"
    assert told["When"] == "01 March 2026, 12:00 UTC"
    assert "Label" not in told
    assert "Read for its own hand as" not in told
    assert facts(replace(DRAWING, own_digit=1, label=1))["Read for its own hand as"] == "1"


def test_the_filters_are_told_but_not_whose_drawings_they_are() -> None:
    assert selection_words(Selection(visitor="a" * 64)) == ""
    everything = Selection(
        read_as=0,
        label=NOT_A_DIGIT,
        outcome=Outcome.WRONG,
        least_confidence=0.3,
        most_confidence=1,
        source="api",
        model="cnn",
        version=1,
        since=NOON,
        until=NOON,
    )
    assert selection_words(everything) == (
        "read as 0, labelled as not a digit, read wrong, 30 to 100\u00a0% sure, sent to the API, CNN, version 1, "
        "from 01 March 2026, until 28 February 2026"
    )
