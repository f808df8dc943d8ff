"""A version as an ONNX file, made in a process of its own: torch's exporter takes seconds and much memory."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from feedback.jobs import LOW_PRIORITY, run_in_background
from learning.weights import Weights

TIMEOUT = 180.0  # seconds; an idle machine takes about five


class NotConverted(RuntimeError):
    """There is no ONNX file; the message says why."""


def to_onnx(weights: Weights) -> bytes:
    """A version as an ONNX file; see export_onnx.py. Raises NotConverted."""
    with TemporaryDirectory() as folder:
        stored, made = Path(folder) / "weights.pt", Path(folder) / "made.onnx"
        stored.write_bytes(weights.data)
        command = ["export_onnx.py", "--model", weights.model, "--weights", str(stored), "--sha256", weights.sha256]
        command += ["--output", str(made), "--no-check"]
        process = run_in_background(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, priority=LOW_PRIORITY)
        try:
            _, said = process.communicate(timeout=TIMEOUT)
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
