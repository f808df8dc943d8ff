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
DRAWING = RecentDrawing(uuid4(), NOW, 7, NOT_A_DIGIT, 0.5, b"png", "cnn", 1)
ITEM = ReviewItem(
    *(uuid4(), NOW, NOW, 7, 0.9, NOT_A_DIGIT, "pending", Reason.UNLIKELY, "trust", 0.9, "canvas", "", "cnn", 2, b"png"),
)


@pytest.mark.parametrize("said", [_story(DRAWING), alt(ITEM), said_and_read(ITEM)])
def test_it_is_said_in_words(said: str) -> None:
    assert "not a digit" in said
    assert "10" not in said


def test_a_digit_is_named_with_its_article() -> None:
    assert _story(replace(DRAWING, true_label=8)) == "read **7**, is **an 8**"
