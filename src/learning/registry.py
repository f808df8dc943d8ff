"""The models that there are: a line here, a recipe and a file of weights make one more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from learning.recipes import CNN, CNN_FINE_TUNING, CNN_SMALL, LINEAR, LINEAR_FINE_TUNING, TrainingConfig

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ModelSpec:
    """A model by its name in commands, files, HTTP and the database, and by the one that people see.

    `networks` names classes as module:class, so that listing the models does not import torch. The first is what is
    trained; the others are what earlier releases trained, of which stored versions go on serving and learning.
    """

    name: str
    display_name: str
    networks: tuple[str, ...]
    recipe: TrainingConfig
    fine_tuning: TrainingConfig

    @property
    def knows_non_digits(self) -> bool:
        """Whether its networks have a column for "not a digit", and learn from drawings with that label."""
        return self.recipe.non_digits > 0

    def build(self, dropout: float = 0.0) -> nn.Module:
        """The network with random weights, in training mode."""
        return next(self.builds(dropout))

    def builds(self, dropout: float = 0.0) -> Iterator[nn.Module]:
        """Each network that the weights of this model can belong to, the present one first."""
        return (resolve_name(network)(dropout) for network in self.networks)


_NETWORKS = "learning.networks"

MODELS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        ModelSpec("cnn", "CNN", (f"{_NETWORKS}:Ensemble", f"{_NETWORKS}:ConvNet"), CNN, CNN_FINE_TUNING),
        ModelSpec("linear", "Linear", (f"{_NETWORKS}:LinearNet",), LINEAR, LINEAR_FINE_TUNING),
    )
}
"""Those that serve, by name, the best first."""

TRAINABLE = MODELS | {
    "cnn-small": ModelSpec("cnn-small", "Small CNN", (f"{_NETWORKS}:ConvNet",), CNN_SMALL, CNN_FINE_TUNING)
}
"""Those and one more, to compare with: it is neither shipped nor served."""

DEFAULT_MODEL = "cnn"


def display_name(model: str) -> str:
    """What a model is called on a page; one of another release by its own name."""
    return TRAINABLE[model].display_name if model in TRAINABLE else model
