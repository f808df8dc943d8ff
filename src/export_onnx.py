"""python src/export_onnx.py [--model cnn|linear] [--weights FILE] [--output FILE]: the trained network as an ONNX file.

The file takes `image`, float32 N x 1 x 28 x 28 (0 paper, 1 ink, as frames/preprocessing.py frames them), and gives
`logits`, N x 11 for the CNN (column 10: not a digit) or N x 10. The temperature and the digit score of the model's
.json are applied to these logits, as serving/predictor.py does. --weights takes a version downloaded from the Models
page, and --sha256 its checksum.
The check at the end needs onnxruntime (in requirements-dev.txt) and MNIST; --no-check leaves it out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from command_line import command
from learning.dataset import MnistMissing, as_input, load_mnist
from learning.exporting import export
from learning.networks import fold
from learning.registry import DEFAULT_MODEL, MODELS
from learning.weights import ModelMissing, checksum, load_network
from serving.predictor import load_model
from settings import ROOT

# ---------------------------------------------------------------------------------------------------------------------
# The check: both the network and its export read MNIST's test digits, and have to agree.
# ---------------------------------------------------------------------------------------------------------------------


def largest_difference(network: nn.Module, file: Path, images: torch.Tensor) -> float:
    """The largest difference between torch's and ONNX Runtime's logits on uint8 images, N x 1 x 28 x 28."""
    import onnxruntime  # an optional package

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    largest = 0.0
    for batch in torch.split(images, 1000):
        with torch.inference_mode():
            ours = network(as_input(batch)).numpy()
        theirs = session.run(None, {"image": as_input(batch).numpy()})[0]
        largest = max(largest, float(np.abs(ours - theirs).max()))
    return largest


# ---------------------------------------------------------------------------------------------------------------------
# The command.
# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The flags of this command."""
    made = command("export_onnx.py", __doc__)
    made.add_argument("--model", choices=MODELS, default=DEFAULT_MODEL)
    made.add_argument("--output", type=Path, help="the file; default: MODEL.onnx")
    made.add_argument("--model-dir", type=Path, default=ROOT / "model")
    made.add_argument(
        "--weights", type=Path, help="a state_dict of this network, in place of the one in the model's folder"
    )
    made.add_argument("--sha256", help="the checksum of --weights, which is then verified")
    made.add_argument("--no-check", action="store_true", help="write the file without comparing it with the network")
    made.add_argument("--data-dir", type=Path, default=ROOT / "data", help="where MNIST is, or is downloaded to")
    return made


def network_of(asked: argparse.Namespace) -> nn.Module:
    """The network that is asked for, ready to read. Raises ModelMissing, OSError."""
    if asked.weights is None:
        return load_model(asked.model_dir, asked.model).network
    data = asked.weights.read_bytes()
    return fold(load_network(asked.model, data, asked.sha256 or checksum(data)))


def main(arguments: list[str] | None = None) -> int:
    """Export and check; returns the exit code."""
    asked = parser().parse_args(arguments)
    file = asked.output or Path(f"{asked.model}.onnx")
    try:
        network = network_of(asked)
        export(network, file)
        print(f"{file}: {file.stat().st_size / 1000:.0f} KB")
        if asked.no_check:
            return 0
        difference = largest_difference(network, file, load_mnist(asked.data_dir).test.images)
    except ImportError as error:
        print(f"export_onnx.py: {error.name} is missing: pip install onnx onnxscript onnxruntime.", file=sys.stderr)
        return 2
    except (ModelMissing, MnistMissing, OSError) as error:
        print(f"export_onnx.py: {error}", file=sys.stderr)
        return 2
    print(f"largest difference of a logit from torch's on MNIST's 10,000 test digits: {difference:.2e}")
    return 0 if difference < 1e-3 else 1


if __name__ == "__main__":
    sys.exit(main())
