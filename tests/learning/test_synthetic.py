"""The generator of drawings: MNIST's frame, every label as often, and drawings that are what their label says."""

from collections.abc import Callable

import pytest
import torch
from torch import Generator

from learning import synthetic
from learning.dataset import Digits
from learning.evaluation import DigitScore
from learning.networks import NOT_A_DIGIT, digit_evidence, digit_logits
from learning.training import predict
from support import shipped

Draw = Callable[[int, Generator], Digits]


def dice(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def test_every_digit_comes_as_often() -> None:
    made = synthetic.digits(200, dice())
    assert made.images.shape == (200, 1, 28, 28)
    assert made.images.dtype == torch.uint8
    assert torch.bincount(made.labels).tolist() == [20] * 10


def test_others_are_labelled_as_no_digit() -> None:
    made = synthetic.non_digits(101, dice())
    assert made.images.shape == (101, 1, 28, 28)
    assert set(made.labels.tolist()) == {NOT_A_DIGIT}


@pytest.mark.parametrize("draw", [synthetic.digits, synthetic.non_digits])
def test_nothing_asked_for_is_nothing_drawn(draw: Draw) -> None:
    assert draw(0, dice()).images.shape == (0, 1, 28, 28)


@pytest.mark.parametrize("draw", [synthetic.digits, synthetic.non_digits])
def test_the_same_seed_draws_the_same(draw: Draw) -> None:
    assert torch.equal(draw(60, dice(3)).images, draw(60, dice(3)).images)
    assert not torch.equal(draw(60, dice(3)).images, draw(60, dice(4)).images)


def test_digits_lie_in_mnists_frame() -> None:
    ink = synthetic.digits(500, dice()).images[:, 0] > 127
    heights, widths = ink.any(2).sum(1), ink.any(1).sum(1)
    assert torch.maximum(heights, widths).float().mean() == pytest.approx(20, abs=0.7)
    assert torch.maximum(heights, widths).max() <= 22
    places = torch.arange(28.0)
    for axis in (1, 2):
        middle = (ink.float().sum(3 - axis) @ places) / ink.float().sum((1, 2))
        assert middle.median() == pytest.approx(14, abs=0.2)  # pixel 14, as MNIST's own
        assert (middle - 14).abs().max() < 3


def test_pens_range_from_thin_to_wide() -> None:
    ones = synthetic.render(synthetic.digit_points(torch.full((300,), 1), dice()), dice())
    shares = (ones > 127).float().mean((1, 2, 3))
    assert shares.quantile(0.95) > 2 * shares.quantile(0.05)


def test_a_glyph_goes_through_its_points_and_keeps_its_corners() -> None:
    glyphs = synthetic._glyphs([(7, 1.0, "00 90! 49 / 15 75")])
    path = (glyphs.curves @ glyphs.controls)[0] * 9
    for point in ([0, 0], [9, 0], [4, 9], [1, 5], [7, 5]):
        assert (path - torch.tensor(point)).norm(dim=1).min() < 0.15
    assert path[:, 1].min() > -1e-4  # a round turn would swing above the corner


def test_samples_are_spread_evenly() -> None:
    for glyphs in (synthetic._digit_glyphs(), synthetic._other_glyphs()):
        gaps = (glyphs.curves @ glyphs.controls).diff(dim=1).norm(dim=2)
        pen_down = gaps < 0.2
        assert pen_down.sum(1).min() >= synthetic.SAMPLES - 5
        assert gaps[pen_down].max() < 0.12


def test_the_shipped_network_reads_the_digits_and_doubts_the_rest() -> None:
    made = synthetic.digits(1000, dice(77))
    assert (digit_logits(predict(shipped.network(), made.images)).argmax(1) == made.labels).float().mean() > 0.98
    score = DigitScore(**shipped.card()["digit_score"])
    others = score.of(digit_evidence(predict(shipped.network(), synthetic.non_digits(1000, dice(78)).images)))
    assert (others < score.threshold).float().mean() > 0.85
