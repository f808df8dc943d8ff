"""The models that there are: a line here, a recipe and a file of weights make one more."""

from __future__ import annotations

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from learning.recipes import CNN, CNN_FINE_TUNING, LINEAR, LINEAR_FINE_TUNING, TrainingConfig

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ModelSpec:
    """A model by its name in commands, files, HTTP and the database, and by the one that people see.

    `network` names its class as module:class, so that listing the models does not import torch.
    """

    name: str
    display_name: str
    network: str
    recipe: TrainingConfig
    fine_tuning: TrainingConfig

    def build(self, dropout: float = 0.0) -> nn.Module:
        """The network with random weights, in training mode."""
        network: nn.Module = resolve_name(self.network)(dropout)
        return network


MODELS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        ModelSpec("cnn", "CNN", "learning.networks:ConvNet", CNN, CNN_FINE_TUNING),
        ModelSpec("linear", "Linear", "learning.networks:LinearNet", LINEAR, LINEAR_FINE_TUNING),
    )
}
"""By name, the best first."""

DEFAULT_MODEL = "cnn"
