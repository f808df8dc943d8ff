"""The weights in model/, as the tests of the training side want them: the network before folding, and its card."""

from functools import cache

from torch import nn

from learning.card import ModelCard
from learning.registry import DEFAULT_MODEL
from learning.weights import SHIPPED_DIR, Weights, load_network, read_weights


@cache
def shipped(model: str = DEFAULT_MODEL) -> Weights:
    """The shipped weights as bytes, with their checksum and card."""
    return read_weights(SHIPPED_DIR, model)


def card(model: str = DEFAULT_MODEL) -> ModelCard:
    """The shipped card."""
    return shipped(model).card


@cache
def network(model: str = DEFAULT_MODEL) -> nn.Module:
    """The shipped network in evaluation mode."""
    weights = shipped(model)
    return load_network(model, weights.data, weights.sha256)
