"""What the Review page says: every reason has its sentence, and nothing of a drawing is taken for HTML."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app_pages.review_words import REASONS, SHORT_REASONS, alt, brief, name, story
from learning.registry import MODELS
from storage.labels import WAITING_REASONS, Reason
from storage.review import ReviewItem

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
ITEM = ReviewItem(
    *(uuid4(), NOW, NOW, 7, 0.987, 1, "pending", Reason.UNLIKELY, "trust", 0.9, "canvas", "ab" * 32, "cnn", 2, b"png"),
)


def test_every_reason_has_its_words() -> None:
    assert REASONS.keys() == set(Reason)
    assert SHORT_REASONS.keys() >= set(WAITING_REASONS)


def test_a_label_is_told_with_all_that_is_known_of_it() -> None:
    said = story(ITEM)
    for part in ("Person ababab", "CNN version 2", "99 % sure", REASONS[Reason.UNLIKELY], "02 January 2026, 03:04 UTC"):
        assert part in said
    assert "said" in brief(ITEM)
    assert SHORT_REASONS[Reason.UNLIKELY] in brief(ITEM)
    assert alt(ITEM) == "A drawing that was read as 7 and said to be a 1"
    assert name("") == "Somebody without a name"


@pytest.mark.parametrize("model", [*MODELS, "a-third"])
def test_a_model_of_another_release_is_named_as_it_is(model: str) -> None:
    shown = MODELS[model].display_name if model in MODELS else model
    assert f"by {shown} version 2" in story(replace(ITEM, model=model))


def test_what_the_database_holds_is_escaped() -> None:
    assert "<b>" not in brief(replace(ITEM, reason="<b>")) + story(replace(ITEM, reason="<b>"))
