"""A version as an ONNX file: made in a process of its own, and refused in a sentence."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from serving import conversion
from serving.conversion import NotConverted, to_onnx
from support.shipped import shipped


def test_a_version_becomes_a_file_that_reads() -> None:
    session = onnxruntime.InferenceSession(to_onnx(shipped("linear")), providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"image": np.zeros((3, 1, 28, 28), np.float32)})
    assert logits.shape == (3, 10)


def test_weights_without_their_checksum_are_refused() -> None:
    with pytest.raises(NotConverted, match="checksum"):
        to_onnx(replace(shipped("linear"), sha256="0" * 64))


def test_weights_that_cannot_be_converted_are_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a process that ends as export_onnx.py does where weights do not fit; see its own tests."""
    said = "Loading ...\nexport_onnx.py: The weights of linear do not fit it."

    def refuses(_command: list[str], stdout: int, stderr: int, priority: int) -> subprocess.Popen[str]:
        program = [sys.executable, "-c", f"import sys; print({said!r}, file=sys.stderr); sys.exit(2)"]
        return subprocess.Popen(program, stdout=stdout, stderr=stderr, text=True)

    monkeypatch.setattr(conversion, "run_in_background", refuses)
    with pytest.raises(
        NotConverted, match=r"^The ONNX file could not be made\. The weights of linear do not fit it\.$"
    ):
        to_onnx(shipped("linear"))
