"""The promotions: who began to serve, in whose place, and where a rollback leads."""

from __future__ import annotations

from learning.card import ModelCard
from storage import model_store
from storage.database import Database
from storage.migrations import SQL_DIR
from storage.model_store import Candidate
from storage.promotions import active_versions, promotions, rollback_target
from support.classroom import register
from support.shipped import card


def made(content: bytes, parent: int, of: ModelCard | None = None) -> Candidate:
    return Candidate("linear", content, of or card("linear"), parent, [], [])


def test_every_step_is_kept_and_a_rollback_leads_where_it_is_said_to(database: Database) -> None:
    register(database, "linear")
    assert rollback_target(promotions(database, "linear"), 1) is None
    model_store.save(database, made(b"two", 1), promote=True, reason="")
    model_store.save(database, made(b"three", 2), promote=False, reason="")
    model_store.promote(database, "linear", 3, "admin")
    assert [each[:2] + each[3:] for each in promotions(database, "linear")] == [
        (3, 2, "promotion", "admin"),
        (2, 1, "promotion", "gate"),
        (1, None, "shipped", "app"),
    ]
    for serving in (3, 2):
        target = rollback_target(promotions(database, "linear"), serving)
        assert model_store.roll_back(database, "linear", "admin") == target == serving - 1
        assert active_versions(database) == {"linear": serving - 1}
    assert rollback_target(promotions(database, "linear"), 1) is None


def test_sentences_of_earlier_releases_that_are_no_longer_true_are_taken_away(database: Database) -> None:
    register(database, "linear")
    for content, reason in ((b"two", "Rolled back."), (b"three", "Replaced by version 12."), (b"four", "Rolled back?")):
        model_store.save(database, made(content, 1), promote=False, reason=reason)
    with database.transaction() as cursor:
        cursor.execute((SQL_DIR / "008_kept_reasons.sql").read_text())
    said = {each.version: each.reason for each in model_store.versions(database, "linear")}
    assert said == {1: "The project's own weights.", 2: "", 3: "", 4: "Rolled back?"}
