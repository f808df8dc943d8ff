"""A drawing's measures, the same however it comes in, and its strokes, bounded."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from frames.drawing import MAX_STROKE_POINTS, Drawing, from_picture, from_strokes, measure_strokes, strokes_json, within
from frames.masks import NoInk
from frames.preprocessing import frame_pixels, frame_strokes

SIDE = 300


def line(lean: float, length: float = 150) -> np.ndarray:
    """A line that leans so many degrees to the right, in the middle of the canvas."""
    along = np.linspace(-length / 2, length / 2, 60)
    angle = np.radians(lean)
    return np.stack([SIDE / 2 - along * np.sin(angle), SIDE / 2 + along * np.cos(angle)], axis=1)


def picture(stroke: np.ndarray, pen: float, scale: int = 1) -> Image.Image:
    """A stroke on white paper, with round ends."""
    image = Image.new("L", (SIDE * scale, SIDE * scale), 255)
    draw = ImageDraw.Draw(image)
    for x, y in stroke * scale:
        r = pen * scale / 2
        draw.ellipse((x - r, y - r, x + r, y + r), fill=0)
    return image


@pytest.mark.parametrize("lean", [-40, -15, 0, 15, 40])
@pytest.mark.parametrize("pen", [8, 20])
def test_a_canvas_and_its_picture_measure_alike(lean: float, pen: float) -> None:
    drawn = from_strokes([line(lean)], SIDE, pen).measures
    seen = from_picture(picture(line(lean), pen)).measures
    assert drawn is not None
    assert seen is not None
    assert drawn.slant == pytest.approx(lean, abs=1)
    assert seen.slant == pytest.approx(lean, abs=4)
    assert seen.size == pytest.approx(drawn.size, abs=0.03)
    assert seen.pen_width == pytest.approx(drawn.pen_width, rel=0.35, abs=0.025)


def test_a_larger_picture_measures_the_same() -> None:
    small, large = (from_picture(picture(line(20), 12, scale)).measures for scale in (1, 10))
    assert small == pytest.approx(large, abs=0.6, rel=0.1)


def test_a_photograph_s_size_is_a_fraction_of_the_whole() -> None:
    """It is reduced on the way, its ink comes back smaller, and the fraction must not."""
    noise = np.random.default_rng(0).normal(0, 3, (2 * SIDE, 2 * SIDE))
    shaded = np.asarray(picture(line(0), 16, 2), float) * np.linspace(0.6, 1, 2 * SIDE)[:, None] + noise
    measures = from_picture(np.clip(shaded, 0, 255).astype(np.uint8)).measures
    assert measures is not None
    assert measures.size == pytest.approx(166 / SIDE, abs=0.05)


@pytest.mark.parametrize("stroke", [np.array([[5.0, 5.0]]), np.array([[5.0, 9.0], [200.0, 9.0]])])
def test_a_dot_and_a_flat_line_have_measures_within_their_ranges(stroke: np.ndarray) -> None:
    for measures in (measure_strokes([stroke], SIDE, 10), from_picture(picture(stroke, 10)).measures):
        assert measures is not None
        assert 0 < measures.pen_width <= 1
        assert 0 < measures.size <= 1
        assert -90 < measures.slant < 90


def test_dots_that_lie_between_all_samples_are_measured_all_the_same() -> None:
    picture = np.full((400, 400), 255, np.uint8)
    picture[[50, 52, 351], [53, 51, 352]] = 0
    measures = from_picture(picture).measures
    assert measures is not None
    assert 0 < measures.pen_width <= 1
    assert measures.size == pytest.approx(302 / 400, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 299), st.integers(0, 299)), min_size=1, max_size=15))
def test_any_few_dots_have_measures(dots: list[tuple[int, int]]) -> None:
    picture = np.full((300, 300), 255, np.uint8)
    for y, x in dots:
        picture[y, x] = 0
    measures = from_picture(picture).measures
    assert measures is not None
    assert 0 < measures.pen_width <= 1
    assert 0 < measures.size <= 1
    assert -90 < measures.slant < 90


def test_the_frame_is_the_one_that_is_read() -> None:
    image = picture(line(10), 12)
    assert (from_picture(image).frame == frame_pixels(image)).all()
    assert (from_strokes([line(10)], SIDE, 12).frame == frame_strokes([line(10)])).all()
    assert Drawing(frame_pixels(image)).measures is None
    with pytest.raises(NoInk):
        from_picture(Image.new("L", (50, 50), 255))
    with pytest.raises(NoInk):
        from_strokes([], SIDE, 12)


def test_strokes_keep_their_shape_and_both_ends() -> None:
    strokes = [line(10), line(-30, 40), np.array([[7.0, 8.25]])]
    kept = json.loads(strokes_json(strokes))
    assert len(kept) == 3
    for stroke, points in zip(strokes, kept, strict=True):
        assert points[0] == pytest.approx(stroke[0], abs=0.06)
        assert points[-1] == pytest.approx(stroke[-1], abs=0.06)
        gaps = np.linalg.norm(np.asarray(points)[:, None] - stroke[None], axis=2).min(0)
        assert gaps.max() < 3, "no part of a stroke is left out"


@pytest.mark.parametrize("count", [1, 30, 5000])
def test_strokes_are_bounded_however_much_is_drawn(count: int) -> None:
    scribble = np.random.default_rng(0).uniform(0, SIDE, (60_000 // count, 2))
    text = strokes_json([scribble] * count)
    assert sum(map(len, json.loads(text))) <= MAX_STROKE_POINTS
    assert len(json.dumps(json.loads(text))) < 60_000, "as PostgreSQL counts it"
    assert len(json.dumps(json.loads(strokes_json([scribble * 1e9 - 1e10] * count)))) < 60_000


def test_what_runs_outside_the_canvas_is_not_read() -> None:
    """Nobody saw the line that joins the two bars: it went round outside."""
    bar = np.array([[40, 100], [200, 100]], float)
    out = np.array([[200, 100], [470, 100], [520, 110], [560, 200], [540, 290], [470, 300], [40, 300]], float)
    seen = within([np.concatenate([bar, out])], 480, 26)
    assert [part.tolist() for part in seen] == [
        [[40, 100], [200, 100], [200, 100], [470, 100], [520, 110]],
        [[540, 290], [470, 300], [40, 300]],
    ]
    inside = [bar, bar + 20]
    assert within(inside, 480, 26) is inside
    with pytest.raises(NoInk):
        within([bar + 1000], 480, 26)
    around = from_strokes([np.concatenate([bar, out])], 480, 26)
    assert np.array_equal(around.frame, frame_strokes(seen))
    assert json.loads(around.strokes or "")[0][-1] == [40, 300], "kept as it was drawn"
