"""What the Review page says: every reason has its sentence, and every label its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app_pages.review_words import (
    REASONS,
    SHORT_REASONS,
    about,
    against,
    alt,
    filter_words,
    label_words,
    name,
    said_and_read,
    why,
    why_briefly,
)
from learning.classes import NOT_A_DIGIT
from learning.registry import MODELS
from storage.labels import WAITING_REASONS, Reason
from storage.review import Filters, ReviewItem

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
ITEM = ReviewItem(
    *(uuid4(), NOW, NOW, 7, 0.987, 1, "pending", Reason.UNLIKELY, "trust", 0.9, "canvas", "ab" * 32, "cnn", 2, b"png"),
)


def test_every_reason_has_its_words() -> None:
    assert REASONS.keys() == set(Reason)
    assert SHORT_REASONS.keys() >= set(WAITING_REASONS)
    assert (why(ITEM), why_briefly(ITEM)) == (REASONS[Reason.UNLIKELY], SHORT_REASONS[Reason.UNLIKELY])


def test_every_label_has_its_words() -> None:
    assert [label_words(label) for label in (0, 9, NOT_A_DIGIT)] == ["0", "9", "not a digit"]


def test_a_label_is_told_with_all_that_is_known_of_it() -> None:
    for part in ("Person ababab", "CNN version 2", "canvas", "02 January 2026, 03:04 UTC"):
        assert part in about(ITEM)
    assert alt(ITEM) == "A drawing that was read as 7 and said to be 1"
    assert said_and_read(ITEM) == "said 1, read 7"
    assert name("") == "Somebody without a name"


def test_who_decided_is_said_of_what_no_longer_waits() -> None:
    assert why(replace(ITEM, review="rejected", reviewer="admin")) == "An administrator rejected it."
    trusted = replace(ITEM, review="approved", reason="")
    assert why(trusted) == why_briefly(trusted) == "The model found this label plausible, so it was approved at once."


def test_the_model_is_against_a_label_only_where_it_is_sure() -> None:
    assert against(ITEM)
    assert not against(replace(ITEM, confidence=0.89))
    assert not against(replace(ITEM, true_label=7))


@pytest.mark.parametrize("model", [*MODELS, "a-third"])
def test_a_model_of_another_release_is_named_as_it_is(model: str) -> None:
    shown = MODELS[model].display_name if model in MODELS else model
    assert f"by {shown} version 2" in about(replace(ITEM, model=model))


def test_filters_are_told_in_a_few_words() -> None:
    assert filter_words(Filters("approved")) == ""
    told = filter_words(Filters("pending", Reason.UNLIKELY, 0, 0, "canvas", "ab" * 32))
    assert told == "unlikely, said to be 0, read as 0, canvas, Person ababab"
