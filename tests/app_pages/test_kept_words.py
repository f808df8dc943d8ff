"""What is kept of a visitor and for how long, in words."""

from __future__ import annotations

from datetime import UTC, datetime

from app_pages.kept_words import erased, facts, kept_how_long
from storage.own_data import Summary
from storage.writer import Written

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_how_long_is_one_sentence() -> None:
    assert kept_how_long(None) == "Drawings are kept until you delete them."
    assert kept_how_long(1).startswith("A drawing without a label is deleted after a day;")
    assert kept_how_long(1000).startswith("A drawing without a label is deleted after 1,000 days;")


def test_facts_say_what_is_counted() -> None:
    assert facts(Summary(0, 0, 0, 0, None, False)) == {"kept of you": "nothing"}
    few = facts(Summary(1200, 30, 900, 34, DAY, False, True, DAY))
    assert few["drawings"] == "1,200, the oldest of 01 March 2026"
    assert few["with your label"] == "30"
    assert few["your hand"] == "your labels change your answers; those up to 01 March 2026 do not"
    many = facts(Summary(10_000, 30, 900, 34, DAY, True, False))
    assert many["drawings"] == "more than 10,000"
    assert many["with your label"] == "30 of the newest 10,000"
    assert many["your hand"] == "your labels change nothing"


def test_an_erasure_says_what_has_become_of_it() -> None:
    assert erased(None) == erased(Written(spooled=True)) == "All of it will be deleted as soon as the database is back."
    assert erased(Written(False, (1, 3, False))) == "Everything of yours is deleted."
    assert erased(Written(False, (1, 0, False))) == "Nothing of yours was left to delete."
    assert erased(Written(False, (1, 1000, True))).startswith("1,000 drawings are deleted, and the others")
