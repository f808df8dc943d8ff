"""From a version's weights to an ONNX file, in a process of its own: torch's exporter takes seconds and much memory."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from feedback.jobs import LOW, in_background

PATIENCE = 180.0  # seconds; some five on a machine that has nothing else to do


class NotConverted(RuntimeError):
    """There is no ONNX file; the message says why, in a sentence."""


def to_onnx(model: str, weights: bytes) -> bytes:
    """The ONNX file of a network with these weights; see export_onnx.py. Raises NotConverted."""
    with TemporaryDirectory() as folder:
        stored, made = Path(folder) / "weights.pt", Path(folder) / "made.onnx"
        stored.write_bytes(weights)
        command = ["export_onnx.py", "--model", model, "--weights", str(stored), "--output", str(made), "--no-check"]
        process = in_background(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, priority=LOW)
        try:
            _, said = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise NotConverted(
                "Making the ONNX file took too long: try again when the machine has less to do."
            ) from error
        if process.returncode:
            raise NotConverted(f"The ONNX file could not be made. {_last_line(said)}")
        return made.read_bytes()


def _last_line(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1].removeprefix("export_onnx.py: ") if lines else "The app's log says why."
