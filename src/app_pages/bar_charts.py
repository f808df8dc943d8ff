"""Lying bars with their values written behind them: names stay readable on a phone, and no axis is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app_pages.charts import INK, PALETTE, TEXT_SIZE, Axis, Figure, Number, Spec, axis_of, by_series, specification

THICKNESS, GAP = 20, 8  # pixels of a bar, and between two categories
LETTER = 6.5  # pixels that a letter takes on average
NARROW = 240  # pixels of a plot on a phone
MOST_WORDS = 0.6  # of its width, for what is written behind the bars


class Bar(NamedTuple):
    """A category's value, from 0 up, the ends of its confidence interval, and a note to be written behind it."""

    category: str
    value: Number
    low: Number = None
    high: Number = None
    note: str = ""


class Group(NamedTuple):
    """Bars of one kind: a bar of each group stands beside the others of its category."""

    name: str
    bars: Sequence[Bar]


def bars(title: str, description: str, category: str, value: Axis, groups: Sequence[Group]) -> Figure:
    """A bar for each category, or for each group in each category, which then says whose it is.

    `category` is what the bars are of. Raises ValueError for more than MAX_SERIES groups.
    """
    several = len(groups) > 1
    found: list[Spec] = [
        {"category": bar.category, "series": group.name, "value": bar.value, "low": bar.low, "high": bar.high}
        | {"end": bar.high or bar.value or 0}
        | {"text": " ".join(part for part in (several and group.name, _value(value, bar), bar.note) if part)}
        for group in groups
        for bar in group.bars
    ]
    names = list(dict.fromkeys(bar.category for group in groups for bar in group.bars))
    height = len(names) * (THICKNESS * len(groups) + GAP)
    heads = [group.name for group in groups] if several else [value.title]
    return Figure(
        title,
        description,
        specification(value.title, found, height, _layers(groups, names, found)),
        (category, *heads),
        _by_category(value, groups, names),
    )


def _layers(groups: Sequence[Group], names: Sequence[str], found: Sequence[Spec]) -> list[Spec]:
    kinds = [group.name for group in groups]
    axis = axis_of(Axis(""))
    place: Spec = {"y": {"field": "category", "type": "nominal", "sort": names, "axis": axis}}
    if len(kinds) > 1:
        place["yOffset"] = {"field": "series", "sort": kinds}
    room = min(MOST_WORDS, max((len(each["text"]) for each in found), default=0) * LETTER / NARROW)
    longest = max((each["end"] or 0 for each in found), default=0) / (1 - room)
    x = {"type": "quantitative", "scale": {"domain": [0, longest or 1]}, "axis": None}
    words = {"type": "text", "align": "left", "baseline": "middle", "dx": 5, "fontSize": TEXT_SIZE, "fill": INK}
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "cornerRadiusEnd": 2},
            "encoding": place | {"x": x | {"field": "value"}, "color": by_series(kinds, PALETTE)},
        },
        {"mark": words, "encoding": place | {"x": x | {"field": "end"}, "text": {"field": "text"}}},
    ]
    if any(each["low"] is not None for each in found):
        rule = {"type": "rule", "color": INK, "strokeWidth": 1.5}
        layers.append({"mark": rule, "encoding": place | {"x": x | {"field": "low"}, "x2": {"field": "high"}}})
    return layers


def _value(value: Axis, bar: Bar) -> str:
    return value.text(bar.value) or "none"


def _by_category(value: Axis, groups: Sequence[Group], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """A row for each category, a column for each group."""
    cells = {
        (group.name, bar.category): f"{value.interval(bar.value, bar.low, bar.high)} {bar.note}".strip()
        for group in groups
        for bar in group.bars
    }
    return tuple((name, *(cells.get((group.name, name), "") for group in groups)) for name in names)
