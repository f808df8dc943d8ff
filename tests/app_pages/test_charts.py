"""Charts: each is a valid specification that needs no colour to be told apart, and has all its figures in a table.

Covers src/app_pages: charts, line_charts, bar_charts, heat_maps.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import altair
import pytest

from app_pages.bar_charts import Bar, Group, bars
from app_pages.charts import MAX_SERIES, PALETTE, Axis, Figure, table
from app_pages.heat_maps import DEEPEST, Cell, heat_map
from app_pages.line_charts import DASHES, MAX_SYMBOLS, SHAPES, Marker, Point, Series, lines

EPOCH, LOSS = Axis("epoch", "count"), Axis("loss")
ACCURACY = Axis("accuracy", "percent")
DAY = datetime(2026, 11, 1, 12, tzinfo=UTC)
# The grounds of both themes, and their text: src/.streamlit/config.toml.
GROUNDS = {"#fbfaf7": "#23252f", "#14161d": "#eceae4"}


def run(name: str, epochs: int = 3) -> Series:
    return Series(name, [Point(n, 1 / n) for n in range(1, epochs + 1)])


def over_time(*markers: Marker) -> Figure:
    points = [Point(DAY + timedelta(days=n), 0.9 + n / 100, 0.88, 0.95) for n in range(3)]
    return lines("Live", "It rises.", Axis("day", "time"), ACCURACY, [Series("all", points)], markers)


def per_digit(*groups: Group) -> Figure:
    return bars("Each digit", "The 7 is worst.", "digit", ACCURACY, groups)


@pytest.mark.parametrize(
    "figure",
    [
        lines("Loss", "It falls.", EPOCH, LOSS, [run("first"), run("second")], limits=(0.2, None)),
        lines("Loss", "Nothing yet.", EPOCH, LOSS, []),
        over_time(Marker(DAY, "version 2")),
        per_digit(Group("all", [Bar("7", 0.9, 0.8, 0.95, "of 12"), Bar("8", None)])),
        per_digit(Group("now", [Bar("7", 0.9)]), Group("before", [Bar("8", 0.8)])),
        per_digit(),
        heat_map("Read as", "Mostly right.", "label", "read as", ["0", "1"], [[Cell("9"), Cell("1", 1.0)]] * 2),
    ],
    ids=lambda figure: figure.title,
)
def test_every_chart_is_a_valid_specification_as_wide_as_its_place(figure: Figure) -> None:
    altair.LayerChart.from_dict(figure.spec)  # raises SchemaValidationError
    assert figure.spec["width"] == "container"
    assert figure.spec["usermeta"]["embedOptions"]["renderer"] == "svg"
    assert figure.spec["config"]["axis"]["labelColor"] == "currentColor", "it follows the theme"
    assert all(len(row) == len(figure.heads) for row in figure.rows)


def test_lines_are_told_apart_by_dashes_and_shapes_too() -> None:
    names = [f"run {n}" for n in range(MAX_SERIES)]
    *_, line, point = lines("Loss", "They fall.", EPOCH, LOSS, [run(name) for name in names]).spec["layer"]
    for layer, channel, values in ((line, "strokeDash", DASHES), (point, "shape", SHAPES)):
        scale = layer["encoding"][channel]["scale"]
        assert scale["domain"] == names
        assert scale["range"] == list(values)
        assert layer["encoding"][channel]["legend"] == layer["encoding"]["color"]["legend"], "one legend tells both"
    assert len({tuple(dash) for dash in DASHES}) == len(set(SHAPES)) == len(set(PALETTE)) == MAX_SERIES
    with pytest.raises(ValueError, match="at most 6"):
        lines("Loss", "They fall.", EPOCH, LOSS, [run(str(n)) for n in range(MAX_SERIES + 1)])


def test_a_long_line_is_a_line_alone_and_one_series_needs_no_legend() -> None:
    *_, line, point = lines("Loss", "It falls.", EPOCH, LOSS, [run("only", MAX_SYMBOLS + 1)]).spec["layer"]
    assert point["mark"]["opacity"] == 0
    assert "shape" not in point["encoding"]
    assert line["encoding"]["color"]["legend"] is None


def test_the_table_has_a_row_for_each_x_and_what_is_missing_is_empty() -> None:
    figure = lines("Loss", "They fall.", EPOCH, LOSS, [run("first"), run("second", 2)])
    assert figure.heads == ("epoch", "first", "second")
    assert figure.rows == (("1", "1", "1"), ("2", "0.5", "0.5"), ("3", "0.3333", ""))


def test_times_are_utc_and_intervals_are_bands_and_in_the_table() -> None:
    figure = over_time(Marker(DAY, "version 2"))
    assert figure.rows[0] == ("2026-11-01 12:00", "90.0 % (88.0 % to 95.0 %)")
    assert figure.spec["data"]["values"][0]["x"] == "2026-11-01T12:00:00Z"
    rule, name, band, *_ = figure.spec["layer"]
    assert rule["data"]["values"] == [{"x": "2026-11-01T12:00:00Z", "name": "version 2"}]
    assert name["mark"]["type"] == "text"
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"]) == ("low", "high")


def test_bars_say_their_values_and_whose_they_are() -> None:
    alone = per_digit(Group("all", [Bar("7", 0.9, 0.8, 0.95, "of 12")]))
    assert alone.spec["data"]["values"][0]["text"] == "90.0 % of 12"
    assert alone.rows == (("7", "90.0 % (80.0 % to 95.0 %) of 12"),)
    both = per_digit(Group("now", [Bar("7", 0.9), Bar("8", None)]), Group("before", [Bar("8", 0.8)]))
    assert [each["text"] for each in both.spec["data"]["values"]] == ["now 90.0 %", "now none", "before 80.0 %"]
    assert both.heads == ("digit", "now", "before")
    assert both.rows == (("7", "90.0 %", ""), ("8", "", "80.0 %"))


def test_what_comes_from_elsewhere_is_text_in_the_table() -> None:
    html = table(lines("Loss", "It falls.", EPOCH, LOSS, [run("<script>")]))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def luminance(color: str) -> float:
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def blend(color: str, ground: str, opacity: float) -> str:
    parts = [(int(color[n : n + 2], 16), int(ground[n : n + 2], 16)) for n in (1, 3, 5)]
    return "#" + "".join(f"{round(above * opacity + below * (1 - opacity)):02x}" for above, below in parts)


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_colour_stands_out_in_both_themes_and_so_does_the_text_on_a_deep_cell(ground: str) -> None:
    for color in PALETTE:
        assert contrast(color, ground) >= 3, color
    assert contrast(GROUNDS[ground], blend(PALETTE[1], ground, DEEPEST)) >= 4.5
