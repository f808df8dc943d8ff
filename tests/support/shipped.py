"""The weights in model/, as the tests of the training side want them: the network before folding, and its card."""

import json
from functools import cache
from typing import Any

import torch
from torch import nn

from learning.networks import NETWORKS
from settings import ROOT

MODEL = ROOT / "model"


@cache
def card(name: str = "cnn") -> dict[str, Any]:
    """The shipped `name`.json."""
    described: dict[str, Any] = json.loads((MODEL / f"{name}.json").read_text())
    return described


@cache
def network(name: str = "cnn") -> nn.Module:
    """The shipped `name`.pt in evaluation mode."""
    made = NETWORKS[name]()
    made.load_state_dict(torch.load(MODEL / f"{name}.pt", weights_only=True))
    return made.eval()
