"""Charts with a table behind each, that are read on a phone, in the dark, and without seeing colour.

`line_charts`, `bar_charts` and `heat_maps` make figures; `show` shows one. A chart is a Vega-Lite specification, built
here as plain values: importing Altair would take a second and 40 MB more. It is drawn as SVG, whose text and rules take
the page's own colour, so that a change of theme changes them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Literal, NamedTuple

import streamlit as st

from app_pages.style import scrollable, show_stylesheet
from percentages import percent

# After Okabe and Ito (https://jfly.uni-koeln.de/color/), shifted until each has 3 to 1 against the light ground and
# against the dark one. Nothing is told by colour alone: see DASHES and SHAPES in line_charts, and the words on bars.
PALETTE = ("#0072B2", "#D55E00", "#008F68", "#B8609A", "#94700A", "#747C86")
MAX_SERIES = len(PALETTE)
TEXT_SIZE = 12  # pixels

Number = float | None
Spec = dict[str, Any]
INK = "currentColor"


class Axis(NamedTuple):
    """What is measured along an axis. Percentages are given as fractions (0-1); times without a zone are UTC."""

    title: str
    kind: Literal["count", "number", "percent", "time"] = "number"
    places: int = 1
    """Decimal places of a percentage in the table."""

    def text(self, value: float | datetime | None) -> str:
        """A value as the table has it; nothing for None."""
        if value is None:
            return ""
        if isinstance(value, datetime):
            return f"{utc(value):%Y-%m-%d %H:%M}"
        if self.kind == "percent":
            return percent(value, self.places)
        return f"{value:,.0f}" if self.kind == "count" else f"{value:.4g}"

    def interval(self, value: Number, low: Number, high: Number) -> str:
        """A value with its confidence interval, where it has one."""
        if low is None or high is None:
            return self.text(value)
        return f"{self.text(value)} ({self.text(low)} to {self.text(high)})"


@dataclass(frozen=True)
class Figure:
    """A chart, what it shows in a sentence for those who do not see it, and the table behind it.

    The first cell of each row is its heading.
    """

    title: str
    description: str
    spec: Spec
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def show(figure: Figure, note: str = "", level: Literal[2, 3] = 3) -> None:
    """Show a chart under its title (a heading of that level), with a note below it and its table in an expander."""
    show_stylesheet("charts")
    (st.header if level == 2 else st.subheader)(figure.title, anchor=False)
    st.vega_lite_chart(figure.spec, width="stretch", theme=None, alt=f"{figure.title}. {figure.description}")
    if note:
        st.html(f'<p class="chart-note">{escape(note)}</p>')
    with st.expander("As a table"):
        st.html(scrollable(escape(f"{figure.title}, as a table"), table(figure)))


def table(figure: Figure) -> str:
    """The table behind a chart, as HTML."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in figure.heads)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in figure.rows
    )
    return f'<table class="behind"><tr>{head}</tr>{body}</table>'


# --- What all specifications have in common ---------------------------------------------------------------------------


def specification(title: str, values: list[Spec], height: int, layers: list[Spec]) -> Spec:
    """A chart of `values`, as wide as its place and `height` pixels high without its title, legend and axes.

    `title` is what is measured; it stands above the chart, where it takes no width.
    """
    words = {"labelColor": INK, "titleColor": INK, "labelFontSize": TEXT_SIZE, "titleFontSize": 13}
    rules = {"gridColor": INK, "gridOpacity": 0.15, "domainColor": INK, "domainOpacity": 0.5}
    ticks = {"tickColor": INK, "tickOpacity": 0.5, "titleFontWeight": "normal"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {"text": title, "anchor": "start", "frame": "group", "fontSize": 13, "fontWeight": "normal"},
        "data": {"values": values},
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}},
        "layer": layers,
        "config": {
            "background": "transparent",
            "font": '"Source Sans", sans-serif',
            "mark": {"aria": False},  # the description and the table say it; a symbol at a time, nobody could follow
            "view": {"stroke": None},
            "title": {"color": INK},
            "axis": words | rules | ticks,
            "legend": words | {"labelLimit": 0},
        },
    }


def axis_of(axis: Axis) -> Spec:
    """How an axis is written."""
    spec: Spec = {"title": axis.title or None, "labelOverlap": True}
    if axis.kind == "percent":
        spec["labelExpr"] = "format(datum.value * 100, '.4~r') + ' %'"
    elif axis.kind == "count":
        spec |= {"format": ",d", "tickMinStep": 1}
    return spec


def by_series(names: Sequence[str], values: Sequence[object]) -> Spec:
    """A channel that tells series apart by the first of `values`. Raises ValueError for more than MAX_SERIES."""
    if len(names) > MAX_SERIES:
        raise ValueError(f"A chart tells at most {MAX_SERIES} series apart.")
    scale = {"domain": list(names), "range": list(values[: len(names)])}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": None}


def utc(time: datetime) -> datetime:
    """A time in UTC; one without a zone is taken for that."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
