"""The insights page's arithmetic: intervals, quantiles, and how far two distributions are apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from frames.slots import MEASURES, Slots
from storage.overview import CONFIDENCE_SLOTS, Histogram

SLOTS = MEASURES | {"confidence": Slots(0, 0.05, CONFIDENCE_SLOTS)}
ENOUGH = 50  # drawings, below which nothing is said of a day or a month
FASTEST, GROWTH = 0.1, 1.2  # milliseconds: where the slots of the reading time begin, and how they grow (sql/010)
Z = 1.96  # standard deviations on each side of a 95 % interval


def interval(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a fraction (0-1) of which `right` of `total` were seen, after Wilson (1927).

    Unlike the plain one it holds for few drawings, and near 0 and 1. Of none it is everything.
    """
    if not total:
        return 0.0, 1.0
    fraction, spread = right / total, Z * Z / total
    middle = (fraction + spread / 2) / (1 + spread)
    reach = Z * math.sqrt(fraction * (1 - fraction) / total + spread / (4 * total)) / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def milliseconds(elapsed: Histogram, fraction: float) -> float | None:
    """The reading time that a fraction (0-1) of the drawings did not exceed, to a tenth or so; None of none."""
    total, seen = sum(elapsed.values()), 0
    for slot in sorted(elapsed):
        if seen + elapsed[slot] >= fraction * total:
            into = (fraction * total - seen) / elapsed[slot]
            return float(FASTEST * GROWTH ** (slot + into))
        seen += elapsed[slot]
    return None


class Comparison(NamedTuple):
    """One measure's distribution today, in the month before, and in MNIST, as fractions by slot; None of too few."""

    measure: str
    today: Sequence[float] | None
    month: Sequence[float] | None
    mnist: Sequence[float] | None


def compare(
    measure: str, today: Histogram, month: Histogram, mnist: Mapping[str, Sequence[float]] | None
) -> Comparison:
    """Today's drawings beside the others."""
    return Comparison(measure, _fractions(measure, today), _fractions(measure, month), (mnist or {}).get(measure))


def _fractions(measure: str, histogram: Histogram) -> list[float] | None:
    total = sum(histogram.values())
    if total < ENOUGH:
        return None
    return [histogram.get(slot, 0) / total for slot in range(SLOTS[measure].count)]


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """How far two distributions over the same slots are apart, 0-1.

    The largest difference of their cumulated fractions, Kolmogorov and Smirnov's statistic.
    """
    apart, furthest = 0.0, 0.0
    for mine, theirs in zip(one, other, strict=True):
        apart += mine - theirs
        furthest = max(furthest, abs(apart))
    return furthest


def mean(measure: str, fractions: Sequence[float]) -> float:
    """The mean of a distribution, in the measure's own unit."""
    return sum(SLOTS[measure].middle(slot) * fraction for slot, fraction in enumerate(fractions))
