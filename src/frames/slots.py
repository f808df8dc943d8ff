"""The slots into which measures of ink fall, so that drawings can be counted by them: as in sql/010_tallies.sql."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from frames.drawing import measure_ink
from frames.ink import find_ink
from frames.masks import Pixels


@dataclass(frozen=True)
class Slots:
    """`count` slots, each of `width`, from `low` upwards; what lies beyond the ends is in the first or last one."""

    low: float
    width: float
    count: int

    def of(self, value: float) -> int:
        """The slot of a value."""
        return int(np.clip((value - self.low) // self.width, 0, self.count - 1))

    def middle(self, slot: int) -> float:
        """The value in the middle of a slot."""
        return self.low + (slot + 0.5) * self.width


MEASURES = {"pen_width": Slots(0, 0.01, 100), "size": Slots(0, 0.05, 20), "slant": Slots(-90, 5, 36)}
"""Of the measures in drawing.Measures."""


def ink_fractions(frames: Iterable[Pixels]) -> dict[str, tuple[float, ...]]:
    """The fractions (0-1) of frames, (28, 28) uint8, in each slot of pen width and slant; size is the frame's own."""
    counts = {measure: [0] * MEASURES[measure].count for measure in ("pen_width", "slant")}
    total = 0
    for frame in frames:
        measured = measure_ink(find_ink(255 - frame))
        for measure, found in counts.items():
            found[MEASURES[measure].of(getattr(measured, measure))] += 1
        total += 1
    return {measure: tuple(round(count / max(1, total), 4) for count in found) for measure, found in counts.items()}
