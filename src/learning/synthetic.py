"""Synthetic pen drawings: digits in the styles that people write, and things that are no digit.

A glyph is a few pen strokes through control points. Every drawing moves the points, slants and stretches the whole,
and is drawn with a round pen of its own width straight into MNIST's frame: long side 20 pixels, pen included, centre of
mass at the centre of 28 x 28. So a style that MNIST hardly holds (a slashed zero, a seven with a bar) costs one line.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import accumulate, pairwise
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from learning.dataset import Digits
from learning.networks import NOT_A_DIGIT

SAMPLES = 128  # points drawn per glyph; on the longest the gap between two is about half a pixel
CONTROLS = 24  # control points per glyph at most
JAGS = 25  # of a mouse along one glyph
CENTRE = 14.5  # pixels from the edge: the middle of pixel 14, where MNIST has its centres of mass
BOX = 20  # MNIST's digits fill a square of this side in the 28 x 28 image

# Each style: how often (among those of its digit), and its strokes on a grid of 10 x 10. A point is two figures, x to
# the right and y down; "!" makes it a corner; "/" lifts the pen.
DIGIT_STYLES: dict[int, list[tuple[float, str]]] = {
    0: [
        (4, "50 20 04 07 29 59 88 95 92 70 50"),
        (2, "60 30 13 05 18 39 69 87 84 82 60 40"),
        (1, "50 80 93 96 79 49 18 05 12 30 50"),
        (1, "71 40 13 06 28 59 88 95 82 60 31"),
        (1, "50 20 04 07 29 59 88 95 92 70 50 / 81 18"),
        (1, "50 20 04 07 29 59 88 95 92 70 50 / 90 09"),
        (0.5, "50 20 04 07 29 59 88 95 92 70 50! 29"),
        (0.5, "50 20 04 07 29 59 88 95 92 70 50 / 73 36"),
    ],
    1: [
        (5, "50 54 59"),
        (3, "33 41 50! 54 59"),
        (2, "23 50! 54 59"),
        (1.5, "14 32 50! 54 59"),
        (3, "32 50! 54 59 / 29 89"),
        (2, "23 50! 54 59 / 09 99"),
        (1, "05 32 60! 64 69"),
        (0.5, "50 54 59! 49 / 39 79"),
        (0.5, "50 54 59 / 29 79"),
        (2, "03 31 80! 55 39"),
        (2, "14 42 90! 54 29"),
        (1, "36 43 50! 54 59"),
        (2, "04 22 60! 39"),
        (3, "03 32 60! 29"),
        (2, "04 32 80! 39"),
        (2, "03 52 80! 49"),
        (2.5, "05 33 80! 54 29"),
        (1.5, "06 43 90! 55 39"),
        (1.5, "04 22 50 60! 55 39"),
        (1, "25 33 50! 53 49"),
        (2, "13 31 70! 65 39"),
        (0.7, "24 50! 55 48 28"),
    ],
    2: [
        (4, "12 30 60 82 74 46 09! 59 99"),
        (2, "12 30 60 82 74 46 19! 48 69 98"),
        (3, "11 40 80 83 56 29 08 17 38 68 99"),
        (2, "13 20 60 83 65 38 19 07 27 58 89 97"),
        (1, "01 50 91 74 37 09! 99"),
        (1, "00 80! 09! 99"),
        (1, "14 21 50 82 74 46 18 29! 59 88"),
    ],
    3: [
        (4, "11 40 71 73 44! 75 87 59 29 08"),
        (2, "12 30 70 72 44 34 44 75 87 69 29 08"),
        (2, "00 40 90! 43! 75 87 69 39 08"),
        (1, "01 00 40 90! 54! 75 87 69 39 08"),
        (1, "10 80! 44! 84 87 59 09"),
        (1, "10 50 81 63 24! 64 86 68 38 09"),
        (1, "11 40 71 63 54 75 87 59 29 08"),
    ],
    4: [
        (3, "20 05! 95 / 72 79"),
        (2, "10 15 46 85! / 80 84 79"),
        (2, "60 06! 96 / 62 69"),
        (1.5, "70 06! 96 / 70 74 79"),
        (1.5, "75 05! 70! 74 79"),
        (1, "95 05! 70! 74 79"),
        (1, "10 05! 85 / 80 84 79"),
        (1, "10 14 26 65 80! 84 79"),
        (0.7, "30 14 05! 96 / 64 69"),
        (0.5, "20 05 25 95 / 63 79"),
        (2.5, "40 06! 57 96 / 63 59"),
        (2, "50 23 16! 76 / 64 59"),
        (2, "40 05 27 77 / 63 58"),
        (2, "20 06 18! 67 / 53 48"),
        (3, "40 22 07! 67 / 54 49"),
        (3, "30 07! 77 / 64 59"),
        (2, "20 08! 67 / 54 59"),
        (2, "40 24 16 28! 67 / 54 49"),
        (1.5, "50 24 07! 87 / 75 69"),
        (1, "40 15 08 48 87 / 65 59"),
    ],
    5: [
        (2.5, "90 20! 14! 54 86 88 49 08"),
        (2, "10 14! 44 76 78 49 08 / 10 80"),
        (2, "20 14! 54 85 88 59 09 / 20 90"),
        (1, "20 13 45 86 88 49 08 / 30 91"),
        (1, "91 50 20 13 35 76 78 39 08"),
        (1, "80 20! 15! 33 74 87 58 19"),
        (1, "20 14! 44 76 68 29 07 / 22 92"),
        (1.5, "30 33 45 76 68 39 08 / 20 91"),
        (1, "40 34 54 76 68 39 07 / 31 90"),
    ],
    6: [
        (3, "60 23 06 29 69 87 65 25 07"),
        (2, "80 41 14 07 29 69 87 75 45 17"),
        (1, "50 22 16 39 78 76 55 26 18"),
        (1, "92 70 31 05 18 49 88 86 55 15"),
        (1, "30 15 18 49 78 76 45 17"),
        (1, "70 34 07 29 79 86 55 27"),
        (1, "60 33 17 29 59 67 46 27"),
        (0.7, "80 44 17 29 58 56 28"),
        (0.7, "70 41 24 17 29 58 66 45 06"),
    ],
    7: [
        (3, "00 50 90! 54 29"),
        (1.5, "01 40 91 64 49"),
        (3, "00 50 90! 54 29 / 15 75"),
        (1, "00 50 90! 63 59 / 24 94"),
        (1.5, "02 00! 90! 54 39"),
        (1.5, "02 00! 90! 54 39 / 25 85"),
        (1, "03 10 41 80 90! 55 39"),
        (1, "03 10 41 80 90! 55 39 / 25 75"),
        (0.7, "00 90! 74 69 / 55 95"),
        (2.5, "02 20 50 80! 64 39 / 06 46 96"),
        (2, "01 40 80! 54 29 / 16 36 95"),
        (2, "12 30 70 71 54 39 / 17 86"),
        (2.5, "02 10 40 60 72 64 39 / 07 36 66 97"),
        (2, "13 21 50 71 73 55 49 / 25 75"),
        (2, "03 21 60 71 64 39 / 16 86"),
        (1.5, "12 40 71 63 56 49 / 06 95"),
        (2, "02 20 50 71 63 49 / 17 87"),
        (1.5, "11 40 71 64 49 / 18 76"),
    ],
    8: [
        (3, "70 40 11 23 65 88 59 28 16 54 82 70"),
        (2, "82 50 11 33 75 87 49 18 26 64 82"),
        (1, "30 60 72 54 16 28 59 87 75 43 21 30"),
        (1.5, "50 20 12 44 72 70 50! / 44 16 18 59 88 76 44"),
        (1, "44 12 30 60 72 44 16 28 59 88 76 44"),
        (1, "81 40 12 34 76 78 39 17 35 73 80"),
        (1, "54 22 40 70 82 54 26 29 69 87 54"),
        (1, "10 44 77 59 37 54 90"),
        (1, "81 40 12 34 76 69 38 26 54 91"),
        (0.7, "20 34 76 69 29 26 63 80 40"),
        (0.7, "70 40 32 44 66 68 49 37 55 73 70"),
        (0.5, "13 35 66 69 49 47 65 82 80 62 54"),
    ],
    9: [
        (3, "82 50 12 14 45 74 82! 85 79"),
        (2, "81 40 12 14 45 74 81! 84 59"),
        (2, "81 50 12 14 55 83 81! 86 69 39 18"),
        (1.5, "70 30 12 24 64 72 70 83 86 69 39 18"),
        (1, "73 34 12 40 70 73 66 39"),
        (1, "72 50 22 34 63 71! 75 79"),
        (1, "80 40 12 24 63 80! 76 58 29"),
        (2, "70 40 22 34 54 71 74 86 68 38 08"),
        (1.5, "62 40 21 33 53 61 75 87 69 39 09"),
        (2, "71 50 32 43 62 71! 75 77 59 28 07"),
        (1, "61 40 31 33 53 61 66 59 29 08"),
        (1, "81 50 31 43 63 72 71! 76 68 39 08"),
        (1, "50 20 12 33 52 51 65 86 88 59 09"),
    ],
}

# Letters and symbols that nobody takes for a digit: no O, I, l, Z, S, o, g, q, b, D.
OTHERS = """
09 40! 89 / 25 65|09 00! 50 72 44! 74 87 59 09|82 40 04 08 49 87|90 00! 09! 99 / 04 74|00 09 / 00 90 / 04 74
00 09 / 90 99 / 04 94|00 09 / 90 04! 99|00! 09! 99|09 00! 56! 90! 99|09 00! 99! 90|00 09 / 00 60 83 65 05
00 09 / 00 60 82 54 04! 99|00 90 / 40 49|00 06 39 69 96 90|00 49! 90|00 29! 53! 79! 90|00 99 / 90 09
00 45! 90 / 45 49|40 49 / 04 94|04 94|03 93 / 06 96|30 29 / 70 69 / 03 93 / 06 96
05 39! 90|40 09! 89! 40|00 90! 99! 09! 00|51 30 02 14 59! 94 92 70 51|04 94! / 61 94! 67|40 49 / 12 40! 72
05 40 60 95 69 39 05|04 20 42 57 78 96 94 63 35 27 16 04|05 23 45 67 85|50 52 / 23 21 50 82 54! 57 / 58 59
00 09! / 04 41 85 89|03 09 / 04 22 44! 49 / 45 63 85 89|00 09 / 05 43 75 79|00 06 39 77 70! 79
02 06 38 54 32! / 54 79 96 92
04 94 72 40 04 27 59 98|80 40 33 39 / 15 75|00 09 / 73 05! 89|00 06 28 47! 40 / 47 78 96 90|00 90 / 20 29 / 70 78 99
90 00! 54! 09! 99|09 29! 05 12 40 70 92 95 79! 99|10 69 / 55 09|40 49 / 00 04 36 66 94 90|50 59 / 14 85 / 15 84 / 05 95
44 54 57 36 33 61 84 77 49 17 13|09 04! 50! 94! 99! 09|20 22 / 70 72 / 05 38 68 95|40 49 / 00 80! 84! 04|00 99 / 05 93
80 40 14 18 59 87 / 80! 99|00 03 / 90 93|00 40 / 44 84 / 08 58|09 50! 99 / 90 49! 00|02 20 42 62 80|29 20! 80! 79
""".replace("\n", "|").strip("|")

# A digit that is turned (by quarters) or mirrored, where that makes no digit: digit, quarter turns, mirrored.
TURNED = [(2, 1, 0), (3, 1, 0), (3, 3, 0), (3, 0, 1), (4, 1, 0), (4, 2, 0), (4, 3, 0), (4, 0, 1), (5, 1, 0), (5, 3, 0)]
TURNED += [(6, 1, 0), (7, 0, 1), (7, 2, 0), (7, 3, 0), (8, 1, 0), (9, 1, 0), (9, 0, 1), (6, 0, 1), (1, 1, 0), (2, 3, 0)]


# Points per stroke of what is drawn at random.
FREE_SHAPES = [(6,), (8,), (3, 3), (4, 3), (2, 5), (5, 4), (3, 3, 3), (2, 3, 4), (2, 2, 3), (4, 4, 4), (3, 2, 3, 2)]
FREE_SHAPES += [(2, 2, 2, 2), (3, 3, 3, 3, 3)]


class Glyphs(NamedTuple):
    """Many glyphs as matrices: `curves @ controls` (or `straight @ controls`) are the points drawn.

    curves, straight: G x SAMPLES x CONTROLS; controls: G x CONTROLS x 2, in 0..1, y down; strokes: G x CONTROLS, the
    number (0-) of the stroke that a control point belongs to; frequency: G; label: G.
    """

    curves: Tensor
    straight: Tensor
    controls: Tensor
    strokes: Tensor
    frequency: Tensor
    label: Tensor


def digits(count: int, generator: Generator) -> Digits:
    """`count` synthetic digits, every label as often; uint8 N x 1 x 28 x 28 and int64 N."""
    labels = torch.arange(count) % 10
    images = [render(digit_points(part, generator), generator) for part in _portions(labels)]
    return Digits(torch.cat(images), labels)


def non_digits(count: int, generator: Generator) -> Digits:
    """`count` drawings that are no digit, all labelled NOT_A_DIGIT."""
    labels = torch.full((count,), NOT_A_DIGIT)
    images = [_every_kind(len(part), generator) for part in _portions(labels)]
    return Digits(torch.cat(images), labels)


def _portions(labels: Tensor) -> tuple[Tensor, ...]:
    # 2,000 drawings on their way take 100 MB; all of an epoch's at once would take some gigabytes.
    parts: tuple[Tensor, ...] = torch.split(labels, 2000)
    return parts


def _every_kind(count: int, generator: Generator) -> Tensor:
    """The images of `count` non-digits, each kind as often as KINDS says, in a random order."""
    ends = [round(count * share) for share in accumulate((share for share, _ in KINDS), initial=0.0)]
    parts = [draw(end - start, generator) for (start, end), (_, draw) in zip(pairwise(ends), KINDS, strict=True)]
    return render(torch.cat(parts), generator)[torch.randperm(count, generator=generator)]


def digit_points(labels: Tensor, generator: Generator) -> Tensor:
    """A hand's way of writing each of `labels`: N x SAMPLES x 2, in no particular frame."""
    glyphs = _digit_glyphs()
    chance = glyphs.frequency * (glyphs.label == labels[:, None])
    return _write(glyphs, _choose(chance, generator), generator)


def render(points: Tensor, generator: Generator) -> Tensor:
    """Points (N x SAMPLES x 2) drawn with round pens of random width in MNIST's frame: uint8 N x 1 x 28 x 28.

    A pixel's ink falls linearly over about a pixel around the pen's edge, as area downsampling of a sharp one does.
    """
    n = len(points)
    pen = 1.2 + 3.0 * torch.rand(n, 1, 1, generator=generator)
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
    # |pixel - point|^2 = |pixel|^2 - 2 pixel . point + |point|^2: one matrix product for all pairs, then the least.
    points = points - 14
    cross = torch.baddbmm(points.square().sum(2)[:, None], _PIXELS.expand(len(points), -1, -1), points.mT, alpha=-2)
    return (cross.amin(2) + _PIXELS.square().sum(1)).clamp_(min=0).sqrt_()


def _choose(chance: Tensor, generator: Generator) -> Tensor:
    """One column per row of `chance` (N x G, any scale), int64 N."""
    if not len(chance):
        return torch.zeros(0, dtype=torch.int64)
    return torch.multinomial(chance, 1, generator=generator).squeeze(1)


def _write(glyphs: Glyphs, which: Tensor, generator: Generator) -> Tensor:
    """The glyphs at `which` (N), each in a hand of its own: N x SAMPLES x 2."""
    n = len(which)
    controls = glyphs.controls[which]
    # High and low, left and right parts each a little larger or smaller: a small loop, a low bar, a long tail.
    bend = (0.22 * torch.randn(n, 1, 2, generator=generator)).exp()
    controls = controls.clamp(min=1e-4) ** bend
    spread = 0.015 + 0.065 * torch.rand(n, 1, 1, generator=generator)
    controls = controls + spread * torch.randn(controls.shape, generator=generator)
    # A stroke begun after lifting the pen lands a little off as a whole.
    off = 0.8 * spread * torch.randn(n, 5, 2, generator=generator)
    controls = controls + off.gather(1, glyphs.strokes[which][:, :, None].expand(-1, -1, 2))
    roundness = torch.rand(n, 1, 1, generator=generator) ** (1 / 3)  # mostly round
    paths = roundness * glyphs.curves[which] + (1 - roundness) * glyphs.straight[which]
    return _hand(paths @ controls, generator)


def _hand(points: Tensor, generator: Generator) -> Tensor:
    """Points with a hand's proportions, slant and turn, and now and then a mouse's jagged line."""
    n = len(points)
    wide, slant, turn = torch.randn(3, n, generator=generator) * torch.tensor([[0.22], [0.2], [0.1]])
    wide = (wide - 0.25).exp()
    matrix = torch.stack([torch.stack([wide, turn], 1), torch.stack([-slant - turn, torch.ones(n)], 1)], 1)
    amount = 0.02 * torch.rand(n, 1, 1, generator=generator) * (torch.rand(n, 1, 1, generator=generator) < 0.4)
    jagged = _jags() @ torch.randn(n, JAGS, 2, generator=generator)
    return points @ matrix + amount * jagged


def _letters(count: int, generator: Generator) -> Tensor:
    glyphs = _other_glyphs()
    return _write(glyphs, torch.randint(len(glyphs.label), (count,), generator=generator), generator)


def _several(count: int, generator: Generator) -> Tensor:
    """Two or three digits side by side."""
    number = 2 + (torch.rand(count, 1, generator=generator) < 0.35).long()
    place = (torch.arange(SAMPLES) % 3)[None] % number  # which of them a sample belongs to
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


def _turned(count: int, generator: Generator) -> Tensor:
    which = torch.randint(len(TURNED), (count,), generator=generator)
    digit, quarters, mirrored = torch.tensor(TURNED)[which].unbind(1)
    points = digit_points(digit, generator)
    angle = quarters * (torch.pi / 2)
    flip = 1 - 2.0 * mirrored
    across = torch.stack([angle.cos() * flip, angle.sin() * flip], 1)
    down = torch.stack([-angle.sin(), angle.cos()], 1)
    return points @ torch.stack([across, down], 1)


def _random_strokes(count: int, generator: Generator) -> Tensor:
    """One long or two to five shorter strokes: lines, arcs, hooks and loops, anywhere."""
    glyphs = _free_glyphs()
    which = torch.randint(len(glyphs.label), (count,), generator=generator)
    strokes = glyphs.strokes[which][:, :, None].expand(-1, -1, 2)
    # Each stroke bends its own way all along (0: a line; more: an arc, a loop), and a little at random.
    bend = (
        torch.randn(count, 5, 1, generator=generator)
        * torch.tensor([0.0, 0.5, 1.0, 1.5])[torch.randint(4, (count, 5, 1), generator=generator)]
    )
    turns = bend.gather(1, strokes[..., :1]) + 0.35 * torch.randn(count, CONTROLS, 1, generator=generator)
    heading = turns.cumsum(1) + 6.3 * torch.rand(count, 5, 1, generator=generator).gather(1, strokes[..., :1])
    length = (0.3 + torch.rand(count, 5, 1, generator=generator)).gather(1, strokes[..., :1])
    steps = torch.cat([heading.cos(), heading.sin()], 2) * length * 0.3
    paths = glyphs.curves[which] @ steps.cumsum(1)
    # Where each stroke lies: its middle, drawn anew, in place of where the walk had got to.
    owner = glyphs.straight[which].argmax(2)
    stroke = glyphs.strokes[which].gather(1, owner)[:, :, None].expand(-1, -1, 2)
    ones = torch.ones(count, SAMPLES, 2)
    total = torch.zeros(count, 5, 2).scatter_add(1, stroke, paths)
    number = torch.zeros(count, 5, 2).scatter_add(1, stroke, ones).clamp(min=1)
    middle = 0.75 * torch.rand(count, 5, 2, generator=generator)
    return _hand(paths + (middle - total / number).gather(1, stroke), generator)


def _scribbles(count: int, generator: Generator) -> Tensor:
    """To and fro, round and round, without lifting the pen."""
    controls = torch.rand(count, CONTROLS, 2, generator=generator)
    used = torch.randint(6, 17, (count, 1, 1), generator=generator)
    position = torch.linspace(0, 1, SAMPLES)[None, :, None] * (used - 1)
    before = position.floor().long().clamp(max=CONTROLS - 2).expand(-1, -1, 2)
    share = position - before
    share = share * share * (3 - 2 * share)  # slower at the turning points, as a hand is
    return _hand(controls.gather(1, before) * (1 - share) + controls.gather(1, before + 1) * share, generator)


def _dots(count: int, generator: Generator) -> Tensor:
    """One to four dots, or a dot's small smear."""
    places = torch.rand(count, 4, 2, generator=generator)
    used = torch.randint(1, 5, (count, 1), generator=generator)
    return places[torch.arange(count)[:, None], torch.arange(SAMPLES)[None] % used]


def _interpolation(parameters: Tensor, corners: list[bool], smooth: bool) -> Tensor:
    """Weights of a stroke's K control points at `parameters` (0..K-1): len x K.

    A Catmull-Rom spline, which passes through its points and is linear in them; corners (and ends) stay sharp.
    """
    k = len(corners)
    i = parameters.long().clamp(max=k - 2)
    u = (parameters - i)[:, None]
    weights = torch.zeros(len(parameters), k)
    if not smooth:
        return weights.scatter_add(1, torch.stack([i, i + 1], 1), torch.cat([1 - u, u], 1))
    sharp = torch.tensor(corners)
    before, after = torch.where(sharp[i], i, i - 1), torch.where(sharp[i + 1], i + 1, i + 2)
    basis = [-u + 2 * u**2 - u**3, 2 - 5 * u**2 + 3 * u**3, u + 4 * u**2 - 3 * u**3, u**3 - u**2]
    return weights.scatter_add(1, torch.stack([before, i, i + 1, after], 1), torch.cat(basis, 1) / 2)


def _glyph(text: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """curves, straight, controls and strokes of one glyph; see Glyphs."""
    strokes = [stroke.split() for stroke in text.split("/")]
    points = [torch.tensor([[int(p[0]), int(p[1])] for p in stroke]) / 9 for stroke in strokes]
    corners = [[i in (0, len(stroke) - 1) or p.endswith("!") for i, p in enumerate(stroke)] for stroke in strokes]
    fine = [torch.linspace(0, len(stroke) - 1, 60) for stroke in strokes]
    along = []
    for parameters, corner, controls in zip(fine, corners, points, strict=True):
        path = _interpolation(parameters, corner, smooth=True) @ controls
        along.append(torch.cat([torch.zeros(1), path.diff(dim=0).norm(dim=1).cumsum(0)]))
    counts = _shares([length[-1].item() for length in along])
    curves, straight = torch.zeros(2, SAMPLES, CONTROLS)
    row = column = 0
    for parameters, corner, length, count in zip(fine, corners, along, counts, strict=True):
        even = _inverse(length, parameters, count)
        window = slice(row, row + count), slice(column, column + len(corner))
        curves[window], straight[window] = _interpolation(even, corner, True), _interpolation(even, corner, False)
        row, column = row + count, column + len(corner)
    controls = torch.zeros(CONTROLS, 2)
    controls[:column] = torch.cat(points)
    owner = torch.zeros(CONTROLS, dtype=torch.int64)
    owner[:column] = torch.repeat_interleave(torch.arange(len(strokes)), torch.tensor([len(s) for s in strokes]))
    return curves, straight, controls, owner


def _shares(lengths: list[float]) -> list[int]:
    """SAMPLES shared out among strokes by their lengths, at least 4 each."""
    spare = SAMPLES - 4 * len(lengths)
    counts = [4 + int(spare * length / sum(lengths)) for length in lengths]
    counts[0] += SAMPLES - sum(counts)
    return counts


def _inverse(length: Tensor, parameters: Tensor, count: int) -> Tensor:
    """`count` parameters at even distances along a stroke whose lengths at `parameters` are given."""
    wanted = torch.linspace(0, length[-1].item(), count)
    right = torch.searchsorted(length, wanted).clamp(1, len(length) - 1)
    left = right - 1
    share = ((wanted - length[left]) / (length[right] - length[left]).clamp(min=1e-9)).clamp(0, 1)
    return parameters[left] + share * (parameters[right] - parameters[left])


def _glyphs(styles: list[tuple[int, float, str]]) -> Glyphs:
    curves, straight, controls, strokes = (
        torch.stack(part) for part in zip(*(_glyph(text) for _, _, text in styles), strict=True)
    )
    frequency, label = torch.tensor([s[1] for s in styles]), torch.tensor([s[0] for s in styles])
    return Glyphs(curves, straight, controls, strokes, frequency, label)


@cache
def _free_glyphs() -> Glyphs:
    """Strokes whose points are drawn anew each time: only how many points each stroke has matters."""
    # A zigzag as long as its number of points, so that every stroke gets its share of the samples.
    texts = [" / ".join(" ".join(f"{i}{i % 2}" for i in range(n)) for n in shape) for shape in FREE_SHAPES]
    return _glyphs([(NOT_A_DIGIT, 1.0, text) for text in texts])


@cache
def _digit_glyphs() -> Glyphs:
    return _glyphs([(digit, often, text) for digit, styles in DIGIT_STYLES.items() for often, text in styles])


@cache
def _other_glyphs() -> Glyphs:
    return _glyphs([(NOT_A_DIGIT, 1.0, text) for text in OTHERS.split("|")])


@cache
def _jags() -> Tensor:
    """What makes SAMPLES offsets of JAGS random ones, straight in between."""
    return _interpolation(torch.linspace(0, JAGS - 1, SAMPLES), [True] * JAGS, smooth=False)


# How large a part of the non-digits each kind makes; together 1.
KINDS: list[tuple[float, Callable[[int, Generator], Tensor]]] = [
    (0.34, _letters),
    (0.30, _random_strokes),
    (0.14, _several),
    (0.10, _turned),
    (0.10, _scribbles),
    (0.02, _dots),
]
