"""What is in an export, counted before it is written: some formats begin with how much there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from learning.classes import DIGITS, NOT_A_DIGIT
from storage.labelled import Group, Snapshot

FOLDERS = {**{digit: str(digit) for digit in range(DIGITS)}, NOT_A_DIGIT: "not-a-digit"}
"""The name of each label, 0-9 and NOT_A_DIGIT, as a folder."""
SETS = ("train", "test")


@dataclass(frozen=True)
class Contents:
    """How many drawings there are of each kind."""

    groups: Counter[Group]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Contents:
        """Count those of a snapshot. Raises what reading it does."""
        return cls(snapshot.groups())

    @cached_property
    def total(self) -> int:
        """All drawings."""
        return self.groups.total()

    @cached_property
    def labels(self) -> dict[int, tuple[int, int]]:
        """Of each label, 0-9 and NOT_A_DIGIT, the drawings to train on and to test with."""
        counts = self.by(lambda group: (group.label, group.test))
        return {label: (counts[label, False], counts[label, True]) for label in FOLDERS}

    def digits(self, test: bool) -> int:
        """Digits to train on, or to test with."""
        return sum(counts[test] for label, counts in self.labels.items() if label != NOT_A_DIGIT)

    @property
    def no_digits(self) -> int:
        """Drawings that are no digit."""
        return sum(self.labels[NOT_A_DIGIT])

    @cached_property
    def with_strokes(self) -> int:
        """Drawings whose pen strokes are known."""
        return self.by(lambda group: group.has_strokes)[True]

    def by(self, key: Callable[[Group], object]) -> Counter[object]:
        """How many drawings there are of each key."""
        counts: Counter[object] = Counter()
        for group, count in self.groups.items():
            counts[key(group)] += count
        return counts
