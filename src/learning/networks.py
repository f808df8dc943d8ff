"""The networks: one weight per pixel and digit, four convolutions, and two such networks that read together.

Both take float32 images, N x 1 x 28 x 28, 0 for paper and 1 for ink, and return logits. Inputs need no normalisation.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from learning.classes import DIGITS, NOT_A_DIGIT

FEATURES = 64 * 5 * 5  # of a ConvNet


class LinearNet(nn.Module):
    """One weight per pixel and digit (7,850 parameters): N x 1 x 28 x 28 in, N x 10 logits out."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(28 * 28, DIGITS))

    def forward(self, images: Tensor) -> Tensor:
        """Logits, N x 10, of images N x 1 x 28 x 28 in 0..1."""
        logits: Tensor = self.layers(images)
        return logits


class ConvNet(nn.Module):
    """Four convolutions (101,371 parameters): N x 1 x 28 x 28 in, N x 11 logits out (column 10: not a digit)."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(1, 16, kernel=5, padding=2, pool=True),  # 28 -> 14
            *_convolution(16, 64, pool=True),  # 14 -> 7
            *_convolution(64, 64),
            *_convolution(64, 64, padding=0),  # 7 -> 5
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(FEATURES, DIGITS + 1),
        )
        self.soften = Soften()
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Logits, N x 11, of images N x 1 x 28 x 28 in 0..1."""
        return self.classify(self.features(images))

    def features(self, images: Tensor) -> Tensor:
        """What the last layer classifies, N x 1600: the outputs of the fourth convolution."""
        return self.features_of_soft(self.soften(images))

    def features_of_soft(self, images: Tensor) -> Tensor:
        """The same, of images that are softened already."""
        for layer in list(self.layers)[:-1]:
            images = layer(images)
        return images

    def classify(self, features: Tensor) -> Tensor:
        """Logits, N x 11, of features, N x 1600."""
        logits: Tensor = self.layers[-1](features)
        return logits


class Ensemble(nn.Module):
    """Two ConvNets that differ by chance alone. They are trained side by side, and read together."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.members = nn.ModuleList(ConvNet(dropout) for _ in range(2))

    def forward(self, images: Tensor) -> Tensor:
        """Logits of images N x 1 x 28 x 28 in 0..1: their mean, N x 11; in training each member's in turn, 2 N x 11."""
        if self.training:
            return torch.cat([member(images) for member in self.members])
        return self.classify(self.features(images))

    def features(self, images: Tensor) -> Tensor:
        """What the members' last layers classify, N x 3200."""
        soft = self.members[0].soften(images)  # type: ignore[operator]
        return torch.cat([member.features_of_soft(soft) for member in self.members], 1)  # type: ignore[operator]

    def classify(self, features: Tensor) -> Tensor:
        """The mean logits, N x 11, of features, N x 3200."""
        parts = zip(self.members, torch.split(features, FEATURES, 1), strict=True)
        return torch.stack([member.classify(part) for member, part in parts]).mean(0)  # type: ignore[operator]


def describe(features: Tensor) -> Tensor:
    """Descriptors, N x 576, of features: averaged over overlapping 3 x 3 regions, scaled to length 1.

    An ensemble's are its first member's: the second's would take as much memory again, and improve nothing. The scalar
    product of two is 1 for the same drawing, about 0.87 for the same digit by the same hand, and about 0.5 for two
    digits.
    """
    maps = features[:, :FEATURES].reshape(-1, 64, 5, 5)
    return F.normalize(F.adaptive_avg_pool2d(maps, 3).flatten(1))


class Soften(nn.Module):
    """A 3 x 3 blur, in evaluation only: `fraction` (0-1) of each pixel goes to its neighbours, along each axis.

    In training, augmentation resamples every digit, and the interpolation blurs it. Without this the network would see
    its first sharp digit in evaluation.
    """

    kernel: Tensor

    def __init__(self, fraction: float = 0.15) -> None:
        super().__init__()
        row = torch.tensor([fraction / 2, 1 - fraction, fraction / 2])
        self.register_buffer("kernel", torch.outer(row, row)[None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Images of the same shape, N x 1 x 28 x 28."""
        return images if self.training else F.conv2d(images, self.kernel, padding=1)


def _convolution(inputs: int, outputs: int, kernel: int = 3, padding: int = 1, pool: bool = False) -> list[nn.Module]:
    # Pooling comes before batch norm: a quarter of the pixels to normalise. The norm's scale stays at 1; being positive
    # it commutes with the maximum, so the norm can be folded into the convolution before the pool.
    norm = nn.BatchNorm2d(outputs)
    norm.weight.requires_grad_(False)
    return [
        nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False),
        *([nn.MaxPool2d(2)] if pool else []),
        norm,
        nn.ReLU(inplace=True),
    ]


def digit_logits(logits: Tensor) -> Tensor:
    """The columns of the ten digits, N x 10, of either network's logits."""
    return logits[:, :DIGITS]


def digit_evidence(logits: Tensor) -> Tensor:
    """An out-of-distribution score per image, N: higher for digits, on no fixed scale.

    With eleven columns the log odds of "any digit" against "not a digit"; with ten the energy score,
    log sum exp of the logits (Liu et al. 2020, https://arxiv.org/abs/2010.03759).
    """
    evidence = digit_logits(logits).logsumexp(1)
    return evidence - logits[:, NOT_A_DIGIT] if logits.shape[1] > DIGITS else evidence


def fold(network: nn.Module) -> nn.Module:
    """A copy for serving: evaluation mode, no dropout, each batch norm folded into its convolution.

    An ensemble becomes one ConvNet whose convolutions have a group for each member. That takes a quarter less time than
    one member after the other, since much of it goes into starting operations.
    """
    served = copy.deepcopy(network).eval()
    members: list[Any] = list(served.members) if isinstance(served, Ensemble) else [served]
    for member in members:
        member.layers = nn.Sequential(*_folded(member.layers.children()))
    first = members[0]
    if len(members) > 1:
        first.layers = nn.Sequential(*map(_side_by_side, zip(*(member.layers for member in members), strict=True)))
    return cast(nn.Module, first).requires_grad_(False)


def _folded(layers: Iterable[nn.Module]) -> list[nn.Module]:
    folded: list[nn.Module] = []
    convolution = -1
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            convolution = len(folded)
        if isinstance(layer, nn.BatchNorm2d):
            folded[convolution] = fuse_conv_bn_eval(folded[convolution], layer)  # type: ignore[type-var]
        elif not isinstance(layer, nn.Dropout):
            folded.append(layer)
    return folded


def _side_by_side(layers: Sequence[Any]) -> nn.Module:
    """One layer in place of the same layer of each member; the last one gives the members' mean."""
    first, count = layers[0], len(layers)
    if isinstance(first, nn.Linear):
        wide: Any = nn.Linear(first.in_features * count, first.out_features)
        wide.weight.data = torch.cat([layer.weight for layer in layers], 1) / count
        wide.bias.data = torch.stack([layer.bias for layer in layers]).mean(0)
    elif isinstance(first, nn.Conv2d):
        groups = count if first.in_channels > 1 else 1  # the members' first layers see the same image
        inputs, outputs = first.in_channels * groups, first.out_channels * count
        wide = nn.Conv2d(inputs, outputs, first.kernel_size, padding=first.padding, groups=groups)  # type: ignore[arg-type]
        wide.weight.data = torch.cat([layer.weight for layer in layers])
        wide.bias.data = torch.cat([layer.bias for layer in layers])
    else:
        wide = first
    return cast(nn.Module, wide)
