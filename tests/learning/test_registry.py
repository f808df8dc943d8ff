"""The registry: every model builds, and one more takes one entry."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from learning.networks import ConvNet, Ensemble, LinearNet
from learning.registry import DEFAULT_MODEL, MODELS, TRAINABLE, display_name


@pytest.mark.parametrize("name", TRAINABLE)
def test_every_model_builds_under_its_name(name: str) -> None:
    spec = TRAINABLE[name]
    assert spec.name == name
    assert spec.build(dropout=0.5).eval()(torch.zeros(2, 1, 28, 28)).shape[0] == 2


def test_the_default_is_the_best_and_comes_first() -> None:
    assert DEFAULT_MODEL == next(iter(MODELS)) == "cnn"
    assert [type(spec.build()) for spec in MODELS.values()] == [Ensemble, LinearNet]
    assert [spec.display_name for spec in MODELS.values()] == ["CNN", "Linear"]
    assert [display_name(model) for model in ("cnn", "cnn-small", "of-a-later-release")] == [
        "CNN", "Small CNN", "of-a-later-release",
    ]  # fmt: skip


def test_a_network_without_a_column_for_it_is_trained_on_no_non_digits() -> None:
    assert MODELS["linear"].recipe.non_digits == MODELS["linear"].fine_tuning.non_digits == 0


def test_a_third_model_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    third = replace(MODELS["linear"], name="third", display_name="Third", networks=("learning.networks:ConvNet",))
    monkeypatch.setitem(MODELS, "third", third)
    assert isinstance(MODELS["third"].build(), ConvNet)


def test_the_small_one_is_trained_and_not_served() -> None:
    assert type(TRAINABLE["cnn-small"].build()) is ConvNet
    assert "cnn-small" not in MODELS
    assert [type(network) for network in MODELS["cnn"].builds()] == [Ensemble, ConvNet], "stored versions of both"
