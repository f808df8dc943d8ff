"""Latency: from a canvas's RGBA pixels to the prediction, on one thread; torch against ONNX Runtime.

The drawings are synthetic, laid on a 280 x 280 canvas; every variant reads the same ones.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import drawings
from frames.preprocessing import frame_pixels, to_tensor
from learning.exporting import export
from learning.registry import MODELS
from serving.predictor import load_predictor

WARM_UP = 50  # predictions before the clock starts


class Latency(NamedTuple):
    """Milliseconds for one prediction."""

    p50: float
    p95: float
    p99: float


def measure(read: Callable[[Any], object], inputs: list[Any], rounds: int) -> Latency:
    """Time `read` on each of the inputs, one by one, `rounds` times over."""
    for given in inputs[:WARM_UP]:
        read(given)
    times = []
    for _ in range(rounds):
        for given in inputs:
            start = time.perf_counter()
            read(given)
            times.append((time.perf_counter() - start) * 1e3)
    return Latency(*np.percentile(times, (50, 95, 99)))


def canvases(count: int) -> list[NDArray[np.uint8]]:
    """Drawings as the canvas holds them: (280, 280, 4) uint8, black on white."""
    return [np.asarray(drawings.canvas(drawing).convert("RGBA")) for drawing in drawings.generated(count).drawings]


def table(model_dir: Path, count: int, rounds: int) -> dict[str, Latency]:
    """The latency of each step and of the whole, with torch and with ONNX Runtime, on one thread."""
    predictor = load_predictor(model_dir, threads=1)
    pixels = canvases(count)
    frames = [frame_pixels(each) for each in pixels]
    rows = {"frame (280 x 280 RGBA to 28 x 28)": measure(frame_pixels, pixels, rounds)}
    for model in MODELS:

        def whole(drawing: NDArray[np.uint8], model: str = model) -> object:
            return predictor.predict(frame_pixels(drawing), model)

        rows[f"{model}: canvas to answer"] = measure(whole, pixels, rounds)
        network = predictor.models[model].network
        tensors = [to_tensor(frame) for frame in frames]
        with torch.inference_mode():
            rows[f"{model}: network alone, torch"] = measure(network, tensors, rounds)
        rows[f"{model}: network alone, ONNX Runtime"] = measure(_onnx(network), [t.numpy() for t in tensors], rounds)
    return rows


def _onnx(network: torch.nn.Module) -> Callable[[NDArray[np.float32]], object]:
    """The same network as ONNX Runtime runs it, on one thread."""
    import onnxruntime  # an optional package

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        export(network, Path(folder) / "network.onnx")
        data = (Path(folder) / "network.onnx").read_bytes()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(None, {"image": image})
