"""Canvas -> strokes: the pen strokes in the Fabric.js JSON of the drawing canvas."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Of a drawing. A pen gives 60 points a second, and a stroke takes a third of a second: 6,000 points are a pen that does
# not rest for 100 seconds, and 500 strokes are more than two hundred digits have. Whatever sends more is no hand.
MAX_STROKES, MAX_POINTS = 500, 6_000


class TooMuchDrawn(ValueError):
    """There is more on a canvas than a hand draws."""

    def __init__(self) -> None:
        super().__init__("There is too much on this canvas: clear it, and draw again.")


def strokes_of(json_data: dict[str, Any] | None) -> list[Floats]:
    """The pen strokes of a canvas's Fabric.js JSON: (n, 2) arrays of x, y in canvas pixels, y pointing down.

    Reads the objects of type path (commands M, L, Q, C, Z, curves flattened) as they were moved, turned and scaled on
    the canvas; every other object, and a malformed path, is skipped. No drawing gives an empty list.

    Raises TooMuchDrawn for more than MAX_STROKES strokes or MAX_POINTS points, before they are processed.
    """
    return [stroke for item in paths_of(json_data) for stroke in _path_strokes(item)]


def paths_of(json_data: Any) -> list[dict[str, Any]]:
    """The path objects in what a canvas says is drawn on it; none in what is no drawing. Raises TooMuchDrawn."""
    objects = json_data.get("objects") if isinstance(json_data, dict) else None
    if not isinstance(objects, list):
        return []
    # They are counted before any is examined: a refusal must cost nothing.
    paths = [item for item in objects if _is_path(item)] if len(objects) <= MAX_STROKES else []
    if len(objects) > MAX_STROKES or sum(len(item["path"]) for item in paths) > MAX_POINTS:
        raise TooMuchDrawn
    return paths


def objects_of(strokes: Sequence[NDArray[Any]], pen: float, colour: str = "#16181f") -> list[dict[str, Any]]:
    """The Fabric.js objects of pen strokes, (n, 2) arrays in canvas pixels, drawn with a pen of `pen` pixels.

    strokes_of() gives the strokes back.
    """
    return [_object(np.asarray(stroke, np.float64), pen, colour) for stroke in strokes if len(stroke)]


def smoothed(objects: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Objects as the pen itself draws them: between three points and more, a curve in place of lines.

    Fabric.js's pencil leaves out the last point but one; the curve passes through the middle between each two of the
    others, and bends towards them.
    """
    return [_curved(item, points) if len(points := _corners(item["path"])) > 2 else item for item in objects]


def _corners(path: list[Any]) -> Floats:
    """The points of a path of straight lines, (n, 2); none of any other, or of a malformed one."""
    try:
        commands = [_command(command) for command in path]
    except ValueError:
        commands = []
    straight = [name for name, _ in commands] == ["M", *"L" * (len(commands) - 1)]
    return np.concatenate([numbers for _, numbers in commands]) if straight else np.empty((0, 2))


def _curved(item: dict[str, Any], points: Floats) -> dict[str, Any]:
    points = np.delete(points, -2, axis=0)
    curves = np.hstack([points[:-1], (points[:-1] + points[1:]) / 2]).tolist()
    path = [item["path"][0], *(["Q", *curve] for curve in curves), ["L", *points[-1].tolist()]]
    return item | {"path": path} | _box(np.concatenate(list(_pieces(path))))


def _object(points: Floats, pen: float, colour: str) -> dict[str, Any]:
    line = points if len(points) > 1 else np.repeat(points, 2, axis=0)  # a dot is a line to where it begins
    return {
        "type": "Path",
        **_box(points),
        "fill": None,
        "stroke": colour,
        "strokeWidth": pen,
        "strokeLineCap": "round",
        "strokeLineJoin": "round",
        "path": [["M", *line[0].tolist()], *(["L", *point.tolist()] for point in line[1:])],
    }


def _box(points: Floats) -> dict[str, Any]:
    """Where an object lies whose path goes through these points."""
    low, high = points.min(0), points.max(0)
    (left, top), (width, height) = ((low + high) / 2).tolist(), (high - low).tolist()
    return {"originX": "center", "originY": "center", "left": left, "top": top, "width": width, "height": height}


def _is_path(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("type"), str)
        and item["type"].lower() == "path"
        and isinstance(item.get("path"), list)
        and item.get("visible", True) is not False
    )


def _path_strokes(item: dict[str, Any]) -> list[Floats]:
    """The strokes of one path object where they lie on the canvas; none if the object is malformed."""
    try:
        pieces = list(_pieces(item["path"]))
        return _placed(item, pieces) if pieces else []
    except ValueError:
        return []


CURVE_STEPS = np.arange(1, 5)[:, None] / 4  # a pen's own curves are a few pixels long: four chords follow them
BINOMIALS = {1: (1, 1), 2: (1, 2, 1), 3: (1, 3, 3, 1)}
NUMBERS = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}  # coordinates of each command


def _pieces(path: list[Any]) -> Iterator[Floats]:
    """The strokes of one path in its own coordinates, one for each M; ValueError for malformed commands."""
    points: list[Floats] = []
    for command in path:
        name, numbers = _command(command)
        if name == "M":
            if points:
                yield np.concatenate(points)
            points = [numbers]
        elif not points:
            raise ValueError("A path begins with M.")
        else:
            points.append(points[0] if name == "Z" else _flattened(points[-1][-1:], numbers))
    if points:
        yield np.concatenate(points)


def _command(command: Any) -> tuple[str, Floats]:
    """A command's name and its points, (k, 2)."""
    if not isinstance(command, list) or not command or not isinstance(command[0], str):
        raise ValueError("A path is made of commands.")
    name, numbers = command[0], command[1:]
    if NUMBERS.get(name) != len(numbers) or not all(map(_is_number, numbers)):
        raise ValueError("A path's command is a letter and its numbers.")
    return name, np.asarray(numbers, np.float64).reshape(-1, 2)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e6


def _flattened(start: Floats, rest: Floats) -> Floats:
    """The points of a Bezier curve of degree 1 to 3 from `start`, its control points and its end, without the start."""
    degree = len(rest)
    if degree == 1:
        return rest
    k = np.arange(degree + 1)
    weights = BINOMIALS[degree] * CURVE_STEPS**k * (1 - CURVE_STEPS) ** (degree - k)
    points: Floats = weights @ np.concatenate([start, rest])
    return points


# Where an origin lies in its object, as a fraction of its size from the middle.
ORIGINS = {"left": -0.5, "top": -0.5, "center": 0.0, "right": 0.5, "bottom": 0.5}


def _placed(item: dict[str, Any], pieces: list[Floats]) -> list[Floats]:
    """A path's pieces where the object lies on the canvas, as Fabric.js 7 draws it.

    The path turns, grows and skews about the middle of its bounding box; `left`, `top` and the origins say where that
    middle lies (by default they are the middle itself).
    """
    points = np.concatenate(pieces)
    low, high = points.min(0), points.max(0)
    scale = _scale_and_skew(item)
    turn = _rotation(_number(item, "angle", 0))
    size = np.array([_number(item, "width", high[0] - low[0]), _number(item, "height", high[1] - low[1])])
    size = np.abs(scale) @ (size + _number(item, "strokeWidth", 1))
    origin = np.array([_origin(item, "originX"), _origin(item, "originY")])
    middle = np.array([_number(item, "left", 0), _number(item, "top", 0)]) - turn @ (origin * size)
    return [(piece - (low + high) / 2) @ (turn @ scale).T + middle for piece in pieces]


def _scale_and_skew(item: dict[str, Any]) -> Floats:
    """The (2, 2) matrix of an object's scales, flips and skews, composed in Fabric's order."""
    flips = [-1 if item.get(name) is True else 1 for name in ("flipX", "flipY")]
    scale = np.diag([flips[0] * _number(item, "scaleX", 1), flips[1] * _number(item, "scaleY", 1)])
    skew_x, skew_y = (math.tan(math.radians(_number(item, name, 0))) for name in ("skewX", "skewY"))
    matrix: Floats = scale @ np.array([[1, skew_x], [0, 1]]) @ np.array([[1, 0], [skew_y, 1]])
    return matrix


def _rotation(degrees: float) -> Floats:
    """The (2, 2) matrix that turns clockwise on a canvas whose y points down."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, -s], [s, c]])


def _number(item: dict[str, Any], name: str, default: float) -> float:
    value = item.get(name, default)
    if not _is_number(value):
        raise ValueError(f"{name} is a number.")
    return float(value)


def _origin(item: dict[str, Any], name: str) -> float:
    value = item.get(name, "center")
    if isinstance(value, str) and value in ORIGINS:
        return ORIGINS[value]
    return _number(item, name, 0.5) - 0.5
