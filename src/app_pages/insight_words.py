"""How people draw today, beside how they drew before and beside MNIST, in a sentence or two."""

from __future__ import annotations

from collections.abc import Sequence

from app_pages.insight_numbers import ENOUGH, Comparison, distance, mean

NOTABLE = 0.15  # the distance of two distributions, 0-1, from which they are said to differ

# What is more, and what is less, of each measure.
DIRECTIONS = {
    "pen_width": ("thicker pens", "thinner pens"),
    "size": ("larger drawings", "smaller drawings"),
    "confidence": ("surer readings", "less sure readings"),
    "slant": ("more leaning to the right", "more leaning to the left"),
}


def drift(comparisons: Sequence[Comparison]) -> str:
    """Today's ink beside the last month's and MNIST's, in a sentence or two."""
    if all(each.today is None for each in comparisons):
        return f"Fewer than {ENOUGH} drawings today: too few to say whether people draw differently."
    sentences = [_beside(comparisons, "month", "than in the thirty days before", "as in the thirty days before")]
    if any(each.mnist for each in comparisons):
        sentences.append(_beside(comparisons, "mnist", "than in MNIST", "as in MNIST"))
    return " ".join(filter(None, sentences))


def _beside(comparisons: Sequence[Comparison], other: str, differently: str, alike: str) -> str:
    found, compared = [], False
    for each in comparisons:
        reference = getattr(each, other)
        if each.today is None or reference is None:
            continue
        compared = True
        if distance(each.today, reference) >= NOTABLE:
            more = mean(each.measure, each.today) > mean(each.measure, reference)
            found.append(DIRECTIONS[each.measure][0 if more else 1])
    if not compared:
        return ""
    if not found:
        return f"People draw {alike}."
    listed = found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
    return f"Today there are {listed} {differently}."
