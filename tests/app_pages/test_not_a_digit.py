"""What the pages say of drawings with the label "not a digit"."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app_pages.recent import _story
from app_pages.review_words import alt, said_and_read
from learning.classes import NOT_A_DIGIT
from logger import RecentDrawing
from storage.labels import Reason
from storage.review import ReviewItem

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
DRAWING = RecentDrawing(uuid4(), NOW, 7, NOT_A_DIGIT, 0.5, b"png", 0.9, "cnn", 1)
ITEM = ReviewItem(
    *(uuid4(), NOW, NOW, 7, 0.9, NOT_A_DIGIT, "pending", Reason.UNLIKELY, "trust", 0.9, "canvas", "", "cnn", 2, b"png"),
)


@pytest.mark.parametrize("said", [_story(DRAWING, 0.4), alt(ITEM), said_and_read(ITEM)])
def test_it_is_said_in_words(said: str) -> None:
    assert "not a digit" in said
    assert "10" not in said


def test_a_digit_is_named_with_its_article() -> None:
    assert _story(replace(DRAWING, true_label=8), 0.4) == "read **7**, was **an 8**"


def test_what_was_refused_is_not_said_to_be_a_digit() -> None:
    refused = replace(DRAWING, digit_score=0.3, confidence=0.9999)
    assert _story(refused, 0.4) == "read as no digit :green[✓]"
    assert _story(replace(refused, true_label=None), 0.4) == "read as no digit"
    assert _story(replace(refused, true_label=7), 0.4) == "read as no digit, was **a 7**"
    sure = replace(refused, digit_score=0.9, true_label=None)
    assert _story(sure, 0.4) == "read **7**, over 99.9\u00a0%", "as sure as beside the canvas"
