"""Glyphs: digits in the styles that people write them, and letters and symbols, as pen strokes.

A glyph is a text of control points on a grid of 10 x 10. A point is two figures, x to the right and y down; "!" makes
it a corner, and "/" lifts the pen. `parse` makes matrices of it: a style that MNIST hardly holds (a slashed zero, a
seven with a bar) costs one line here.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from learning.classes import NOT_A_DIGIT

SAMPLES = 128  # points drawn per glyph; on the longest the gap between two is about half a pixel
CONTROLS = 24  # control points per glyph at most
MAX_STROKES = 5  # per glyph

# The styles of each digit: (relative frequency, strokes).
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
        (0.7, "50 20 04 07 29 59 88 95 92 70 50 / 51 49"),
        (0.5, "40 11 04 07 38 57 74 71 40 / 40 49"),
        (0.7, "50 20 04 07 29 59 88 95 92 70 50 / 04 95"),
        (0.4, "40 12 05 18 49 78 85 72 40 / 15 75"),
        (0.5, "60 20 04 08 49 86 83 52 21"),
        (0.5, "31 13 06 28 58 86 83 61 30 41"),
        (0.7, "50 31 13 05 28 59 86 83 52 32 23"),
        (0.5, "60 33 15 17 39 69 87 84 63 34"),
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
        (1.5, "24 50! 55 48 28"),
        (1, "43 60! 65 58 39"),
        (1, "33 51! 56 48 39 19"),
        (1, "07 50! 54 59"),
        (1, "06 60! 64 69"),
        (0.7, "17 60! 39"),
        (0.7, "06 50! 53 59 / 19 89"),
        (1, "14 50! 54 59 / 09 99"),
        (0.7, "42 60! 64 69 / 39 99"),
        (0.7, "05 60! 59 / 29 89"),
        (0.7, "22 50! 54 59! 29 79"),
        (0.5, "08 70! 49"),
        (0.5, "34 51 54 59"),
        (1, "04 22 80! 64 49"),
        (1, "05 33 90! 64 49"),
        (0.7, "04 41 80! 63 59"),
        (0.7, "43 51 60! 54 49"),
        (0.7, "42 50 51! 54 59"),
        (0.4, "23 40! 44 38! 67"),
        (0.25, "32 40! 39! 78"),
        (0.2, "32 50! 54 49! 78"),
    ],
    2: [
        (4, "12 30 60 82 74 46 09! 59 99"),
        (2, "12 30 60 82 74 46 19! 48 69 98"),
        (3, "11 40 80 83 56 29 08 17 38 68 99"),
        (2, "13 20 60 83 65 38 19 07 27 58 89 97"),
        (1, "01 50 91 74 37 09! 99"),
        (1, "00 80! 09! 99"),
        (1, "14 21 50 82 74 46 18 29! 59 88"),
        (1, "00 80 82! 09! 99"),
        (1, "02 30 71 80! 08! 98"),
        (1, "01 40 81 73 19! 99"),
        (0.7, "10 50 80 73 36 18! 99"),
        (0.7, "03 01 30 60 72 64 37 29 69"),
        (0.5, "02 21 50 71 63 46 19! 69"),
        (0.7, "12 40 71 74 46 49 89"),
        (1, "13 31 50 62 55 19! 69"),
        (1, "22 40 61 63 36 18! 78"),
        (0.7, "23 31 50 61 55 29! 18! 79"),
    ],
    3: [
        (4, "11 40 71 73 44! 75 87 59 29 08"),
        (2, "12 30 70 72 44 34 44 75 87 69 29 08"),
        (2, "00 40 90! 43! 75 87 69 39 08"),
        (1, "01 00 40 90! 54! 75 87 69 39 08"),
        (1, "10 80! 44! 84 87 59 09"),
        (1, "10 50 81 63 24! 64 86 68 38 09"),
        (1, "11 40 71 63 54 75 87 59 29 08"),
        (0.7, "02 20 50 71 63 34! 65 77 59 29 08"),
        (0.7, "00 60 63 34! 64 86 68 29 07"),
        (0.7, "02 00 70 53 34 75 77 69 49"),
        (0.7, "12 20 70 43! 64 66 58 38"),
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
        (1, "50 05! 75! 39"),
        (1, "40 14! 64! 39"),
        (0.7, "60 06! 86! 49"),
        (0.7, "50 24 05 75! 49"),
        (0.7, "30 13 15! 55 / 52 59"),
        (0.7, "50 42 45 47! 67 / 65 59"),
        (0.7, "40 25 27 57 / 64 49"),
        (0.7, "30 33 36 67 / 63 68"),
        (1, "50 43 36 37 57 66 / 64 59"),
        (1, "40 33 26 47 66 / 65 58"),
        (1, "60 52 35 27 48 67 / 75 69"),
        (0.7, "40 23 15! 75 / 62 49"),
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
        (0.7, "20 24! 53 75 77 49 18 / 21 50 70"),
        (0.7, "90 50 30 14 54 76 78 49 19"),
        (0.5, "80 30! 34! 65 77 58 28"),
        (0.7, "80 20! 14 44 75 78 49 19 06 13"),
        (0.7, "20 14! 53 76 68 39 18 16 / 20 80"),
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
        (1, "20 04 07 29 59 77 75 54"),
        (1, "20 14 17 39 68 77 65 55"),
        (0.7, "30 14 08 39 69 77 66 47"),
        (0.7, "10 05 07 29 58 66 55 45"),
        (0.7, "40 23 16 18 39 59 67 65 46"),
        (0.7, "50 23 07 39 67 75 54 26"),
        (0.7, "10 05 08 39 78 85 65"),
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
        (1, "13 02 20 50 81! 54 39 / 15 75"),
        (1, "24 12 20 50 80! 54 39 / 06 86"),
        (1, "13 01 10 31 61 80! 64 39 / 26 76"),
        (1, "22 11 20 60 70! 53 39 / 16 66"),
        (0.7, "13 11 50 70 63 46 29 / 15 74"),
        (0.7, "24 12 31 60! 45 29"),
        (1, "13 20 60 71 54 28 / 06 76"),
        (1, "12 31 61 72 64 39 / 07 87"),
        (0.4, "12 20 60 71 54 37 28 / 07 46 87"),
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
        (1.5, "40 21 23 44 63 61 40 / 44 25 27 49 68 66 44"),
        (1, "50 31 33 54 73 71 50 / 44 16 18 49 78 76 44"),
        (1, "30 12 33 52 30 / 34 15 28 59 77 54 34"),
        (0.7, "60 40 32 44 66 68 48 46 64 72 60"),
        (0.7, "10 22 44 66 58 38 46 63 81 60 42"),
        (0.7, "60 40 32 43 64 67 48 37 55 72 60"),
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
        (1, "81 40 12 34 72 80! 76 48 08"),
        (1, "71 40 22 34 62 70! 66 38 07"),
        (1, "81 50 22 24 54 81! 85 79 / 47 97"),
        (0.7, "70 30 12 24 64 70! 64 69 / 47 87"),
        (0.7, "60 30 12 24 54 61! 56 28 08"),
        (0.7, "81 50 22 34 63 80! 54 39"),
        (0.5, "60 50 31 42 61 60 65 38 09"),
        (0.5, "71 50 42 53 71! 66 49"),
        (0.5, "14 44 72 60 42 44 57 48 29"),
        (0.4, "13 63 72 50 41 43 47 39"),
        (0.4, "05 45 72 70 51 33 45 57 59"),
        (0.4, "04 54 82 60 42 44 47 49"),
    ],
}

# Letters and symbols that nobody takes for a digit: no O, I, l, Z, S, o, g, q, b, D. One style each, separated by "|".
SYMBOLS = """
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
"""

# Digits that are turned (by quarters) or mirrored, where that makes no digit: digit, quarter turns, mirrored.
TURNED_DIGITS = [
    (2, 1, 0),
    (3, 1, 0),
    (3, 3, 0),
    (3, 0, 1),
    (4, 1, 0),
    (4, 2, 0),
    (4, 3, 0),
    (4, 0, 1),
    (5, 1, 0),
    (5, 3, 0),
]
TURNED_DIGITS += [
    (6, 1, 0),
    (7, 0, 1),
    (7, 2, 0),
    (7, 3, 0),
    (8, 1, 0),
    (9, 1, 0),
    (9, 0, 1),
    (6, 0, 1),
    (1, 1, 0),
    (2, 3, 0),
]

# Strokes drawn at random: how many points each of them has.
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


@cache
def digit_glyphs() -> Glyphs:
    """Every style of every digit."""
    return parse([(digit, often, text) for digit, styles in DIGIT_STYLES.items() for often, text in styles])


@cache
def symbol_glyphs() -> Glyphs:
    """The letters and symbols."""
    return parse([(NOT_A_DIGIT, 1.0, text) for text in SYMBOLS.strip().replace("\n", "|").split("|")])


@cache
def free_glyphs() -> Glyphs:
    """Strokes whose control points the caller draws at random: only how many each stroke has matters."""
    # A zigzag is as long as it has points, so that every stroke gets its part of the samples.
    texts = [" / ".join(" ".join(f"{i}{i % 2}" for i in range(n)) for n in shape) for shape in FREE_SHAPES]
    return parse([(NOT_A_DIGIT, 1.0, text) for text in texts])


def parse(styles: list[tuple[int, float, str]]) -> Glyphs:
    """The glyphs of (label, relative frequency, strokes) triples."""
    parts = zip(*(_matrices(text) for _, _, text in styles), strict=True)
    curves, straight, controls, strokes = (torch.stack(part) for part in parts)
    frequency, label = torch.tensor([s[1] for s in styles]), torch.tensor([s[0] for s in styles])
    return Glyphs(curves, straight, controls, strokes, frequency, label)


def _matrices(text: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """curves, straight, controls and strokes of one glyph; see Glyphs."""
    strokes = [_Stroke(part) for part in text.split("/")]
    counts = _sample_counts([stroke.lengths[-1].item() for stroke in strokes])
    curves, straight = torch.zeros(2, SAMPLES, CONTROLS)
    controls, owner = torch.zeros(CONTROLS, 2), torch.zeros(CONTROLS, dtype=torch.int64)
    row = column = 0
    for number, (stroke, count) in enumerate(zip(strokes, counts, strict=True)):
        rows, columns = slice(row, row + count), slice(column, column + len(stroke.corners))
        even = stroke.even_parameters(count)
        curves[rows, columns] = spline_weights(even, stroke.corners)
        straight[rows, columns] = linear_weights(even, len(stroke.corners))
        controls[columns], owner[columns] = stroke.controls, number
        row, column = rows.stop, columns.stop
    return curves, straight, controls, owner


def _sample_counts(lengths: list[float]) -> list[int]:
    """SAMPLES divided among strokes in proportion to their lengths, at least 4 each."""
    spare = SAMPLES - 4 * len(lengths)
    counts = [4 + int(spare * length / sum(lengths)) for length in lengths]
    counts[0] += SAMPLES - sum(counts)
    return counts


class _Stroke:
    """One stroke of a glyph: its K control points in 0..1, which of them are corners, and its length so far."""

    def __init__(self, text: str) -> None:
        points = text.split()
        self.controls = torch.tensor([[int(point[0]), int(point[1])] for point in points]) / 9
        self.corners = [i in (0, len(points) - 1) or point.endswith("!") for i, point in enumerate(points)]
        self.parameters = torch.linspace(0, len(points) - 1, 60)
        path = spline_weights(self.parameters, self.corners) @ self.controls
        self.lengths = torch.cat([torch.zeros(1), path.diff(dim=0).norm(dim=1).cumsum(0)])

    def even_parameters(self, count: int) -> Tensor:
        """`count` parameters (0..K-1) at even distances along the stroke."""
        wanted = torch.linspace(0, self.lengths[-1].item(), count)
        right = torch.searchsorted(self.lengths, wanted).clamp(1, len(self.lengths) - 1)
        left = right - 1
        gap = (self.lengths[right] - self.lengths[left]).clamp(min=1e-9)
        fraction = ((wanted - self.lengths[left]) / gap).clamp(0, 1)
        return self.parameters[left] + fraction * (self.parameters[right] - self.parameters[left])


def linear_weights(parameters: Tensor, points: int) -> Tensor:
    """Weights of control points at `parameters` (0..points-1), with straight lines between them: len x points."""
    i, u = _segments(parameters, points)
    return torch.zeros(len(parameters), points).scatter_add(1, torch.stack([i, i + 1], 1), torch.cat([1 - u, u], 1))


def spline_weights(parameters: Tensor, corners: list[bool]) -> Tensor:
    """Weights of a stroke's K control points at `parameters` (0..K-1): len x K.

    A Catmull-Rom spline, which passes through its points and is linear in them; corners (and ends) stay sharp.
    """
    i, u = _segments(parameters, len(corners))
    sharp = torch.tensor(corners)
    before, after = torch.where(sharp[i], i, i - 1), torch.where(sharp[i + 1], i + 1, i + 2)
    basis = [-u + 2 * u**2 - u**3, 2 - 5 * u**2 + 3 * u**3, u + 4 * u**2 - 3 * u**3, u**3 - u**2]
    weights = torch.zeros(len(parameters), len(corners))
    return weights.scatter_add(1, torch.stack([before, i, i + 1, after], 1), torch.cat(basis, 1) / 2)


def _segments(parameters: Tensor, points: int) -> tuple[Tensor, Tensor]:
    """The segment that each parameter falls in, and where in it (0..1): len, and len x 1."""
    i = parameters.long().clamp(max=points - 2)
    return i, (parameters - i)[:, None]
