"""Every training is kept with its card, whatever became of it, and none of them twice."""

from __future__ import annotations

from datetime import timedelta

from learning.card import ModelCard
from storage import model_store, trainings
from storage.database import Database
from storage.experiments import experiments
from storage.model_store import Candidate
from support.classroom import nudged, register
from support.retrained import retrained_card
from support.running_app import wait_until
from support.shipped import card


def test_each_training_has_its_card_and_what_became_of_it(database: Database) -> None:
    register(database, "linear")
    made = Candidate("linear", nudged("linear"), retrained_card(), 1, [], [])
    with trainings.only_training(database):
        for who, promote, stage in (("admin", True, "promoted"), ("auto", False, "rejected")):
            number = trainings.begin(database, "linear", who)
            version, _ = model_store.save(database, made, promote, "Why.")
            trainings.end(database, number, stage, "Why.", version)
        trainings.end(
            database, trainings.begin(database, "linear", "command"), "dry run", "Dry.", card=retrained_card()
        )
        trainings.end(database, trainings.begin(database, "linear", "admin"), "failed", "It failed.")
        trainings.end(database, trainings.begin(database, "linear", "admin"), "refused", "Too few labels.")
        trainings.begin(database, "linear", "auto")
        found = experiments(database)
        assert experiments(database, 2) == found[:2]
    assert [(each.who, each.version, each.stage, each.status) for each in found] == [
        ("auto", None, "running", None),
        ("admin", None, "failed", None),
        ("command", None, "dry run", None),
        ("auto", 3, "rejected", "rejected"),
        ("admin", 2, "promoted", "active"),
        ("command", 1, "trained", "retired"),
    ]
    assert [each.card for each in found] == [None, None, *[retrained_card()] * 3, card("linear")]
    assert found[0].seconds is None
    assert found[-1].started_at == card("linear").trained_at - timedelta(seconds=card("linear").wall_seconds)
    assert len({each.key for each in found}) == len(found)
    wait_until(lambda: experiments(database)[0].stage == "interrupted", what="the lock let go")


def test_versions_of_earlier_releases_have_no_row_and_a_damaged_card_hides_nothing(database: Database) -> None:
    register(database, "linear")
    model_store.save(database, Candidate("linear", b"weights", retrained_card(), 1, [], []), False, "Worse.")
    with database.transaction() as cursor:
        cursor.execute("UPDATE model_versions SET metrics = '{}' WHERE version = 1")
    later, first = sorted(experiments(database), key=lambda each: each.version or 0, reverse=True)
    assert (later.who, later.stage, later.message) == ("", "rejected", "Worse.")
    assert (first.who, first.stage, first.card) == ("command", "trained", None)


def test_a_training_without_a_database_is_kept_once_however_often_it_is_read(database: Database) -> None:
    apart = ModelCard.from_json(card("linear").to_json() | {"architecture": "cnn-small"})
    again = apart.model_copy(update={"trained_at": apart.trained_at + timedelta(hours=1)})
    for each in (apart, apart, again):
        trainings.register(database, each)
    assert [(each.model, each.stage, each.seconds) for each in experiments(database)] == [
        ("cnn-small", "trained", apart.wall_seconds)
    ] * 2
    assert experiments(database)[0].card == again
    assert trainings.newest(database) == [], "what the Models page calls the last training is one on labels"
