"""The models that serve: checked before they may, and the same answer as MNIST's own pictures give."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from frames.preprocessing import frame_pixels
from learning.dataset import Mnist
from learning.networks import digit_evidence
from learning.registry import MODELS
from learning.weights import SHIPPED_DIR, ModelMissing
from serving.predictor import Predictor, evidence, load_model, load_predictor, sigmoid, softmax


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return load_predictor(SHIPPED_DIR)


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A copy of the shipped models, to be damaged."""
    shutil.copytree(SHIPPED_DIR, tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize(("model", "least"), [("cnn", 0.985), ("linear", 0.9)])
def test_it_reads_mnist_as_its_card_says(predictor: Predictor, mnist: Mnist, model: str, least: float) -> None:
    frames, labels = mnist.test.images[:1000, 0].numpy(), mnist.test.labels[:1000].numpy()
    predictions = [predictor.predict(frame, model) for frame in frames]
    assert np.mean([p.predicted_digit == label for p, label in zip(predictions, labels, strict=True)]) >= least
    assert np.mean([p.is_digit for p in predictions]) >= 0.95
    for prediction in predictions:
        assert sum(prediction.probabilities) == pytest.approx(1)
        assert prediction.confidence == prediction.probabilities[prediction.predicted_digit]
        assert 0 <= prediction.digit_score <= 1


def test_a_digit_pasted_anywhere_on_a_canvas_is_read_the_same(predictor: Predictor, mnist: Mnist) -> None:
    random = np.random.default_rng(0)
    same = 0
    for frame in mnist.test.images[:200, 0].numpy():
        canvas = np.full((280, 280), 255, np.uint8)
        y, x = random.integers(0, 252, 2)
        canvas[y : y + 28, x : x + 28] = 255 - frame
        before, after = predictor.predict(frame, "cnn"), predictor.predict(frame_pixels(canvas), "cnn")
        same += before.predicted_digit == after.predicted_digit
    assert same >= 199


@pytest.mark.parametrize("columns", [10, 11])
def test_plain_arithmetic_agrees_with_the_networks_definitions(columns: int) -> None:
    for logits in torch.randn(50, columns, generator=torch.Generator().manual_seed(0)) * 20:
        row = logits.tolist()
        assert evidence(row) == pytest.approx(float(digit_evidence(logits[None])[0]), rel=1e-4, abs=1e-4)
        assert softmax(row) == pytest.approx(torch.softmax(logits.double(), 0).tolist())
        assert sigmoid(row[0]) == pytest.approx(float(torch.sigmoid(logits[0].double())))
    assert (sigmoid(1e6), sigmoid(-1e6)) == (1, 0)


def test_the_same_frame_gets_the_same_answer(predictor: Predictor) -> None:
    """Dropout left on, or statistics that move, would show here."""
    frame = np.random.default_rng(1).integers(0, 256, (28, 28), dtype=np.uint8)
    answers = {predictor.predict(frame, "cnn").probabilities for _ in range(5)}
    assert len(answers) == 1


@pytest.mark.parametrize("model", MODELS)
def test_frames_that_are_read_together_are_read_as_each_by_itself(predictor: Predictor, model: str) -> None:
    frames = np.random.default_rng(2).integers(0, 256, (16, 28, 28), dtype=np.uint8)
    together = predictor.predict_all(list(frames), model)
    for frame, one in zip(frames, together, strict=True):
        alone = predictor.predict(frame, model)
        assert (one.predicted_digit, one.is_digit, one.model) == (alone.predicted_digit, alone.is_digit, model)
        assert one.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
        assert one.digit_score == pytest.approx(alone.digit_score, abs=1e-5)


def test_an_unknown_model_is_named(predictor: Predictor) -> None:
    with pytest.raises(ModelMissing, match="'oracle'"):
        predictor.predict(np.zeros((28, 28), np.uint8), "oracle")


def cut(folder: Path) -> None:
    data = (folder / "cnn.pt").read_bytes()
    (folder / "cnn.pt").write_bytes(data[: len(data) // 2])


def of_another_network(folder: Path) -> None:
    describe(folder, (folder / "linear.pt").read_bytes())


def with_code_in_it(folder: Path) -> None:
    import pickle

    describe(folder, pickle.dumps(Path("never opened")))


def describe(folder: Path, weights: bytes) -> None:
    """Put other weights in, with a card that vouches for them."""
    (folder / "cnn.pt").write_bytes(weights)
    card = json.loads((folder / "cnn.json").read_text())
    (folder / "cnn.json").write_text(json.dumps(card | {"sha256": hashlib.sha256(weights).hexdigest()}))


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        of_another_network,
        with_code_in_it,
        lambda folder: (folder / "cnn.pt").unlink(),
        lambda folder: (folder / "cnn.json").unlink(),
        lambda folder: (folder / "cnn.json").write_text("{"),
    ],
)
def test_a_damaged_model_is_refused_with_a_sentence(copies: Path, damage: Callable[[Path], object]) -> None:
    load_model(copies, "cnn")
    damage(copies)
    with pytest.raises(ModelMissing, match="cnn"):
        load_model(copies, "cnn")


def test_serving_takes_the_threads_it_is_given(copies: Path) -> None:
    before = torch.get_num_threads()
    try:
        load_predictor(copies, threads=2)
        with ThreadPoolExecutor(1) as another:  # pages and API read in threads of their own
            assert another.submit(torch.get_num_threads).result() == 2
    finally:
        torch.set_num_threads(before)
