"""Augmentation: changed digits stay digits of the right size, place and ink; the same seed changes them the same."""

import pytest
import torch
from torch import Generator, Tensor

from learning.augmentation import Augmentation, augment, change_pen, warp
from learning.dataset import Mnist
from support import shipped

NOTHING = Augmentation(rotation=0, scale=0, shear=0, shift=0, elastic=0, pen=0, contrast=0)


def dice(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def bars(count: int = 50) -> Tensor:
    """An upright bar, 4 x 16, in the middle of each image."""
    images = torch.zeros(count, 1, 28, 28)
    images[:, :, 6:22, 12:16] = 1
    return images


def middles(images: Tensor) -> Tensor:
    """Centre of mass, N x 2 (row, column), in pixels."""
    places = torch.arange(28.0)
    ink = images.sum((1, 2, 3))
    return torch.stack([(images.sum((1, 3)) @ places) / ink, (images.sum((1, 2)) @ places) / ink], 1)


def test_no_change_asked_for_is_no_change() -> None:
    torch.testing.assert_close(augment(bars(), NOTHING, dice()), bars(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("knob", ["rotation", "scale", "shear", "shift", "elastic", "pen", "contrast"])
def test_each_knob_changes_every_image_its_own_way(knob: str) -> None:
    changed = augment(bars(), Augmentation(**{**vars(NOTHING), knob: 0.5}), dice())
    assert changed.shape == (50, 1, 28, 28)
    assert changed.min() >= 0
    assert changed.max() <= 1 + 1e-5
    assert (changed - bars()).abs().amax((1, 2, 3)).median() > 0.03
    assert (changed[1:] - changed[:-1]).abs().amax((1, 2, 3)).median() > 0.01


def test_the_same_seed_changes_the_same() -> None:
    first, again, other = (augment(bars(), Augmentation(), dice(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_input_is_left_alone() -> None:
    images = bars()
    augment(images, Augmentation(), dice())
    assert torch.equal(images, bars())


def test_a_shift_stays_within_its_limit() -> None:
    moved = middles(warp(bars(500), Augmentation(**{**vars(NOTHING), "shift": 2.0}), dice())) - middles(bars(500))
    assert moved.abs().max() <= 2.01
    assert moved.abs().max() > 1.8
    assert moved.mean().abs() < 0.2


def test_rotation_keeps_the_ink_and_the_middle() -> None:
    turned = warp(bars(200), Augmentation(**{**vars(NOTHING), "rotation": 0.3}), dice())
    torch.testing.assert_close(turned.sum((1, 2, 3)), bars(200).sum((1, 2, 3)), rtol=0.03, atol=0)
    torch.testing.assert_close(middles(turned), middles(bars(200)), rtol=0, atol=0.1)
    widths = (turned.amax(2) > 0.5).sum(2).flatten()
    assert widths.max() > 7  # 4 + 16 sin 0.3 = 8.5


def test_the_pen_becomes_wider_and_narrower() -> None:
    ink = change_pen(bars(500), 1.0, dice()).sum((1, 2, 3)) / bars(1).sum()
    assert ink.max() == pytest.approx((6 * 18 - 4) / 64, rel=0.02)  # one pixel more on every side, without the corners
    assert ink.min() == pytest.approx(2 * 14 / 64, rel=0.05)  # one pixel less
    assert ink.median() == pytest.approx(1, rel=0.1)


def test_labels_survive(mnist: Mnist) -> None:
    images = mnist.validation.images[:1000].float() / 255
    with torch.no_grad():
        read = shipped.network()(augment(images, Augmentation(), dice()))[:, :10].argmax(1)
    assert (read == mnist.validation.labels[:1000]).float().mean() > 0.97
