"""Model cards: one definition, read from every file and row there ever was, and never taken for granted."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from learning.card import CardError, ModelCard, RetrainedCard
from learning.registry import MODELS
from learning.weights import SHIPPED_DIR


def shipped_json(model: str = "cnn") -> dict[str, Any]:
    values: dict[str, Any] = json.loads((SHIPPED_DIR / f"{model}.json").read_text())
    return values


@pytest.mark.parametrize("model", MODELS)
def test_the_shipped_cards_survive_the_round_trip(model: str) -> None:
    before = shipped_json(model)
    after = ModelCard.from_json(before).to_json()
    assert after.keys() - {"format"} == before.keys() - {"format", "sha256"}
    for name in after.keys() - {"format", "trained_at"}:
        assert after[name] == before[name], name
    assert datetime.fromisoformat(after["trained_at"]) == datetime.fromisoformat(before["trained_at"])
    assert ModelCard.from_json(after).to_json() == after


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -1),
        ("temperature", 1e-300),
        ("temperature", float("nan")),
        ("test_accuracy", 1.2),
        ("per_digit_accuracy", [0.9] * 9),
        ("parameters", 0),
        ("trained_at", "yesterday"),
        ("format", 99),
        ("trained_at", "0001-01-01T00:00:00Z"),
        ("seed", 10**30),
        ("wall_seconds", 1e300),
        ("cores", -1),
        ("nll", 1e300),
        ("digit_score", {"scale": 1.0, "offset": float("inf"), "threshold": 0.5}),
        ("digit_score", {"scale": 1e300, "offset": 0.0, "threshold": 0.5}),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(CardError, match=name):
        ModelCard.from_json(shipped_json() | {name: value})


@pytest.mark.parametrize("name", ["temperature", "digit_score", "test_accuracy", "architecture"])
def test_what_is_missing_is_named(name: str) -> None:
    values = shipped_json()
    del values[name]
    with pytest.raises(CardError, match=name):
        ModelCard.from_json(values)


def test_keys_of_a_later_release_are_passed_over() -> None:
    assert ModelCard.from_json(shipped_json() | {"colour": "blue"}) == ModelCard.from_json(shipped_json())


def test_a_retrained_card_keeps_the_keys_that_older_releases_read() -> None:
    part = {"n": 10, "accuracy": 0.9, "per_digit": [0.9] * 10, "nll": 0.1, "ece": 0.01, "confusion": [[1] * 10] * 10}
    measured = {"validation": part, "held_out": None, "per_digit": [0.9] * 10, "digit_auroc": 0.98}
    dropped = {"id": "6f1c1c1e-6f0e-4a87-8a35-1f0b1f8f9d11", "label": 4, "looks_like": 9}
    values = shipped_json() | {"share": 0.25, "labels_used": 7, "labels_dropped": [dropped]}
    card = ModelCard.from_json(values | {"before": measured | {"version": 1}, "after": measured})
    assert isinstance(card, RetrainedCard)
    assert (card.mixing_coefficient, card.labels_dropped[0].looks_like) == (0.25, 9)
    after = card.to_json()
    assert (after["share"], after["labels_dropped"], after["before"]["version"]) == (0.25, [dropped], 1)
    assert "held_out" not in after["after"]
    assert {"scale", "offset", "threshold"} == after["digit_score"].keys()


@pytest.mark.parametrize("values", [None, 3, "card", [1, 2]])
def test_what_is_no_object_is_no_card(values: object) -> None:
    with pytest.raises(CardError, match="not an object"):
        ModelCard.from_json(values)


def test_a_ragged_confusion_matrix_is_refused() -> None:
    with pytest.raises(CardError, match="confusion"):
        ModelCard.from_json(shipped_json() | {"confusion": [[1] * 10] * 9 + [[1] * 9]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        json.dumps(shipped_json() | {"knobs": {"lr": float("nan")}}),
        json.dumps(shipped_json()).replace('"seed": 0', '"seed": 1e999', 1),
        json.dumps(shipped_json() | {"data": "half a \ud800 character"}),
        json.dumps(shipped_json() | {"knobs": {"a\0b": [["\0"]]}}),
        " " * 5_000_000,
        "1" * 10_000,
    ],
    ids=range(10),
)
def test_whatever_the_text_is_it_is_refused_in_a_sentence(text: str) -> None:
    """A file or a row may hold anything; PostgreSQL refuses some of it, and recursion ends the process of another."""
    with pytest.raises(CardError, match=r"^The model card .*\.$"):
        ModelCard.from_text(text)


def test_a_time_without_a_zone_is_utc() -> None:
    card = ModelCard.from_json(shipped_json() | {"trained_at": "2026-01-01T10:00:00"})
    assert card.to_json()["trained_at"] == "2026-01-01T10:00:00Z"
