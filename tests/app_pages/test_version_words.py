"""Why a version serves or not: what is said is what stands now."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app_pages.version_words import first_sentence, standing
from storage.model_store import Version
from storage.promotions import Promotion

AT = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
SHIPPED = Promotion(1, None, AT, "shipped", "app")
PROMOTED = Promotion(2, 1, AT, "promotion", "gate")
BACK = Promotion(1, 2, AT, "rollback", "admin")
AGAIN = Promotion(2, 1, AT, "promotion", "admin")


def version(number: int, status: str) -> Version:
    return Version("cnn", number, AT, "0" * 64, None, None, status, "", 1)


@pytest.mark.parametrize(
    ("number", "status", "changes", "said"),
    [
        (1, "active", [SHIPPED], "It has served since 28 November 2026, 09:30 UTC: it came with the app."),
        (1, "retired", [PROMOTED, SHIPPED], "Replaced by version 2, 28 November 2026, 09:30 UTC."),
        (2, "active", [PROMOTED, SHIPPED], "It has served since 28 November 2026, 09:30 UTC: promoted by the gate."),
        (2, "retired", [BACK, PROMOTED, SHIPPED], "Rolled back, to version 1, 28 November 2026, 09:30 UTC."),
        (
            1,
            "active",
            [BACK, PROMOTED],
            "It has served since 28 November 2026, 09:30 UTC: an administrator rolled back to it.",
        ),
        (2, "active", [AGAIN, BACK], "It has served since 28 November 2026, 09:30 UTC: promoted by an administrator."),
        (3, "rejected", [SHIPPED], "The gate refused it."),
        (3, "candidate", [SHIPPED], "It waits for an administrator to promote it."),
        (1, "retired", [], ""),
    ],
)
def test_it_says_what_stands_now(number: int, status: str, changes: list[Promotion], said: str) -> None:
    assert standing(version(number, status), changes) == said


def test_a_long_reason_is_cut_in_the_list_and_says_so() -> None:
    assert first_sentence("It reads 98.2 %. It forgets 3s. It is slow.") == "It reads 98.2 %. (and 2 more)"
    assert first_sentence("One.") == "One."
