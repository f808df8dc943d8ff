"""Synthetic drawings lie in MNIST's frame, with balanced labels, and are what their labels say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Generator

from learning import synthetic
from learning.classes import NOT_A_DIGIT
from learning.dataset import Digits
from learning.evaluation import digit_scores
from learning.networks import digit_evidence, digit_logits
from learning.training import predict
from learning.weights import SHIPPED_DIR, load_network, read_weights

Draw = Callable[[int, Generator], Digits]


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def test_every_digit_is_equally_frequent() -> None:
    made = synthetic.digits(200, seeded())
    assert made.images.shape == (200, 1, 28, 28)
    assert made.images.dtype == torch.uint8
    assert torch.bincount(made.labels).tolist() == [20] * 10


def test_non_digits_are_labelled_as_such() -> None:
    made = synthetic.non_digits(101, seeded())
    assert made.images.shape == (101, 1, 28, 28)
    assert set(made.labels.tolist()) == {NOT_A_DIGIT}


@pytest.mark.parametrize("draw", [synthetic.digits, synthetic.non_digits])
def test_a_count_of_zero_gives_no_images(draw: Draw) -> None:
    assert draw(0, seeded()).images.shape == (0, 1, 28, 28)


@pytest.mark.parametrize("draw", [synthetic.digits, synthetic.non_digits])
def test_the_same_seed_gives_the_same_drawings(draw: Draw) -> None:
    assert torch.equal(draw(60, seeded(3)).images, draw(60, seeded(3)).images)
    assert not torch.equal(draw(60, seeded(3)).images, draw(60, seeded(4)).images)


def test_digits_lie_in_mnists_frame() -> None:
    ink = synthetic.digits(500, seeded()).images[:, 0] > 127
    heights, widths = ink.any(2).sum(1), ink.any(1).sum(1)
    assert torch.maximum(heights, widths).float().mean() == pytest.approx(20, abs=0.7)
    assert torch.maximum(heights, widths).max() <= 22
    places = torch.arange(28.0)
    for axis in (1, 2):
        middle = (ink.float().sum(3 - axis) @ places) / ink.float().sum((1, 2))
        assert middle.median() == pytest.approx(14, abs=0.2)  # pixel 14, as MNIST's own
        assert (middle - 14).abs().max() < 3


def test_pens_range_from_thin_to_wide() -> None:
    ones = synthetic.render(synthetic.digit_points(torch.full((300,), 1), seeded()), seeded())
    ink = (ones > 127).float().mean((1, 2, 3))
    assert ink.quantile(0.95) > 2 * ink.quantile(0.05)


def test_the_shipped_network_reads_the_digits_and_rejects_the_non_digits() -> None:
    shipped = read_weights(SHIPPED_DIR, "cnn")
    network, score = load_network("cnn", shipped.data, shipped.sha256), shipped.card.digit_score
    made = synthetic.digits(1000, seeded(77))
    # Some styles lie between two digits, ones with a seven's flag say: no network reads all of these drawings.
    assert (digit_logits(predict(network, made.images)).argmax(1) == made.labels).float().mean() > 0.97
    evidence = digit_evidence(predict(network, synthetic.non_digits(1000, seeded(78)).images))
    assert (digit_scores(evidence, score.scale, score.bias) < score.threshold).float().mean() > 0.85
