"""The insights page's figures, made from an overview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app_pages.bar_charts import Bar, Group, bars
from app_pages.charts import MAX_SERIES, Axis, Figure
from app_pages.heat_maps import Cell, heat_map
from app_pages.history_words import SOURCES
from app_pages.insight_numbers import SLOTS, Comparison, interval
from app_pages.line_charts import Marker, Point, Series, lines
from learning.classes import DIGITS
from learning.registry import display_name
from storage.insights import Tally
from storage.overview import CONFIDENCE_SLOTS, Overview
from storage.promotions import Promotion

TIME = Axis("time (UTC)", "time")
ACCURACY = Axis("read right", "percent")
DRAWINGS = Axis("drawings", "count")
FEWEST = 5  # labels of a time or slot, below which it is left out of a line: its interval would be the whole chart


class Change(NamedTuple):
    """A promotion, and the model that it was of."""

    model: str
    promotion: Promotion


def version_name(model: str, version: int) -> str:
    """A version as people know it."""
    return f"{display_name(model)} {version}"


def accuracy_over_time(found: Overview, changes: Sequence[Change], since: datetime | None) -> Figure:
    """A line for each version, the newest if there are too many, with its interval, and where versions went live."""
    tallies: dict[tuple[str, int], list[tuple[datetime, Tally]]] = {}
    for point in found.points:
        if point.tally.labelled >= FEWEST:
            tallies.setdefault((point.model, point.version), []).append((point.start, point.tally))
    shown = sorted(tallies, key=lambda key: (max(at for at, _ in tallies[key]), key))[-MAX_SERIES:]
    series = [
        Series(version_name(*key), [_measured(at, tally.right, tally.labelled) for at, tally in tallies[key]])
        for key in sorted(shown)
    ]
    markers = [
        Marker(change.promotion.at, f"{version_name(change.model, change.promotion.version)} live")
        for change in changes
        if change.promotion.kind != "shipped" and (since is None or change.promotion.at >= since)
    ]
    what = f"of the labelled drawings, by {found.step} and version, with its 95 % interval"
    return lines(
        "Accuracy over time",
        f"The fraction read right {what}.",
        TIME,
        ACCURACY,
        series,
        markers,
        (None, 1),
    )


def _measured(x: float | datetime, right: int, labelled: int) -> Point:
    low, high = interval(right, labelled)
    return Point(x, right / labelled, low, high)


def confusion(found: Overview) -> Figure:
    """What each label was read as."""
    largest = max(
        max(count for read, count in enumerate(row) if read != label) for label, row in enumerate(found.confusion)
    )
    cells = [
        [
            Cell(f"{count:,}" if count else "", 0 if read == label else count / max(1, largest))
            for read, count in enumerate(row)
        ]
        for label, row in enumerate(found.confusion)
    ]
    description = (
        "How often drawings of each digit (rows) were read as each digit (columns); the deeper, the more mistakes."
    )
    return heat_map(
        "What is taken for what", description, "said to be", "read as", [str(n) for n in range(DIGITS)], cells
    )


def each_digit(found: Overview) -> Figure:
    """How well each digit is read."""
    made = []
    for digit, row in enumerate(found.confusion):
        labelled, right = sum(row), row[digit]
        low, high = interval(right, labelled) if labelled else (None, None)
        note = f"of {labelled:,}" if labelled else "no label yet"
        made.append(Bar(str(digit), right / labelled if labelled else None, low, high, note))
    description = "The fraction of the drawings with this label that was read right, with its 95 % interval."
    return bars("Each digit", description, "digit", ACCURACY, [Group("read right", made)])


def volume(found: Overview) -> Figure:
    """How often each digit is read."""
    made = [Bar(str(digit), count) for digit, count in enumerate(found.read)]
    return bars(
        "What is drawn",
        "How often each digit was read, labelled or not.",
        "read as",
        DRAWINGS,
        [Group("drawings", made)],
    )


def sources(found: Overview) -> Figure:
    """Where drawings come from."""
    ordered = sorted(found.sources.items(), key=lambda each: -each[1])
    made = [Bar(SOURCES.get(source, source), count) for source, count in ordered]
    return bars("Where it comes from", "Drawings by the way they came in.", "from", DRAWINGS, [Group("drawings", made)])


def reliability(found: Overview) -> Figure:
    """Whether "98 % sure" is right 98 times in a hundred."""
    points = []
    for slot in range(CONFIDENCE_SLOTS):
        right, wrong = (found.confidence[outcome].get(slot, 0) for outcome in (1, 0))
        if right + wrong >= FEWEST:
            points.append(_measured((slot + 0.5) / CONFIDENCE_SLOTS, right, right + wrong))
    perfect = [Point(end, end) for end in (0.0, 1.0)]
    description = (
        "The fraction read right of the labelled drawings of about the same confidence, with its 95 % interval."
    )
    series = [Series("labelled drawings", points), Series("as sure as right", perfect)]
    return lines(
        "Is it as sure as it should be?", description, Axis("confidence", "percent"), ACCURACY, series, (), (0, 1)
    )


class Ink(NamedTuple):
    """What a measure is called, and its unit."""

    title: str
    axis: Axis


INKS = {
    "pen_width": Ink("Pen width", Axis("pen width / size of the digit", "percent")),
    "size": Ink("Size", Axis("size / size of the canvas or picture", "percent")),
    "confidence": Ink("Confidence", Axis("confidence of everybody's model", "percent")),
    "slant": Ink("Slant", Axis("degrees from upright, positive to the right", "number")),
}


def ink(comparison: Comparison) -> Figure:
    """Today's distribution of a measure beside last month's and MNIST's."""
    slots = SLOTS[comparison.measure]
    named: Mapping[str, Sequence[float] | None] = {
        "today": comparison.today,
        "thirty days before": comparison.month,
        "MNIST": comparison.mnist,
    }
    used = [slot for slot in range(slots.count) if any(each and each[slot] for each in named.values())]
    shown = range(min(used, default=0), max(used, default=0) + 1)
    series = [
        Series(name, [Point(slots.middle(slot), fractions[slot]) for slot in shown])
        for name, fractions in named.items()
        if fractions
    ]
    title, axis = INKS[comparison.measure]
    return lines(
        title, f"The distribution of {title.lower()}.", axis, Axis("fraction of the drawings", "percent"), series
    )
