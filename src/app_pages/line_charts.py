"""Lines over time, or over anything else: each with its colour, dashes and shape, and the band of its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app_pages.charts import INK, PALETTE, TEXT_SIZE, Axis, Figure, Number, Spec, axis_of, by_series, specification, utc

DASHES = ([1, 0], [7, 3], [2, 2], [10, 3, 2, 3], [14, 4], [4, 6])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
MAX_SYMBOLS = 40  # points of a series that are drawn one by one; a longer line is a line alone
HEIGHT = 240  # pixels


class Point(NamedTuple):
    """A measurement, and the ends of its confidence interval where it has one. None leaves a gap in the line."""

    x: float | datetime
    y: Number
    low: Number = None
    high: Number = None


class Series(NamedTuple):
    """The points of one line, in the order of their x."""

    name: str
    points: Sequence[Point]


class Marker(NamedTuple):
    """Something that happened at an x, drawn as a vertical rule with its name."""

    x: float | datetime
    name: str


def lines(
    title: str,
    description: str,
    x: Axis,
    y: Axis,
    series: Sequence[Series],
    markers: Sequence[Marker] = (),
    limits: tuple[Number, Number] = (None, None),
) -> Figure:
    """A line for each series, and rules where something happened.

    `limits` are the ends of the y axis, None for those of the data; what lies beyond is cut off, and in the table only.
    Raises ValueError for more than MAX_SERIES series.
    """
    found = [{"series": each.name} | _row(point) for each in series for point in each.points]
    layers = [*_rules(x, markers), *_band(x, y, limits, series), *_lines(x, y, limits, series)]
    rows = _by_x(x, y, series)
    return Figure(
        title, description, specification(y.title, found, HEIGHT, layers), (x.title, *(s.name for s in series)), rows
    )


def _row(point: Point) -> Spec:
    return {"x": _plain(point.x), "y": point.y, "low": point.low, "high": point.high}


def _lines(x: Axis, y: Axis, limits: tuple[Number, Number], series: Sequence[Series]) -> list[Spec]:
    names = [each.name for each in series]
    symbols = all(len(each.points) <= MAX_SYMBOLS for each in series)
    told = _legend(names)
    channels = [("color", PALETTE), ("strokeDash", DASHES)] + ([("shape", SHAPES)] if symbols else [])
    by_name = {channel: by_series(names, values) | told for channel, values in channels}
    place = {"x": _x(x), "y": _y(y, limits)}
    tooltip = [{"field": "series", "title": " "}, _tooltip(x, "x"), _tooltip(y, "y")]
    line = {"type": "line", "strokeWidth": 2.5, "clip": True}
    point = {"type": "point", "filled": True, "size": 36, "opacity": 1 if symbols else 0, "clip": True}
    return [
        {"mark": line, "encoding": place | {name: by_name[name] for name in ("color", "strokeDash")}},
        {"mark": point, "encoding": place | by_name | {"tooltip": tooltip}},
    ]


def _legend(names: Sequence[str]) -> Spec:
    """Above the chart where there is something to tell apart. A layer without one would take it from the others."""
    place = {"orient": "top", "direction": "vertical", "columns": 1, "offset": 6}
    legend = place | {"title": None, "symbolSize": 120, "symbolOpacity": 1}
    return {"legend": legend if len(names) > 1 else None}


def _band(x: Axis, y: Axis, limits: tuple[Number, Number], series: Sequence[Series]) -> list[Spec]:
    if all(point.low is None for each in series for point in each.points):
        return []
    ends = {"y": _y(y, limits) | {"field": "low"}, "y2": {"field": "high"}}
    names = [each.name for each in series]
    color = by_series(names, PALETTE) | _legend(names)
    mark = {"type": "area", "opacity": 0.16, "clip": True}
    return [{"mark": mark, "encoding": {"x": _x(x), "color": color} | ends}]


def _rules(x: Axis, markers: Sequence[Marker]) -> list[Spec]:
    if not markers:
        return []
    data = {"values": [{"x": _plain(each.x), "name": each.name} for each in markers]}
    rule = {"type": "rule", "color": INK, "opacity": 0.55}
    name = {"type": "text", "angle": 270, "align": "right", "baseline": "bottom", "dx": -4, "dy": -3}
    at_the_top = {"x": _x(x), "y": {"value": 0}, "text": {"field": "name"}}
    return [
        {"data": data, "mark": rule, "encoding": {"x": _x(x)}},
        {"data": data, "mark": name | {"fill": INK, "fontSize": TEXT_SIZE}, "encoding": at_the_top},
    ]


def _x(x: Axis) -> Spec:
    if x.kind == "time":
        return {"field": "x", "type": "temporal", "scale": {"type": "utc"}, "axis": axis_of(x) | {"tickCount": 5}}
    return {"field": "x", "type": "quantitative", "scale": {"zero": False, "nice": False}, "axis": axis_of(x)}


def _y(y: Axis, limits: tuple[Number, Number]) -> Spec:
    ends = {end: value for end, value in zip(("domainMin", "domainMax"), limits, strict=True) if value is not None}
    return {"field": "y", "type": "quantitative", "scale": {"zero": False} | ends, "axis": axis_of(y) | {"title": None}}


def _tooltip(axis: Axis, field: str) -> Spec:
    if axis.kind == "time":
        clock = {"timeUnit": "utcyearmonthdatehoursminutes", "format": "%Y-%m-%d %H:%M"}
        return {"field": field, "type": "temporal", "title": axis.title} | clock
    form = {"percent": ".2%", "count": ",d"}.get(axis.kind, ".4~g")
    return {"field": field, "type": "quantitative", "title": axis.title, "format": form}


def _by_x(x: Axis, y: Axis, series: Sequence[Series]) -> tuple[tuple[str, ...], ...]:
    """A row for each x, a column for each series."""
    cells = {
        each.name: {point.x: y.interval(point.y, point.low, point.high) for point in each.points} for each in series
    }
    places = {_plain(point.x): point.x for each in series for point in each.points}
    return tuple((x.text(at), *(cells[each.name].get(at, "") for each in series)) for _, at in sorted(places.items()))


def _plain(x: float | datetime) -> float | str:
    return f"{utc(x):%Y-%m-%dT%H:%M:%SZ}" if isinstance(x, datetime) else x
