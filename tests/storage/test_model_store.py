"""Versions of the models: numbered, promoted and rolled back whole or not at all, announced when it is done."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import torch
from psycopg2.extras import Json

from learning.card import RetrainedCard
from learning.dataset import Digits, Mnist, rows
from learning.weights import ModelMissing, Weights, checksum
from storage import model_store
from storage.database import Database, DatabaseAway
from storage.model_store import Candidate, NoSuchVersion, UsedLabel
from storage.writer import Writer
from support.classroom import draw, register
from support.shipped import card, network, shipped


def candidate(content: bytes = b"weights", parent: int = 1, **changes: Any) -> Candidate:
    return Candidate("linear", content, card("linear"), parent, **({"trained": [], "held_out": []} | changes))


def release(data: bytes) -> Weights:
    """The weights of a later release."""
    return replace(shipped("linear"), data=data, sha256=checksum(data))


def standing(database: Database) -> dict[int, str]:
    return {each.version: each.status for each in model_store.versions(database, "linear")}


def few(mnist: Mnist, count: int) -> Digits:
    return rows(mnist.test, torch.arange(count))


def test_the_projects_own_weights_are_version_one_and_serve_and_are_stored_once(database: Database) -> None:
    assert [register(database, model) for model in ("linear", "cnn", "linear")] == [1, 1, 1]
    stored = model_store.load(database, "linear", 1)
    assert stored == shipped("linear")
    assert checksum(stored.data) == stored.sha256
    assert {(each.model, each.version, each.status, each.parent) for each in model_store.versions(database)} == {
        ("linear", 1, "active", None),
        ("cnn", 1, "active", None),
    }


def test_weights_of_a_later_release_serve_unless_something_was_learned(database: Database) -> None:
    register(database, "linear")
    assert model_store.register_shipped(database, release(b"release two")) == 2
    assert standing(database) == {1: "retired", 2: "active"}
    model_store.save(database, candidate(parent=2), promote=True, reason="better")
    assert model_store.register_shipped(database, release(b"release three")) == 4
    assert standing(database) == {1: "retired", 2: "retired", 3: "active", 4: "candidate"}


def test_a_candidate_serves_if_the_gate_says_so_and_is_kept_if_not(database: Database) -> None:
    register(database, "linear")
    assert model_store.save(database, candidate(b"worse"), promote=False, reason="It is worse.") == (2, "rejected")
    assert model_store.save(database, candidate(b"better"), promote=True, reason="Better.") == (3, "active")
    assert standing(database) == {1: "retired", 2: "rejected", 3: "active"}
    newest, refused, _ = model_store.versions(database, "linear")
    assert (newest.reason, newest.parent, refused.reason) == ("Better.", 1, "It is worse.")
    assert model_store.active(database, "linear") == 3
    assert model_store.serving(database)["linear"] == [
        (3, newest.sha256),
        (1, shipped("linear").sha256),
    ]


def test_a_candidate_that_was_measured_against_another_version_waits(database: Database) -> None:
    register(database, "linear")
    model_store.save(database, candidate(b"two"), promote=True, reason="")
    assert model_store.save(database, candidate(b"three", parent=1), promote=True, reason="") == (3, "candidate")
    assert standing(database) == {1: "retired", 2: "active", 3: "candidate"}
    model_store.promote(database, "linear", 3, "admin")
    assert standing(database) == {1: "retired", 2: "retired", 3: "active"}


def test_rolling_back_goes_the_way_back_and_never_forward_again(database: Database) -> None:
    register(database, "linear")
    for content in (b"two", b"three"):
        model_store.save(database, candidate(content, model_store.active(database, "linear")), True, "")
    assert [model_store.roll_back(database, "linear", "admin") for _ in range(2)] == [2, 1]
    assert standing(database) == {1: "active", 2: "retired", 3: "retired"}
    with pytest.raises(NoSuchVersion, match="go back"):
        model_store.roll_back(database, "linear", "admin")
    model_store.promote(database, "linear", 3, "admin")
    assert model_store.roll_back(database, "linear", "admin") == 1
    assert standing(database) == {1: "active", 2: "retired", 3: "retired"}


def test_what_the_gate_said_stays_through_promotions_and_rollbacks(database: Database) -> None:
    register(database, "linear")
    model_store.save(database, candidate(b"two"), promote=True, reason="Two is better.")
    model_store.save(database, candidate(b"three", 2), promote=True, reason="Three is better.")
    model_store.roll_back(database, "linear", "admin")
    said = {each.version: each.reason for each in model_store.versions(database, "linear")}
    assert said == {1: "The project's own weights.", 2: "Two is better.", 3: "Three is better."}


def test_what_is_not_there_cannot_serve_and_nothing_changes(database: Database) -> None:
    with pytest.raises(NoSuchVersion):
        model_store.active(database, "linear")
    register(database, "linear")
    with pytest.raises(NoSuchVersion):
        model_store.promote(database, "linear", 7, "admin")
    with pytest.raises(NoSuchVersion):
        model_store.load(database, "linear", 7)
    assert standing(database) == {1: "active"}


def test_promoting_at_once_from_many_sides_leaves_one_that_serves(database: Database) -> None:
    register(database, "linear")
    for number in range(2, 6):
        model_store.save(database, candidate(b"%d" % number), promote=False, reason="")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda version: model_store.promote(database, "linear", version, "admin"), [2, 3, 4, 5] * 5))
    assert sorted(standing(database).values()).count("active") == 1
    with database.transaction() as cursor:  # each step began where the one before had ended
        cursor.execute("SELECT version, replaced FROM promotions WHERE model = 'linear' ORDER BY id")
        steps = cursor.fetchall()
    assert [replaced for _, replaced in steps[1:]] == [version for version, _ in steps[:-1]]


def test_exactly_the_labels_that_were_taken_are_marked(database: Database, writer: Writer, mnist: Mnist) -> None:
    register(database, "linear")
    digits = few(mnist, 5)
    labels = digits.labels.tolist()
    taken, changed, held, later, _ = draw(writer, network("linear"), digits, labels, ["a" * 64] * 5)
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET true_label = %s WHERE drawing_id = %s", ((labels[1] + 1) % 10, changed))
    used = [UsedLabel(taken, labels[0]), UsedLabel(changed, labels[1])]
    made = candidate(trained=used, held_out=[UsedLabel(held, labels[2])])
    model_store.save(database, made, promote=False, reason="")
    with database.transaction() as cursor:
        cursor.execute("SELECT drawing_id, trained_into, judged FROM predictions")
        marks = {row[0]: row[1:] for row in cursor.fetchall()}
    assert (marks[taken], marks[changed], marks[held], marks[later]) == (
        (2, None),
        (None, None),
        (None, 2),
        (None, None),
    )


def test_a_change_is_announced_at_once_and_only_when_it_is_committed(database: Database) -> None:
    register(database, "linear")
    model_store.save(database, candidate(), promote=False, reason="")
    heard = threading.Semaphore(0)

    def listen() -> None:
        with suppress(DatabaseAway):  # when the test is over
            for _ in model_store.changes(database, every=30):
                heard.release()

    threading.Thread(target=listen, daemon=True).start()
    assert heard.acquire(timeout=10), "the first look comes without any announcement"
    with database.transaction() as cursor:
        cursor.execute("SELECT pg_notify('model_versions', '')")
        assert not heard.acquire(timeout=0.3)
    assert heard.acquire(timeout=10)
    model_store.promote(database, "linear", 2, "admin")
    assert heard.acquire(timeout=10)


def test_the_cards_of_the_release_before_are_read_and_a_damaged_one_hurts_no_other(database: Database) -> None:
    """It stored them as one flat object, with the checksum, the size and the version among the figures."""
    register(database, "linear")
    part = {"n": 10, "accuracy": 0.9, "per_digit": [0.9] * 10, "nll": 0.1, "ece": 0.01, "confusion": [[1] * 10] * 10}
    measured = {"validation": part, "held_out": None, "per_digit": [0.9] * 10, "digit_auroc": 0.98}
    old = card("linear").to_json() | {"sha256": "0" * 64, "size_bytes": 5, "model_version": 2, "share": 0.25}
    old |= {"labels_used": 7, "labels_dropped": [], "before": measured | {"version": 1}, "after": measured}
    for content, metrics in ((b"two", old), (b"three", old | {"temperature": -1})):
        number, _ = model_store.save(database, candidate(content), promote=False, reason="")
        with database.transaction() as cursor:
            cursor.execute(
                "UPDATE model_versions SET metrics = %s WHERE model = 'linear' AND version = %s",
                (Json(metrics), number),
            )
    damaged, read, first = model_store.versions(database, "linear")
    assert damaged.card is None
    assert isinstance(read.card, RetrainedCard)
    assert (read.card.mixing_coefficient, read.card.labels_used, read.card.before.version) == (0.25, 7, 1)
    assert read.card.test_accuracy == card("linear").test_accuracy
    assert first.card == card("linear")
    with pytest.raises(ModelMissing, match=r"Version 3 of linear has a damaged card.*temperature"):
        model_store.load(database, "linear", 3)


def test_a_card_that_would_be_refused_when_it_is_read_is_not_stored(database: Database) -> None:
    register(database, "linear")
    broken = replace(candidate(), card=card("linear").model_copy(update={"temperature": -1.0}))
    with pytest.raises(ModelMissing, match=r"was not stored\. The model card's temperature is wrong"):
        model_store.save(database, broken, promote=True, reason="better")
    assert [each.version for each in model_store.versions(database)] == [1]
