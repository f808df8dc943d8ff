"""Augmentation of digits, a whole batch at a time: an affine map, elastic bending, the pen's width, the contrast.

Every function takes and returns float32 N x 1 x 28 x 28 in 0..1 and draws its randomness from the generator given.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor

from learning.recipes import Augmentation

PIXEL = 2 / 28  # one pixel in the -1..1 coordinates of grid_sample

_centres = (torch.arange(28) + 0.5) * PIXEL - 1
_PLACES = torch.stack([_centres.repeat(28), _centres.repeat_interleave(28), torch.ones(28 * 28)])  # x, y, 1
# Bicubic interpolation of 5 values to 28, as a matrix: 20 times faster on a batch than calling F.interpolate each time.
_TO_28 = F.interpolate(torch.eye(5)[None, None], size=(28, 5), mode="bicubic", align_corners=True)[0, 0]


def augment(images: Tensor, how: Augmentation, generator: Generator) -> Tensor:
    """Each image changed at random and on its own."""
    if how.pen:
        images = change_pen(images, how.pen, generator)
    images = warp(images, how, generator)
    if how.contrast:
        images = images * (1 - how.contrast * torch.rand(len(images), 1, 1, 1, generator=generator))
    return images


def warp(images: Tensor, how: Augmentation, generator: Generator) -> Tensor:
    """Each image rotated, scaled, slanted and shifted (an affine map) and bent (a smooth random field).

    The bending is the elastic distortion of Simard, Steinkraus and Platt (2003), on a coarse grid of 5 x 5.
    """
    maps = _affine_maps(len(images), how, generator)
    grid = (maps @ _PLACES).view(-1, 2, 28, 28)
    if how.elastic:
        coarse = torch.randn(len(images), 2, 5, 5, generator=generator) * (how.elastic * PIXEL)
        grid = grid + _TO_28 @ coarse @ _TO_28.T
    return F.grid_sample(images, grid.permute(0, 2, 3, 1), mode="bilinear", padding_mode="zeros", align_corners=False)


def _affine_maps(n: int, how: Augmentation, generator: Generator) -> Tensor:
    """From the pixels of the new image to places in the old one: N x 2 x 3, to be applied to (x, y, 1)."""

    def within(limit: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * limit

    angle, slant = within(how.rotation), within(how.shear)
    width, height = 1 + within(how.scale), 1 + within(how.scale)
    cos, sin = angle.cos(), angle.sin()
    across = torch.stack([cos * width, (slant * cos - sin) * height, within(how.shift * PIXEL)], 1)
    down = torch.stack([sin * width, (slant * sin + cos) * height, within(how.shift * PIXEL)], 1)
    return torch.stack([across, down], 1)


def change_pen(images: Tensor, limit: float, generator: Generator) -> Tensor:
    """Each image as if written with a wider or a narrower pen, by up to `limit` pixels on every side."""
    amount = (torch.rand(len(images), 1, 1, 1, generator=generator) * 2 - 1) * limit
    wider = _dilated(images) - images
    narrower = images + _dilated(-images)
    return images + amount.clamp(min=0) * wider + amount.clamp(max=0) * narrower


def _dilated(images: Tensor) -> Tensor:
    """The maximum of each pixel and its four neighbours (not eight: a pen is round)."""
    largest = images.clone()
    largest[..., 1:, :] = torch.maximum(largest[..., 1:, :], images[..., :-1, :])
    largest[..., :-1, :] = torch.maximum(largest[..., :-1, :], images[..., 1:, :])
    largest[..., 1:] = torch.maximum(largest[..., 1:], images[..., :-1])
    largest[..., :-1] = torch.maximum(largest[..., :-1], images[..., 1:])
    return largest
