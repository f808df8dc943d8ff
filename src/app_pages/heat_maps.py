"""Heat maps: a square of cells, each with its text on a ground the deeper the more it stands out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app_pages.charts import INK, PALETTE, TEXT_SIZE, Axis, Figure, axis_of, specification

DEEPEST = 0.5  # opacity of a cell's ground: the text on it still has 4.5 to 1, in the light and in the dark
CELL = 30  # pixels high


class Cell(NamedTuple):
    """What a cell says, and how deep its ground is (0-1)."""

    text: str
    shade: float = 0.0


def heat_map(
    title: str, description: str, down: str, across: str, names: Sequence[str], cells: Sequence[Sequence[Cell]]
) -> Figure:
    """A heat map; `names` are those of its rows as of its columns, `down` and `across` what these are."""
    found = [
        {"down": names[row], "across": names[column], "text": cell.text, "shade": cell.shade * DEEPEST}
        for row, line in enumerate(cells)
        for column, cell in enumerate(line)
    ]
    axis = axis_of(Axis("")) | {"labelAngle": 0, "domain": False, "ticks": False}
    nominal = {"type": "nominal", "sort": list(names)}
    place = {
        "x": nominal | {"field": "across", "axis": axis | {"title": across, "orient": "top"}},
        "y": nominal | {"field": "down", "axis": axis},
    }
    ground = {"field": "shade", "type": "quantitative", "scale": None, "legend": None}
    words = {"type": "text", "fontSize": TEXT_SIZE, "fill": INK}
    layers = [
        {"mark": {"type": "rect", "color": PALETTE[1]}, "encoding": place | {"fillOpacity": ground}},
        {"mark": words, "encoding": place | {"text": {"field": "text"}}},
    ]
    rows = tuple((name, *(cell.text for cell in line)) for name, line in zip(names, cells, strict=True))
    spec = specification(f"{down} (down)", found, len(names) * CELL, layers)
    return Figure(title, description, spec, (f"{down} \\ {across}", *names), rows)
