"""The ONNX file reads as the network does, any number of images at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from export_onnx import main
from learning.dataset import Mnist, as_input
from learning.weights import SHIPPED_DIR
from serving.predictor import load_model


@pytest.mark.parametrize("model", ["cnn", "linear"])
def test_the_file_reads_mnist_as_torch_does(
    model: str, mnist: Mnist, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", model]) == 0
    difference = float(capsys.readouterr().out.split()[-1])
    assert difference < 1e-4
    session = onnxruntime.InferenceSession(elsewhere / f"{model}.onnx")
    network = load_model(SHIPPED_DIR, model).network
    for count in (1, 3, 64):
        images = as_input(mnist.test.images[:count])
        with torch.inference_mode():
            expected = network(images).numpy()
        assert np.allclose(session.run(None, {"image": images.numpy()})[0], expected, atol=1e-4)


def test_without_a_model_there_is_one_sentence(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model-dir", str(elsewhere)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("export_onnx.py: ")
    assert "train_model.py" in error
    assert error.count("\n") == 1


def test_weights_that_do_not_fit_are_refused_in_one_sentence(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "weights.pt").write_bytes(b"nothing of the kind")
    assert main(["--model", "linear", "--weights", "weights.pt", "--no-check"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("export_onnx.py: The weights of linear do not fit")
    assert error.count("\n") == 1
    assert not list(elsewhere.glob("*.onnx"))


def test_an_unknown_model_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--model", "oracle"])
    assert "oracle" in capsys.readouterr().err
