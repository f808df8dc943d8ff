"""Augmented digits keep their size, place and ink; the same seed changes them in the same way."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from learning.augmentation import augment, change_pen, warp
from learning.dataset import Mnist
from learning.recipes import Augmentation
from learning.weights import SHIPPED_DIR, load_network, read_weights

UNCHANGED = Augmentation(rotation=0, scale=0, shear=0, shift=0, elastic=0, pen=0, contrast=0)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def bars(count: int = 50) -> Tensor:
    """An upright bar, 4 x 16, in the middle of each image."""
    images = torch.zeros(count, 1, 28, 28)
    images[:, :, 6:22, 12:16] = 1
    return images


def centres(images: Tensor) -> Tensor:
    """Centre of mass, N x 2 (row, column), in pixels."""
    places = torch.arange(28.0)
    ink = images.sum((1, 2, 3))
    return torch.stack([(images.sum((1, 3)) @ places) / ink, (images.sum((1, 2)) @ places) / ink], 1)


def test_limits_of_zero_change_nothing() -> None:
    torch.testing.assert_close(augment(bars(), UNCHANGED, seeded()), bars(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("option", ["rotation", "scale", "shear", "shift", "elastic", "pen", "contrast"])
def test_each_option_changes_every_image_differently(option: str) -> None:
    changed = augment(bars(), Augmentation(**{**vars(UNCHANGED), option: 0.5}), seeded())
    assert changed.shape == (50, 1, 28, 28)
    assert changed.min() >= 0
    assert changed.max() <= 1 + 1e-5
    assert (changed - bars()).abs().amax((1, 2, 3)).median() > 0.03
    assert (changed[1:] - changed[:-1]).abs().amax((1, 2, 3)).median() > 0.01


def test_the_same_seed_gives_the_same_changes() -> None:
    first, again, other = (augment(bars(), Augmentation(), seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_input_is_not_modified() -> None:
    images = bars()
    augment(images, Augmentation(), seeded())
    assert torch.equal(images, bars())


def test_a_shift_stays_within_its_limit() -> None:
    moved = centres(warp(bars(500), Augmentation(**{**vars(UNCHANGED), "shift": 2.0}), seeded())) - centres(bars(500))
    assert moved.abs().max() <= 2.01
    assert moved.abs().max() > 1.8
    assert moved.mean().abs() < 0.2


def test_rotation_keeps_the_ink_and_its_centre() -> None:
    turned = warp(bars(200), Augmentation(**{**vars(UNCHANGED), "rotation": 0.3}), seeded())
    torch.testing.assert_close(turned.sum((1, 2, 3)), bars(200).sum((1, 2, 3)), rtol=0.03, atol=0)
    torch.testing.assert_close(centres(turned), centres(bars(200)), rtol=0, atol=0.1)
    widths = (turned.amax(2) > 0.5).sum(2).flatten()
    assert widths.max() > 7  # 4 + 16 sin 0.3 = 8.5


def test_the_pen_becomes_wider_and_narrower() -> None:
    ink = change_pen(bars(500), 1.0, seeded()).sum((1, 2, 3)) / bars(1).sum()
    assert ink.max() == pytest.approx((6 * 18 - 4) / 64, rel=0.02)  # one pixel more on every side, without the corners
    assert ink.min() == pytest.approx(2 * 14 / 64, rel=0.05)  # one pixel less
    assert ink.median() == pytest.approx(1, rel=0.1)


def test_augmented_digits_are_still_read_right(mnist: Mnist) -> None:
    images = mnist.validation.images[:1000].float() / 255
    shipped = read_weights(SHIPPED_DIR, "cnn")
    network = load_network("cnn", shipped.data, shipped.sha256)
    with torch.no_grad():
        read = network(augment(images, Augmentation(), seeded()))[:, :10].argmax(1)
    assert (read == mnist.validation.labels[:1000]).float().mean() > 0.97
