"""What is said of trainings: names that none shares, what became of each, and where they differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app_pages import experiment_words as words
from learning.card import ModelCard, RetrainedCard
from learning.registry import MODELS
from storage.experiments import Experiment
from support.retrained import retrained_card
from support.shipped import card

TRAINING = Experiment(
    "training 7", "cnn", None, "auto", datetime(2026, 11, 28, tzinfo=UTC), 61.0, "failed", None, "It failed.", None
)


def with_knobs(seed: int, rotation: float) -> ModelCard:
    knobs = MODELS["cnn"].recipe.as_dict()
    changed = {"seed": seed, "augmentation": knobs["augmentation"] | {"rotation": rotation}}
    return card("cnn").model_copy(update={"knobs": knobs | changed})


def test_a_training_is_named_by_its_version_or_else_by_its_number() -> None:
    assert words.name_of(TRAINING) == "CNN, training 7"
    assert words.name_of(replace(TRAINING, version=2)) == "CNN, version 2"
    assert words.name_of(replace(TRAINING, model="cnn-small")) == "Small CNN, training 7"
    assert words.name_of(replace(TRAINING, model="oracle")) == "oracle, training 7", "of a later release"


@pytest.mark.parametrize(
    ("stage", "status", "said"),
    [
        ("promoted", "active", "promoted by the gate; serves now"),
        ("promoted", "retired", "promoted by the gate"),
        ("rejected", "rejected", "refused by the gate"),
        ("rejected", "active", "refused by the gate; serves now"),
        ("rejected", "candidate", "passed, but its parent no longer served; waits for an administrator"),
        ("trained", "candidate", "trained from scratch; waits for an administrator"),
        ("dry run", None, "dry run: not kept"),
        ("interrupted", None, "interrupted"),
    ],
)
def test_how_it_ended_and_whether_it_serves(stage: str, status: str | None, said: str) -> None:
    assert words.result_of(replace(TRAINING, stage=stage, status=status)) == said


def test_who_how_long_and_which_labels() -> None:
    assert [words.who_of(replace(TRAINING, who=who)) for who in ("auto", "admin", "")] == [
        "the app itself",
        "an administrator",
        "not noted",
    ]
    assert [words.duration_of(each) for each in (None, 61.0, 840.0)] == ["", "61 s", "14 min"]
    taught = retrained_card()
    assert words.labels_of(taught) == "53 new, 0 earlier"
    assert words.labels_of(taught.model_copy(update={"labels_sha256": "3f2a9c01" * 8})).endswith(" · 3f2a9c01")
    assert words.labels_of(card("cnn")) == words.labels_of(None) == ""


def test_only_knobs_that_differ_are_compared_nested_ones_too() -> None:
    assert words.differing_knobs([with_knobs(0, 0.15), with_knobs(0, 0.15)]) == []
    assert words.differing_knobs([with_knobs(0, 0.15), with_knobs(1, 0.3)]) == [
        ("augmentation.rotation", "0.15", "0.3"),
        ("seed", "0", "1"),
    ]
    older = card("cnn").model_copy(update={"knobs": {"epochs": 3}})
    assert ("epochs", "22", "3") in words.differing_knobs([with_knobs(0, 0.15), older])
    assert ("seed", "0", words.ABSENT) in words.differing_knobs([with_knobs(0, 0.15), older])


def test_figures_stand_side_by_side_and_what_nobody_has_is_left_out() -> None:
    names = [row[0] for row in words.figures([card("cnn"), card("linear")])]
    assert "MNIST test" in names
    assert "labels trained on" not in names
    both = {name: cells for name, *cells in words.figures([card("linear"), retrained_card()])}
    assert both["held-out labels, before → after"] == [words.ABSENT, "90.00 % → 94.00 %"]
    assert both["labels trained on"] == [words.ABSENT, "53"]
    assert "their digest" not in both, "an earlier release kept none"
    told = RetrainedCard.model_validate(retrained_card().to_json() | {"labels_sha256": "3f2a9c01" * 8})
    assert ("their digest", "3f2a9c01") in words.figures([told])


def test_the_axis_begins_where_the_last_epochs_lie() -> None:
    assert words.least_shown([[0.1, 0.98, 0.99, 0.992]]) == pytest.approx(0.9895)
    assert words.least_shown([[0.1, 0.98, 0.99, 0.992], [0.95, 0.951]]) == pytest.approx(0.9469, abs=1e-3)
    assert words.least_shown([[0.99, 0.99]]) is None, "nothing lies below"
    assert words.least_shown([[]]) is None
