"""The canvas's JSON gives the strokes where they lie on the canvas; everything else in it is skipped."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from frames.canvas import MAX_POINTS, MAX_STROKES, objects_of, smoothed, strokes_of
from frames.preprocessing import frame_strokes
from support.sketches import THREE, difference


def fabric(path: Sequence[Sequence[Any]], /, **changes: Any) -> dict[str, Any]:
    """A drawing of one path as the canvas sends it, centred where the path is."""
    numbers = [n for command in path for n in command[1:]]
    x, y = np.array(numbers[0::2], float), np.array(numbers[1::2], float)
    item = {
        "type": "Path",
        "version": "7.4.0",
        "originX": "center",
        "originY": "center",
        "left": float(x.min() + x.max()) / 2,
        "top": float(y.min() + y.max()) / 2,
        "width": float(np.ptp(x)),
        "height": float(np.ptp(y)),
        "fill": None,
        "stroke": "#000",
        "strokeWidth": 18,
        "scaleX": 1,
        "scaleY": 1,
        "angle": 0,
        "flipX": False,
        "flipY": False,
        "skewX": 0,
        "skewY": 0,
        "visible": True,
        "path": [list(command) for command in path],
    }
    return {"version": "7.4.0", "objects": [item | changes]}


ANGLE = [["M", 10, 10], ["L", 10, 50], ["L", 30, 50]]
ANGLE_POINTS = np.array([[10, 10], [10, 50], [30, 50]], float)


def only(drawing: dict[str, Any]) -> NDArray[np.float64]:
    (stroke,) = strokes_of(drawing)
    return stroke


def test_a_path_lies_where_it_was_drawn() -> None:
    np.testing.assert_allclose(only(fabric(ANGLE)), ANGLE_POINTS)


@pytest.mark.parametrize("drawing", [None, {}, {"objects": []}, {"objects": None}, {"objects": [{"type": "Rect"}]}])
def test_an_empty_drawing_has_no_strokes(drawing: dict[str, Any] | None) -> None:
    assert strokes_of(drawing) == []


def test_each_m_begins_a_stroke_and_z_closes_one() -> None:
    path: list[list[Any]] = [["M", 0, 0], ["L", 10, 0], ["L", 10, 10], ["Z"], ["M", 30, 30], ["L", 40, 40]]
    first, second = strokes_of(fabric(path))
    np.testing.assert_allclose(first, [[0, 0], [10, 0], [10, 10], [0, 0]])
    np.testing.assert_allclose(second, [[30, 30], [40, 40]])


def test_curves_are_flattened_on_the_curve() -> None:
    quadratic = only(fabric([["M", 0, 0], ["Q", 50, 100, 100, 0]], left=50, top=25, height=50))
    t = np.linspace(0, 1, len(quadratic))
    np.testing.assert_allclose(quadratic, np.stack([100 * t, 200 * t * (1 - t)], 1), atol=1e-9)
    cubic = only(fabric([["M", 0, 0], ["C", 0, 40, 100, -40, 100, 0]], left=50, top=0))
    t = np.linspace(0, 1, len(cubic))
    y = 120 * t * (1 - t) ** 2 - 120 * t**2 * (1 - t)
    np.testing.assert_allclose(cubic, np.stack([300 * t**2 * (1 - t) + 100 * t**3, y], 1), atol=1e-9)


def test_a_moved_path_is_where_it_was_moved() -> None:
    np.testing.assert_allclose(only(fabric(ANGLE, left=120, top=130)), ANGLE_POINTS + 100)


def test_a_scaled_path_grows_about_its_middle() -> None:
    middle = np.array([20, 30])
    stretched = (ANGLE_POINTS - middle) * (3, 0.5) + middle
    np.testing.assert_allclose(only(fabric(ANGLE, scaleX=3, scaleY=0.5)), stretched)


def test_a_turned_path_turns_clockwise() -> None:
    np.testing.assert_allclose(only(fabric(ANGLE, angle=90)), [[40, 20], [0, 20], [0, 40]], atol=1e-9)


def test_a_flipped_path_is_mirrored() -> None:
    np.testing.assert_allclose(only(fabric(ANGLE, flipX=True)), [[30, 10], [30, 50], [10, 50]])
    np.testing.assert_allclose(only(fabric(ANGLE, flipY=True)), [[10, 50], [10, 10], [30, 10]])


def test_a_skewed_path_leans() -> None:
    np.testing.assert_allclose(only(fabric(ANGLE, skewX=45)), [[-10, 10], [30, 50], [50, 50]], atol=1e-9)


def test_an_origin_at_a_corner_counts_the_pens_width() -> None:
    """Fabric's left and top are then the outer edge of the ink: 9 pixels beyond the points for a pen of 18."""
    placed = only(fabric(ANGLE, originX="left", originY="top", left=1, top=1))
    np.testing.assert_allclose(placed, ANGLE_POINTS)
    placed = only(fabric(ANGLE, originX="right", originY="bottom", left=39, top=59))
    np.testing.assert_allclose(placed, ANGLE_POINTS)
    turned = only(fabric(ANGLE, originX="left", originY="top", left=0, top=0, angle=90, strokeWidth=0))
    np.testing.assert_allclose(turned, [[0, 0], [-40, 0], [-40, 20]], atol=1e-9)
    numbered = only(fabric(ANGLE, originX=0, originY=1, left=1, top=59))
    np.testing.assert_allclose(numbered, ANGLE_POINTS)


def test_unknown_and_hidden_objects_are_skipped() -> None:
    drawing = fabric(ANGLE)
    hidden = fabric(ANGLE, visible=False)["objects"]
    drawing["objects"] += [{"type": "Circle", "radius": 4}, {"type": "Path"}, None, 7, "path", [], *hidden]
    assert len(strokes_of(drawing)) == 1


MALFORMED: dict[str, dict[str, Any]] = {
    "path of text": {"path": "M 0 0 L 10 10"},
    "command of text": {"path": ["M", 0, 0]},
    "empty command": {"path": [[]]},
    "command of numbers": {"path": [[1, 2, 3]]},
    "unknown command": {"path": [["M", 0, 0], ["A", 1, 1, 0, 0, 1, 5, 5]]},
    "too few numbers": {"path": [["M", 0]]},
    "no first M": {"path": [["L", 0, 0]]},
    "no commands": {"path": []},
    "not a number": {"path": [["M", math.nan, 0], ["L", 1, 1]]},
    "infinite": {"path": [["M", math.inf, 0], ["L", 1, 1]]},
    "huge": {"path": [["M", 1e300, 0], ["L", 1, 1]]},
    "huge integer": {"path": [["M", 10**400, 0], ["L", 1, 1]]},
    "text for a number": {"path": [["M", "0", 0], ["L", 1, 1]]},
    "true for a number": {"path": [["M", True, 0], ["L", 1, 1]]},
    "nested": {"path": [["M", [0], {}], ["L", 1, 1]]},
    "left of text": {"left": "10"},
    "angle that is not a number": {"angle": math.nan},
    "infinite scale": {"scaleX": math.inf},
    "unknown origin": {"originX": "middle"},
    "origin in a list": {"originX": []},
    "width of null": {"width": None},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_object_is_skipped(name: str) -> None:
    drawing = fabric(ANGLE)
    drawing["objects"].append({**drawing["objects"][0], **MALFORMED[name]})
    np.testing.assert_allclose(only(drawing), ANGLE_POINTS)


@pytest.mark.parametrize("drawing", [[], "objects", 7, {"objects": {"0": {}}}, {"objects": "Path"}])
def test_json_that_is_not_a_drawing_has_no_strokes(drawing: Any) -> None:
    assert strokes_of(drawing) == []


def test_what_a_hand_draws_without_a_rest_is_taken() -> None:
    """A number of twenty digits, of two strokes and a second each."""
    strokes = [np.cumsum(np.full((60, 2), 1.5), 0) + n for n in range(40)]
    assert len(strokes_of({"objects": objects_of(strokes, 18)})) == 40


def test_a_stroke_is_shown_as_the_curve_that_the_pen_drew() -> None:
    """As Fabric.js 7 makes a path of a pencil's points; browser/test_desk.py compares the two by what is seen."""
    (shown,) = smoothed(objects_of([np.array([[10, 10], [30, 10], [50, 30], [51, 50], [50, 60]])], 18))
    assert shown["path"] == [
        ["M", 10, 10],
        ["Q", 10, 10, 20, 10],
        ["Q", 30, 10, 40, 20],
        ["Q", 50, 30, 50, 45],
        ["L", 50, 60],
    ]
    assert [shown[name] for name in ("left", "top", "width", "height")] == [30, 35, 40, 50]


@pytest.mark.parametrize(
    "path", [[["M", 1, 1], ["L", 9, 9]], [["M", 1, 1], ["Q", 2, 2, 3, 3], ["L", 4, 4]], [7, "L", {}]]
)
def test_what_is_no_line_of_three_points_is_shown_as_it_is(path: list[Any]) -> None:
    item = {"type": "Path", "path": path, "left": 7}
    assert smoothed([item]) == [item]


def test_a_drawing_of_more_than_a_hand_draws_is_refused_at_once() -> None:
    long = [["M", 0, 0]] + [["L", 1, 1]] * MAX_POINTS
    dots = objects_of([np.array([[n % 300, n // 300]]) for n in range(90_000)], 18)
    start = time.thread_time()
    with pytest.raises(ValueError, match="too much on this canvas"):
        strokes_of({"objects": [{"type": "Path", "path": long}]})
    with pytest.raises(ValueError, match="too much on this canvas"):
        strokes_of({"objects": dots})
    with pytest.raises(ValueError, match="too much on this canvas"):
        strokes_of({"objects": dots[: MAX_STROKES + 1]})
    assert time.thread_time() - start < 0.5


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["path", "left", "angle", "scaleX", "originX", "width", "skewX"]), ANY_JSON))
def test_any_json_gives_strokes_that_can_be_drawn(changes: dict[str, Any]) -> None:
    for stroke in strokes_of(fabric(ANGLE, **changes)):
        assert stroke.shape[1] == 2
        assert np.isfinite(stroke).all()
        assert frame_strokes([stroke]).shape == (28, 28)


def test_a_drawing_moved_and_grown_on_the_canvas_has_the_same_frame() -> None:
    path: list[list[Any]] = [["M", *THREE[0][0]], *(["L", *point] for point in THREE[0][1:])]
    here = frame_strokes(strokes_of(fabric(path)))
    there = frame_strokes(strokes_of(fabric(path, left=200, top=150, scaleX=2, scaleY=2)))
    assert difference(here, there) < 0.05
