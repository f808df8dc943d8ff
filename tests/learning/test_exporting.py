"""An exported network reads what the network reads, for any number of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from learning.exporting import export
from support.shipped import network


def test_the_file_gives_the_networks_logits_for_any_number_of_images(tmp_path: Path) -> None:
    export(network("linear"), tmp_path / "linear.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "linear.onnx"), providers=["CPUExecutionProvider"])
    for count in (1, 5):
        images = torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(count))
        (logits,) = session.run(None, {"image": images.numpy()})
        with torch.inference_mode():
            assert np.abs(logits - network("linear")(images).numpy()).max() < 1e-4
