"""Weights on their way in and out: a state_dict as bytes, always beside its checksum and its model card."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learning.card import CardError, ModelCard, parse
from learning.registry import MODELS, TRAINABLE
from settings import ROOT

if TYPE_CHECKING:
    from torch import Tensor, nn

SHIPPED_DIR = ROOT / "model"
SHIPPED_VERSION = 1
"""The version number of the weights in `model/`, in every installation."""

TRAIN = "run `python src/train_model.py`."
"""What makes weights: the end of a sentence."""


class ModelMissing(RuntimeError):
    """A model cannot serve; the message says which, and what to do."""


class WeightsMissing(ModelMissing):
    """There are no weights of a model at all."""


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a version of a model, its weights left out."""

    model: str
    version: int
    sha256: str
    size_bytes: int
    card: ModelCard


@dataclass(frozen=True)
class Weights:
    """A version's weights as torch.save wrote them, unchecked, with the checksum and the card that belong to them."""

    model: str
    version: int
    data: bytes
    sha256: str
    card: ModelCard

    @property
    def info(self) -> ModelInfo:
        """All of it but the weights."""
        return ModelInfo(self.model, self.version, self.sha256, len(self.data), self.card)


# --- Files ------------------------------------------------------------------------------------------------------------


def find_folder(model: str, data_dir: Path) -> Path:
    """Where a model's weights are: the project's own, or, where those are missing, those that the app trained."""
    return SHIPPED_DIR if (SHIPPED_DIR / f"{model}.pt").exists() else trained_folder(data_dir)


def trained_folder(data_dir: Path) -> Path:
    """Where the app keeps weights that it had to train by itself: the project's own folder may be read-only."""
    return data_dir / "model"


def read_weights(folder: Path, model: str) -> Weights:
    """`model`.pt and `model`.json of a folder. Raises WeightsMissing where there are none, ModelMissing."""
    if not (folder / f"{model}.pt").exists():
        raise WeightsMissing(f"There is no {model}.pt: {TRAIN}")
    try:
        values: dict[str, Any] = parse((folder / f"{model}.json").read_text(encoding="utf-8"))
        card = ModelCard.from_json(values)
    except CardError as error:
        raise ModelMissing(f"{model}.json cannot be used. {error} To make another, {TRAIN}") from error
    except (OSError, ValueError) as error:
        raise ModelMissing(f"{model}.json cannot be read: {TRAIN}") from error
    try:
        data = (folder / f"{model}.pt").read_bytes()
    except OSError as error:
        raise ModelMissing(f"{model}.pt cannot be read: {TRAIN}") from error
    return Weights(model, SHIPPED_VERSION, data, str(values.get("sha256", "")), card)


def unserved_cards(data_dir: Path) -> list[ModelCard]:
    """The cards of models that were trained to compare with, and do not serve; one that cannot be read is left out."""
    found = []
    for model in TRAINABLE.keys() - MODELS.keys():
        with suppress(ModelMissing):
            found.append(read_weights(find_folder(model, data_dir), model).card)
    return [card for card in found if card.architecture in TRAINABLE]


def write_weights(folder: Path, model: str, network: nn.Module, card: ModelCard) -> None:
    """Write `model`.pt and `model`.json into `folder` (made if missing), each whole or not at all.

    A file that others load is never overwritten in place. Both are finished beside the old ones and then renamed over
    them; the json carries the checksum of the weights that it describes, so that no other pair is ever taken for one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = pack(network)
    text = json.dumps(card.to_json() | {"sha256": checksum(data)}, indent=2) + "\n"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as beside:
        for suffix, content in ((".pt", data), (".json", text.encode())):
            _write_through(Path(beside) / suffix, content)
        for suffix in (".pt", ".json"):
            (Path(beside) / suffix).replace(folder / f"{model}{suffix}")


def _write_through(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk, so that renaming it is all that is left to do."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


# --- Networks ---------------------------------------------------------------------------------------------------------


def checksum(data: bytes) -> str:
    """The sha-256 of weights, in hex."""
    return hashlib.sha256(data).hexdigest()


def pack(network: nn.Module) -> bytes:
    """A network's state_dict, as torch.save writes it."""
    import torch  # imported here: it takes seconds, and whoever only reads a card can do without

    buffer = io.BytesIO()
    torch.save({name: value.contiguous() for name, value in network.state_dict().items()}, buffer)
    return buffer.getvalue()


def load_network(model: str, data: bytes, sha256: str, dropout: float = 0.0) -> nn.Module:
    """The network of that name with the weights in `data`, as it is trained, in evaluation mode.

    Raises ModelMissing where this release lacks the model, and where the weights do not fit their checksum or the
    network, or are not finite.
    """
    if model not in MODELS:
        raise ModelMissing(f"There is no model {model!r} in this release of the app.")
    if checksum(data) != sha256:
        raise ModelMissing(f"The weights of {model} do not have the checksum that belongs to them.")
    import torch  # as above

    try:
        state = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
        network = next(each for each in MODELS[model].builds(dropout) if _shapes(each.state_dict()) == _shapes(state))
        network.load_state_dict(state)
    except Exception as error:  # torch raises many kinds for a damaged file; all mean the same here
        raise ModelMissing(f"The weights of {model} do not fit its network.") from error
    if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
        raise ModelMissing(f"The weights of {model} are not finite numbers.")
    return network.eval()


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}
