"""New digits from known ones, a whole batch at a time: turned, bent, written with another pen, fainter or darker.

Every function takes and returns float32 N x 1 x 28 x 28 in 0..1 and draws its randomness from the generator given.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor

PIXEL = 2 / 28  # one pixel in the -1..1 coordinates of grid_sample

_centres = (torch.arange(28) + 0.5) * PIXEL - 1
_PLACES = torch.stack([_centres.repeat(28), _centres.repeat_interleave(28), torch.ones(28 * 28)])  # x, y, 1
# The smooth way from 5 values to 28, as a matrix: what F.interpolate does, 20 times faster on a whole batch.
_BEND = F.interpolate(torch.eye(5)[None, None], size=(28, 5), mode="bicubic", align_corners=True)[0, 0]


@dataclass(frozen=True)
class Augmentation:
    """How far a digit may change; each value is the largest change, and 0 leaves that out."""

    rotation: float = 0.15  # radians, either way
    scale: float = 0.1  # height and width, each a factor 1 - scale .. 1 + scale
    shear: float = 0.2  # slant: pixels sideways per pixel upwards
    shift: float = 1.0  # pixels, either way
    elastic: float = 0.65  # pixels, standard deviation of the bending
    pen: float = 0.5  # share of the way to a pen one pixel wider or narrower on every side
    contrast: float = 0.2  # ink may lose this share of its darkness


def augment(images: Tensor, how: Augmentation, generator: Generator) -> Tensor:
    """Each image changed in its own random way."""
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
        grid = grid + _BEND @ coarse @ _BEND.T
    return F.grid_sample(images, grid.permute(0, 2, 3, 1), mode="bilinear", padding_mode="zeros", align_corners=False)


def _affine_maps(n: int, how: Augmentation, generator: Generator) -> Tensor:
    """Where each place of the new image lies in the old one: N x 2 x 3, to be applied to (x, y, 1)."""

    def within(limit: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * limit

    angle, slant = within(how.rotation), within(how.shear)
    width, height = 1 + within(how.scale), 1 + within(how.scale)
    cos, sin = angle.cos(), angle.sin()
    across = torch.stack([cos * width, (slant * cos - sin) * height, within(how.shift * PIXEL)], 1)
    down = torch.stack([sin * width, (slant * sin + cos) * height, within(how.shift * PIXEL)], 1)
    return torch.stack([across, down], 1)


def change_pen(images: Tensor, most: float, generator: Generator) -> Tensor:
    """Each image as if written with a wider or a narrower pen, by up to `most` pixels on every side."""
    amount = (torch.rand(len(images), 1, 1, 1, generator=generator) * 2 - 1) * most
    wider = _largest(images) - images
    narrower = images + _largest(-images)
    return images + amount.clamp(min=0) * wider + amount.clamp(max=0) * narrower


def _largest(images: Tensor) -> Tensor:
    """Each pixel or its four neighbours (not eight: a pen is round), whichever is largest; the border stays."""
    largest = images.clone()
    largest[..., 1:, :] = torch.maximum(largest[..., 1:, :], images[..., :-1, :])
    largest[..., :-1, :] = torch.maximum(largest[..., :-1, :], images[..., 1:, :])
    largest[..., 1:] = torch.maximum(largest[..., 1:], images[..., :-1])
    largest[..., :-1] = torch.maximum(largest[..., :-1], images[..., 1:])
    return largest
