"""Several digits in one picture or canvas: lines, pieces, candidates, and the way through them.

Covers src/frames: cuts, lattice, text_lines.
"""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from frames.cuts import cuts
from frames.ink import find_ink
from frames.lattice import Lattice
from frames.masks import NoInk
from frames.segmentation import MOST_IN_DOUBT, TooManyDigits, in_picture, in_strokes
from frames.text_lines import lines_of
from support.digits import DIGITS, line
from support.sketches import painted

SIDE = 120


def strokes_of(index: int, right: float = 0, down: float = 0) -> list[NDArray[np.float64]]:
    """One of DIGITS, SIDE high and wide, moved."""
    return [np.array(stroke) * SIDE + (right, down) for stroke in DIGITS[index][1]]


def drawn(strokes: list[NDArray[np.float64]], size: tuple[int, int], pen: float = 9) -> NDArray[np.uint8]:
    """Strokes on white paper of (width, height)."""
    return painted(strokes, size=max(size), pen=pen, scale=1, at=(0, 0))[: size[1], : size[0]]


def perfect(lattice: Lattice, boxes: list[tuple[float, float]]) -> list[list[tuple[int, int, int, int]]]:
    """The boxes that are chosen where the network is sure of what lies between these columns, and of nothing else."""
    scores = [
        0.999 if any(abs(c.bounds[0] - low) < 6 and abs(c.bounds[2] - high) < 6 for low, high in boxes) else 0.001
        for c in lattice.candidates
    ]
    chosen = lattice.choose(scores, [0.99 if score > 0.5 else 0.3 for score in scores])
    return [[lattice.find(lattice.candidates[k]).box for k, _ in each] for each in chosen]


def test_digits_apart_are_found_in_their_order_with_their_boxes() -> None:
    picture = drawn([*strokes_of(0), *strokes_of(3, SIDE), *strokes_of(15, 2 * SIDE)], (3 * SIDE, SIDE))
    lattice = in_picture(picture)
    ink = picture < 128
    left = int(np.flatnonzero(ink.any(0))[0])
    spans = []
    for k in range(3):
        columns = np.flatnonzero(ink[:, k * SIDE : (k + 1) * SIDE].any(0)) + k * SIDE - left
        spans.append((float(columns[0]), float(columns[-1] + 1)))
    (boxes,) = perfect(lattice, spans)
    assert len(boxes) == 3
    for k, (x, y, w, h) in enumerate(boxes):
        inside = ink[y : y + h, x : x + w]
        assert inside.sum() >= 0.98 * ink[:, k * SIDE : (k + 1) * SIDE].sum()


def test_touching_digits_have_a_cut_between_them() -> None:
    ring = [np.array([(60 + 40 * math.cos(a), 60 + 50 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 60)])]
    both = drawn([*ring, *[stroke + np.array([86, 0]) for stroke in ring]], (260, 120)) < 128
    rows, columns = np.flatnonzero(both.any(1)), np.flatnonzero(both.any(0))
    component = both[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    found = cuts(component, 10)
    middle = component.shape[1] / 2
    assert any(abs(cut.columns.mean() - middle) < 6 and cut.ink < 3 for cut in found)
    for one, other in pairwise(found):
        assert np.all(one.columns <= other.columns), "no two cuts cross"


def test_a_single_stroke_is_not_cut() -> None:
    assert cuts(np.ones((100, 8), np.bool_), 9) == []


def test_a_digit_of_several_strokes_and_its_parts_are_candidates() -> None:
    four = strokes_of(9)
    lattice = in_strokes([*four, *strokes_of(3, SIDE)], 3 * SIDE, SIDE, 9)
    runs = {frozenset(candidate.pieces) for candidate in lattice.candidates}
    assert {frozenset({0}), frozenset({1}), frozenset({0, 1}), frozenset({2})} <= runs
    whole = next(c for c in lattice.candidates if c.pieces == frozenset({0, 1}))
    found = lattice.find(whole)
    assert found.name == "0", "its first stroke names it, so that it stays the same when the second one comes"
    assert found.drawing.canvas == (SIDE, 9)
    assert found.drawing.strokes is not None
    assert len(json.loads(found.drawing.strokes)) == 2


def test_strokes_drawn_later_are_candidates_too() -> None:
    """The bar of a seven may come after the next digit, and a bar over the next digit was still drawn before it."""
    body, bar = strokes_of(16)
    lattice = in_strokes([body, *strokes_of(3, SIDE), bar], 3 * SIDE, SIDE, 9)
    assert frozenset({0, 2}) in {candidate.pieces for candidate in lattice.candidates}


def test_boxes_are_in_the_pixels_of_the_picture_that_was_sent() -> None:
    picture = Image.fromarray(drawn(strokes_of(3), (SIDE, SIDE)))
    small, large = in_picture(picture), in_picture(picture, size=(10 * SIDE, 10 * SIDE))
    for one, other in zip(small.candidates, large.candidates, strict=True):
        assert np.allclose(10 * np.array(small.find(one).box), large.find(other).box, atol=6)


def test_nothing_drawn_is_said() -> None:
    with pytest.raises(NoInk):
        in_picture(Image.new("L", (300, 100), 255))
    with pytest.raises(NoInk):
        in_strokes([], 300, 100, 9)


def _dots(side: int, apart: int) -> NDArray[np.uint8]:
    """Dots of two by two pixels all over a picture."""
    dots = np.full((side, side), 255, np.uint8)
    dots[::apart, ::apart] = dots[1::apart, ::apart] = dots[::apart, 1::apart] = dots[1::apart, 1::apart] = 0
    return dots


def test_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooManyDigits, match="at most 200 digits"):
        in_picture(_dots(1000, 12))
    with pytest.raises(TooManyDigits):
        in_strokes([np.array([[k, 5.0], [k, 50]]) for k in range(1100)], 2000, 100, 9)


def test_other_ways_to_take_a_picture_cost_no_refusal_and_no_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way that has too much in it, or with which all of them would have, is not looked at; the next one is."""
    simple = find_ink(_dots(60, 20))
    found = [find_ink(_dots(1000, 12)), simple, *[find_ink(_dots(120, 12))] * 20, simple]
    alone = len(in_picture(simple.pixels).candidates)
    monkeypatch.setattr("frames.segmentation.find_ink", lambda *_: simple._replace(others=tuple(found)))
    lattice = in_picture(simple.pixels)
    counts = [len(each.candidates) for each in lattice.others]
    assert counts[0] == alone
    assert counts[-1] == alone
    assert 3 <= len(counts) < 22
    assert alone + sum(counts) <= MOST_IN_DOUBT


# --- Lines ------------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    slope=st.floats(-8, 8),
    rows=st.integers(1, 4),
    columns=st.integers(2, 6),
)
def test_lines_are_found_however_they_slope(slope: float, rows: int, columns: int) -> None:
    random = np.random.default_rng(rows * 100 + columns)
    boxes, truth = [], []
    for row in range(rows):
        for column in range(columns):
            height = 60 * random.uniform(1, 1.6)
            x = column * 90.0
            foot = row * 170 + math.tan(math.radians(slope)) * x + random.uniform(-6, 6)
            boxes.append([x, foot - height, x + 50, foot])
            truth.append(row)
    found = lines_of(np.array(boxes))
    assert [sorted({truth[k] for k in each}) for each in found] == [[row] for row in range(rows)]


def test_a_low_stroke_belongs_to_the_line_that_is_nearest() -> None:
    boxes = np.array(
        [[0, 0, 50, 100], [60, 0, 110, 100], [0, 200, 50, 300], [60, 210, 100, 225], [45, -5, 75, 8]], float
    )
    assert [sorted(each) for each in lines_of(boxes)] == [[0, 1, 4], [2, 3]]


def test_an_empty_corner_of_the_canvas_is_no_digit() -> None:
    lattice = in_strokes([np.array(line((0.3, 0.1), (0.3, 0.9))) * SIDE], 3 * SIDE, SIDE, 9)
    assert [len(each.candidates) for each in lattice.lines] == [1]
