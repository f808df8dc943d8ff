"""Weights on their way in and out: checked each time, and written whole or not at all."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
import torch

from learning import weights as module
from learning.networks import ConvNet
from learning.registry import MODELS
from learning.weights import (
    SHIPPED_DIR,
    ModelMissing,
    WeightsMissing,
    checksum,
    find_folder,
    load_network,
    pack,
    read_weights,
    trained_folder,
    unserved_cards,
    write_weights,
)
from support.shipped import card, shipped


def test_what_is_packed_loads_again() -> None:
    network = MODELS["linear"].build()
    data = pack(network)
    loaded = load_network("linear", data, checksum(data))
    assert not loaded.training
    for old, new in zip(network.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(old, new)


def test_weights_of_an_earlier_network_load_as_what_they_are() -> None:
    network = ConvNet()
    data = pack(network)
    loaded = load_network("cnn", data, checksum(data), dropout=0.1)
    assert type(loaded) is ConvNet
    assert all(torch.equal(*pair) for pair in zip(network.parameters(), loaded.parameters(), strict=True))


def test_weights_come_in_only_with_their_checksum() -> None:
    with pytest.raises(ModelMissing, match="checksum"):
        load_network("linear", shipped("linear").data, "0" * 64)


@pytest.mark.parametrize("data", [b"", b"no weights", shipped("cnn").data])
def test_what_does_not_fit_the_network_is_refused(data: bytes) -> None:
    with pytest.raises(ModelMissing, match="do not fit"):
        load_network("linear", data, checksum(data))


def test_numbers_that_are_not_finite_are_refused() -> None:
    state = torch.load(io.BytesIO(shipped("linear").data), weights_only=True)
    state[next(iter(state))][0, 0] = float("inf")
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with pytest.raises(ModelMissing, match="not finite"):
        load_network("linear", buffer.getvalue(), checksum(buffer.getvalue()))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    network = MODELS["linear"].build()
    write_weights(tmp_path / "new", "linear", network, card("linear"))
    read = read_weights(tmp_path / "new", "linear")
    assert (read.data, read.sha256, read.card) == (pack(network), checksum(pack(network)), card("linear"))
    assert read.info.size_bytes == len(read.data)
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["linear.json", "linear.pt"]


def test_what_is_missing_or_damaged_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"no cnn\.pt: run `python src/train_model\.py`"):
        read_weights(tmp_path, "cnn")
    for name in ("cnn.pt", "cnn.json"):
        shutil.copy(SHIPPED_DIR / name, tmp_path)
    (tmp_path / "cnn.json").write_text(json.dumps({"temperature": 1}))
    with pytest.raises(
        ModelMissing, match=r"cnn\.json cannot be used\. The model card's architecture is wrong: field required\."
    ):
        read_weights(tmp_path, "cnn")


def test_the_projects_own_weights_come_before_those_that_the_app_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_folder("cnn", tmp_path) == SHIPPED_DIR
    monkeypatch.setattr(module, "SHIPPED_DIR", tmp_path / "nothing")
    assert find_folder("cnn", tmp_path) == tmp_path / "model"


def test_the_cards_of_models_that_do_not_serve_are_found_and_a_damaged_one_hinders_nothing(tmp_path: Path) -> None:
    folder = trained_folder(tmp_path)
    assert unserved_cards(tmp_path) == []
    apart = card("cnn").model_copy(update={"architecture": "cnn-small"})
    write_weights(folder, "cnn-small", ConvNet(), apart)
    write_weights(folder, "linear", MODELS["linear"].build(), card("linear"))
    assert unserved_cards(tmp_path) == [apart]
    (folder / "cnn-small.json").write_text("{}")
    assert unserved_cards(tmp_path) == []
