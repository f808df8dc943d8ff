"""Synthetic pen drawings: digits in the styles that people write, and drawings that are not digits.

Every drawing takes a glyph (see `glyphs`), moves its control points, slants and stretches the whole, and is drawn with
a round pen of its own width straight into MNIST's frame: long side 20 pixels, pen included, centre of mass at the
centre of 28 x 28.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import accumulate, pairwise

import torch
from torch import Generator, Tensor

from learning.classes import NOT_A_DIGIT
from learning.dataset import Digits
from learning.glyphs import (
    CONTROLS,
    MAX_STROKES,
    SAMPLES,
    TURNED_DIGITS,
    Glyphs,
    digit_glyphs,
    free_glyphs,
    linear_weights,
    symbol_glyphs,
)

JITTERS = 25  # random displacements along a drawing that a mouse makes jagged
CENTRE = 14.5  # pixels from the edge: the middle of pixel 14, where MNIST has its centres of mass
BOX = 20  # MNIST's digits fill a square of this side in the 28 x 28 image


def digits(count: int, generator: Generator) -> Digits:
    """`count` synthetic digits, equally many of each; uint8 N x 1 x 28 x 28 and int64 N."""
    labels = torch.arange(count) % 10
    images = [render(digit_points(part, generator), generator) for part in _batches(labels)]
    return Digits(torch.cat(images), labels)


def non_digits(count: int, generator: Generator) -> Digits:
    """`count` drawings that are not digits, all labelled NOT_A_DIGIT; shapes as in digits()."""
    labels = torch.full((count,), NOT_A_DIGIT)
    images = [_mixed_kinds(len(part), generator) for part in _batches(labels)]
    return Digits(torch.cat(images), labels)


def _batches(labels: Tensor) -> tuple[Tensor, ...]:
    # Rendering 2,000 drawings takes 100 MB; all of an epoch's at once would take some gigabytes.
    parts: tuple[Tensor, ...] = torch.split(labels, 2000)
    return parts


def _mixed_kinds(count: int, generator: Generator) -> Tensor:
    """The images of `count` non-digits, each kind in its proportion (see KINDS), in random order."""
    ends = [round(count * total) for total in accumulate((fraction for fraction, _ in KINDS), initial=0.0)]
    parts = [draw(end - start, generator) for (start, end), (_, draw) in zip(pairwise(ends), KINDS, strict=True)]
    return render(torch.cat(parts), generator)[torch.randperm(count, generator=generator)]


def digit_points(labels: Tensor, generator: Generator) -> Tensor:
    """Each of `labels` as handwriting, in a random style: N x SAMPLES x 2, x and y (down), in no particular frame."""
    glyphs = digit_glyphs()
    weights = glyphs.frequency * (glyphs.label == labels[:, None])
    return _handwritten(glyphs, _choose(weights, generator), generator)


# --- rendering --------------------------------------------------------------------------------------------------------


def render(points: Tensor, generator: Generator) -> Tensor:
    """Points (N x SAMPLES x 2) drawn with round pens of random width in MNIST's frame: uint8 N x 1 x 28 x 28.

    A pixel's ink falls linearly over about a pixel around the pen's edge, as area downsampling of a sharp one does.
    """
    n = len(points)
    pen = 1.2 + 3.5 * torch.rand(n, 1, 1, generator=generator)
    soft = 0.8 + 0.8 * torch.rand(n, 1, 1, generator=generator)
    extent = (points.amax(1) - points.amin(1)).amax(1).clamp(min=1e-3)[:, None, None]
    placed = (points - points.mean(1, keepdim=True)) * ((BOX - pen) / extent) + CENTRE
    reach = (pen / 2 / soft + 0.5).squeeze(2)
    chunks = zip(*(torch.split(t, 16) for t in (placed, reach, soft.squeeze(2))), strict=True)
    ink = torch.cat([(r - _distance(p) / s).clamp_(0, 1) for p, r, s in chunks]) if n else torch.zeros(0, 28 * 28)
    return (ink * 255).round().to(torch.uint8).view(n, 1, 28, 28)


_centres = torch.arange(28) + 0.5
_PIXELS = torch.stack([_centres.repeat(28), _centres.repeat_interleave(28)], 1) - 14


def _distance(points: Tensor) -> Tensor:
    """From each pixel to the nearest of the points (N x SAMPLES x 2): N x 784."""
    # |pixel - point|^2 = |pixel|^2 - 2 pixel . point + |point|^2: one matrix product for all pairs, then the minimum.
    points = points - 14
    cross = torch.baddbmm(points.square().sum(2)[:, None], _PIXELS.expand(len(points), -1, -1), points.mT, alpha=-2)
    return (cross.amin(2) + _PIXELS.square().sum(1)).clamp_(min=0).sqrt_()


# --- handwriting ------------------------------------------------------------------------------------------------------


def _choose(weights: Tensor, generator: Generator) -> Tensor:
    """One column per row of `weights` (N x G, any scale), int64 N."""
    if not len(weights):
        return torch.zeros(0, dtype=torch.int64)
    return torch.multinomial(weights, 1, generator=generator).squeeze(1)


def _handwritten(glyphs: Glyphs, which: Tensor, generator: Generator) -> Tensor:
    """The glyphs at `which` (N), each varied at random: N x SAMPLES x 2."""
    controls = _varied_controls(glyphs.controls[which], glyphs.strokes[which], generator)
    roundness = torch.rand(len(which), 1, 1, generator=generator) ** (1 / 3)  # mostly round
    paths = roundness * glyphs.curves[which] + (1 - roundness) * glyphs.straight[which]
    return _distorted(paths @ controls, generator)


def _varied_controls(controls: Tensor, strokes: Tensor, generator: Generator) -> Tensor:
    """Control points moved at random: each on its own, each stroke, and each part of the glyph. Same shape."""
    n = len(controls)
    # Top and bottom, left and right parts each a little larger or smaller: a small loop, a low bar, a long tail.
    bend = (0.22 * torch.randn(n, 1, 2, generator=generator)).exp()
    controls = controls.clamp(min=1e-4) ** bend
    spread = 0.015 + 0.065 * torch.rand(n, 1, 1, generator=generator)
    controls = controls + spread * torch.randn(controls.shape, generator=generator)
    # A stroke begun after lifting the pen is a little off as a whole.
    off = 0.8 * spread * torch.randn(n, MAX_STROKES, 2, generator=generator)
    return controls + off.gather(1, strokes[:, :, None].expand(-1, -1, 2))


def _distorted(points: Tensor, generator: Generator) -> Tensor:
    """Drawings stretched, slanted and rotated at random, two in five jagged as if drawn with a mouse. Same shape."""
    n = len(points)
    wide, slant, turn = torch.randn(3, n, generator=generator) * torch.tensor([[0.22], [0.2], [0.1]])
    wide = (wide - 0.25).exp()
    matrix = torch.stack([torch.stack([wide, turn], 1), torch.stack([-slant - turn, torch.ones(n)], 1)], 1)
    amount = 0.02 * torch.rand(n, 1, 1, generator=generator) * (torch.rand(n, 1, 1, generator=generator) < 0.4)
    jitter = _jitter_weights() @ torch.randn(n, JITTERS, 2, generator=generator)
    return points @ matrix + amount * jitter


@cache
def _jitter_weights() -> Tensor:
    """Interpolates JITTERS displacements linearly to SAMPLES: SAMPLES x JITTERS."""
    return linear_weights(torch.linspace(0, JITTERS - 1, SAMPLES), JITTERS)


# --- kinds of non-digits: each function takes a count and returns points, N x SAMPLES x 2 -----------------------------


def _symbols(count: int, generator: Generator) -> Tensor:
    glyphs = symbol_glyphs()
    return _handwritten(glyphs, torch.randint(len(glyphs.label), (count,), generator=generator), generator)


def _several_digits(count: int, generator: Generator) -> Tensor:
    """Two or three digits side by side."""
    number = 2 + (torch.rand(count, 1, generator=generator) < 0.35).long()
    place = (torch.arange(SAMPLES) % 3)[None] % number  # which digit a sample belongs to
    drawn = [_unit(digit_points(torch.randint(10, (count,), generator=generator), generator)) for _ in range(3)]
    gap = 0.15 + 0.35 * torch.rand(count, 1, generator=generator)
    points = torch.zeros(count, SAMPLES, 2)
    start = torch.zeros(count, 1)
    for position, one in enumerate(drawn):
        width = one[..., 0].amax(1, keepdim=True)
        rise = 0.12 * torch.randn(count, 1, generator=generator)
        moved = torch.stack([one[..., 0] + start, one[..., 1] + rise], 2)
        points = torch.where((place == position)[..., None], moved, points)
        start = start + width + gap
    return points


def _unit(points: Tensor) -> Tensor:
    """Points moved and scaled (aspect kept) so that the smallest x and y are 0 and the height is 1."""
    low = points.amin(1, keepdim=True)
    return (points - low) / (points - low)[..., 1].amax(1).clamp(min=0.2)[:, None, None]


def _turned_digits(count: int, generator: Generator) -> Tensor:
    which = torch.randint(len(TURNED_DIGITS), (count,), generator=generator)
    digit, quarters, mirrored = torch.tensor(TURNED_DIGITS)[which].unbind(1)
    points = digit_points(digit, generator)
    angle = quarters * (torch.pi / 2)
    flip = 1 - 2.0 * mirrored
    across = torch.stack([angle.cos() * flip, angle.sin() * flip], 1)
    down = torch.stack([-angle.sin(), angle.cos()], 1)
    return points @ torch.stack([across, down], 1)


def _random_strokes(count: int, generator: Generator) -> Tensor:
    """One long or two to five shorter strokes: lines, arcs, hooks and loops, anywhere."""
    glyphs = free_glyphs()
    which = torch.randint(len(glyphs.label), (count,), generator=generator)
    controls = _random_walks(glyphs.strokes[which], generator)
    nearest = glyphs.straight[which].argmax(2)  # the control point that weighs most in a sample
    strokes = glyphs.strokes[which].gather(1, nearest)
    return _distorted(_scattered(glyphs.curves[which] @ controls, strokes, generator), generator)


def _random_walks(strokes: Tensor, generator: Generator) -> Tensor:
    """Control points, N x CONTROLS x 2, of which those of each stroke (N x CONTROLS) follow each other."""
    n = len(strokes)
    stroke = strokes[:, :, None]
    # Each stroke bends its own way all along (0: a line; more: an arc, a loop), and a little at random.
    bend = (
        torch.randn(n, MAX_STROKES, 1, generator=generator)
        * torch.tensor([0.0, 0.5, 1.0, 1.5])[torch.randint(4, (n, MAX_STROKES, 1), generator=generator)]
    )
    turns = bend.gather(1, stroke) + 0.35 * torch.randn(n, CONTROLS, 1, generator=generator)
    heading = turns.cumsum(1) + 6.3 * torch.rand(n, MAX_STROKES, 1, generator=generator).gather(1, stroke)
    length = (0.3 + torch.rand(n, MAX_STROKES, 1, generator=generator)).gather(1, stroke)
    steps = torch.cat([heading.cos(), heading.sin()], 2) * length * 0.3
    return steps.cumsum(1)


def _invented_letters(count: int, generator: Generator) -> Tensor:
    """Three to five lines and arcs between the places of a 3 x 3 grid, where they meet and cross as letters' do."""
    number = torch.randint(3, 6, (count, 1), generator=generator)
    stroke = (torch.arange(SAMPLES) * number // SAMPLES)[:, :, None].expand(-1, -1, 2)
    along = (torch.arange(SAMPLES) * number % SAMPLES / SAMPLES)[:, :, None]
    places = torch.randint(3, (2, count, MAX_STROKES, 2), generator=generator) / 2
    places = places + 0.04 * torch.randn(places.shape, generator=generator)
    start, end = (each.gather(1, stroke) for each in places)
    bent = torch.tensor([0.0, 0.4])[torch.randint(2, (count, MAX_STROKES, 1), generator=generator)]
    bulge = (bent * torch.randn(bent.shape, generator=generator)).gather(1, stroke[:, :, :1])
    across = (end - start).flip(2) * torch.tensor([1.0, -1.0])
    return _distorted(start + along * (end - start) + 4 * bulge * along * (1 - along) * across, generator)


def _scattered(paths: Tensor, strokes: Tensor, generator: Generator) -> Tensor:
    """Paths (N x SAMPLES x 2), each stroke (its number for each sample: N x SAMPLES) moved to a random middle."""
    n = len(paths)
    stroke = strokes[:, :, None].expand(-1, -1, 2)
    total = torch.zeros(n, MAX_STROKES, 2).scatter_add(1, stroke, paths)
    number = torch.zeros(n, MAX_STROKES, 2).scatter_add(1, stroke, torch.ones_like(paths)).clamp(min=1)
    middle = 0.75 * torch.rand(n, MAX_STROKES, 2, generator=generator)
    return paths + (middle - total / number).gather(1, stroke)


def _scribbles(count: int, generator: Generator) -> Tensor:
    """To and fro, round and round, without lifting the pen."""
    controls = torch.rand(count, CONTROLS, 2, generator=generator)
    used = torch.randint(6, 17, (count, 1, 1), generator=generator)
    position = torch.linspace(0, 1, SAMPLES)[None, :, None] * (used - 1)
    before = position.floor().long().clamp(max=CONTROLS - 2).expand(-1, -1, 2)
    fraction = position - before
    fraction = fraction * fraction * (3 - 2 * fraction)  # slower at the turning points, as people are
    paths = controls.gather(1, before) * (1 - fraction) + controls.gather(1, before + 1) * fraction
    return _distorted(paths, generator)


def _dots(count: int, generator: Generator) -> Tensor:
    """One to four dots."""
    places = torch.rand(count, 4, 2, generator=generator)
    used = torch.randint(1, 5, (count, 1), generator=generator)
    return places[torch.arange(count)[:, None], torch.arange(SAMPLES)[None] % used]


def _dashes(count: int, generator: Generator) -> Tensor:
    """One level line, straight or slightly bent: a minus sign, or what is left of a digit that was wiped out."""
    along = torch.linspace(-1, 1, SAMPLES).expand(count, -1)
    slope, bend = 0.15 * torch.randn(2, count, 1, generator=generator)
    return torch.stack([along, slope * along + bend * along**2], 2)


def _blots(count: int, generator: Generator) -> Tensor:
    """One filled spot, round or oblong: a spiral whose turns touch. A dot looks like this once it is enlarged."""
    position = torch.linspace(0, 1, SAMPLES).sqrt()
    angle = 2 * torch.pi * 4 * position
    spiral = position[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    return _distorted(spiral.expand(count, -1, -1), generator)


# The fraction of the non-digits that each kind makes up; together 1.
KINDS: list[tuple[float, Callable[[int, Generator], Tensor]]] = [
    (0.30, _symbols),
    (0.20, _random_strokes),
    (0.13, _invented_letters),
    (0.13, _several_digits),
    (0.10, _turned_digits),
    (0.08, _scribbles),
    (0.02, _dots),
    (0.02, _dashes),
    (0.02, _blots),
]
