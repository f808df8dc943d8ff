"""MNIST as whole tensors, and the 5,000 digits that no version is ever trained on."""

import hashlib
from pathlib import Path

import pytest
import torch

from learning.dataset import Digits, Mnist, MnistMissing, as_input, load_mnist, rows, split


def test_mnist_comes_as_three_whole_tensors(mnist: Mnist) -> None:
    for digits, count in zip(mnist, (55_000, 5_000, 10_000), strict=True):
        assert digits.images.shape == (count, 1, 28, 28)
        assert digits.images.dtype == torch.uint8
        assert digits.labels.shape == (count,)
        assert digits.labels.dtype == torch.int64
        assert set(digits.labels.tolist()) == set(range(10))


def test_ink_is_high_and_paper_is_zero(mnist: Mnist) -> None:
    assert mnist.test.images[:, :, :2].float().mean() < 0.1  # the border is paper
    assert mnist.test.images.amax((1, 2, 3)).min() > 200


def test_the_first_test_digit_is_the_well_known_seven(mnist: Mnist) -> None:
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def numbered() -> Digits:
    """Stand-ins for the 60,000, whose label is their own number."""
    return Digits(torch.zeros(60_000, 1), torch.arange(60_000))


def test_no_validation_digit_is_ever_trained_on() -> None:
    train, held_out = split(numbered())
    assert len(held_out.labels) == 5_000
    assert sorted([*train.labels.tolist(), *held_out.labels.tolist()]) == list(range(60_000))


def test_the_validation_digits_are_the_same_for_ever() -> None:
    # Another version of torch, NumPy or this program that held out others would validate on what it was trained on.
    torch.manual_seed(99)
    _, held_out = split(numbered())
    digest = hashlib.sha256(str(held_out.labels.tolist()).encode()).hexdigest()
    assert digest == "ba7e840513a783e38d1bd8b2d8bdacead1a9f478bc95c8ec193a4c1a44ba9985"


def test_missing_mnist_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(MnistMissing, match=r"no MNIST in .* could not be downloaded: connect") as caught:
        load_mnist(tmp_path)
    assert "\n" not in str(caught.value)


def test_rows_and_inputs() -> None:
    digits = Digits(torch.tensor([[[[0]]], [[[255]]], [[[51]]]], dtype=torch.uint8), torch.tensor([3, 4, 5]))
    chosen = rows(digits, torch.tensor([2, 1]))
    assert chosen.labels.tolist() == [5, 4]
    inputs = as_input(chosen.images)
    assert inputs.dtype == torch.float32
    assert inputs.flatten().tolist() == pytest.approx([0.2, 1.0])
    assert chosen.images.flatten().tolist() == [51, 255]
