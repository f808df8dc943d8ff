"""A network as an ONNX file: torch traces it once, with the number of images left free."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import torch
from torch import nn


def export(network: nn.Module, file: Path) -> None:
    """Write a network that takes N x 1 x 28 x 28 as an ONNX file, weights included, N free. Raises ImportError."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come from the exporter itself
        torch.onnx.export(
            network,
            (torch.rand(2, 1, 28, 28),),
            file,
            input_names=["image"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("images")},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
