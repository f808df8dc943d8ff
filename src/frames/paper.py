"""What of a picture's traces is the digit: frames, ruling, edges and strays are taken away, doubt leaves a choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from frames.edges import without_edges
from frames.masks import Mask, NoInk, Pixels, bounding_box
from frames.ruling import Rule, without_rules
from frames.strays import of_the_digit


class Sought(NamedTuple):
    """What is looked for in a picture."""

    side: int
    """Pixels to which a photograph is reduced: more show thinner lines, and more grain."""
    masks: Callable[[Mask], Iterable[Mask]]
    """Which parts of a mask may be meant."""
    in_words: str
    """What to send, where there is none."""


ONE_DIGIT = Sought(256, of_the_digit, "one of a single digit that stands out from its paper")
SEVERAL = Sought(768, lambda mask: [mask], "one whose digits stand out from the paper")

MAX_VERSIONS = 4
GLANCE = 64  # pixels a side, about, are enough to see that there is nothing to doubt
LINE = 0.7  # of the ink's extent: what covers more of a row or column may be a printed line
STANDS = 0.1  # of all that is drawn: where as much is no line, a digit stands there
PAST = 0.15  # of what else is drawn: a line that goes so far beyond both of its ends is printed
RECTANGLE = 0.86  # of the least rectangle around it that the hull of a frame fills, and hardly any digit's


def is_doubtful(ink: Pixels, low: int) -> bool:
    """Whether more than a digit may be drawn: several pieces, or level and upright lines through most of it.

    `ink` is cropped to what is drawn, which is above `low`. For every picture, so it looks at it from afar.
    """
    step = max(1, max(ink.shape) // GLANCE)
    height, width = ink.shape
    whole = cv2.copyMakeBorder(ink, 0, -height % step, 0, -width % step, cv2.BORDER_CONSTANT)  # of whole blocks
    size = whole.shape[1] // step, whole.shape[0] // step
    small = cv2.threshold(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), low // 2, 255, cv2.THRESH_BINARY)[1]
    if cv2.connectedComponents(small, connectivity=8)[0] > 2:
        return True
    for axis, across in ((1, size[0]), (0, size[1])):
        if cv2.reduce(small, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).max() < 255 * LINE * across:
            return False
    hull = cv2.convexHull(cv2.findNonZero(small))
    _, (long, short), _ = cv2.minAreaRect(hull)
    return bool(cv2.contourArea(hull) > RECTANGLE * long * short)


def versions(traces: Pixels, low: int, sought: Sought = ONE_DIGIT) -> list[Pixels]:
    """The ink that may be meant in traces, (h, w) uint8, 0 for paper, of which what is above `low` is drawn.

    The likeliest comes first, at most MAX_VERSIONS, all of the same shape. Raises NoInk where nothing is drawn.
    """
    found: list[Pixels] = []
    choices = list(_cleared(traces, low))
    for cleared in choices:
        for mask in sought.masks(cleared > low):
            ink = np.where(mask, cleared, np.uint8(0))
            if not ink.any() or any(np.array_equal(ink, each) for each in found):
                continue
            if not _is_nothing_but_lines(ink > low, choices[0] > low, traces > low):
                found.append(ink)
    if not found:
        raise NoInk
    return found[:MAX_VERSIONS]


def _is_nothing_but_lines(ink: Mask, bare: Mask, traces: Mask) -> bool:
    """Whether ink is only what was taken out as lines, of traces in which there is more than lines.

    Two sides of a frame look like a 7.
    """
    if np.count_nonzero(bare) <= STANDS * np.count_nonzero(traces):
        return False
    return bool(np.count_nonzero(ink & bare) < STANDS * np.count_nonzero(ink))


def _cleared(traces: Pixels, low: int) -> Iterator[Pixels]:
    edges = without_edges(traces, low)
    bare = without_rules(edges.ink, low)
    drawn, left = np.count_nonzero(traces > low), np.count_nonzero(bare.ink > low)
    if (bare.rules or edges.sides) and left > 0.02 * drawn:
        yield bare.ink
        if left > STANDS * drawn and any(_runs_past(rule, bare.ink > low) for rule in bare.rules):
            return
        if bare.rules and edges.sides:
            yield edges.ink
    yield traces


def _runs_past(rule: Rule, bare: Mask) -> bool:
    """Whether a line begins well before all else that is drawn and ends well after it, as no stroke of a digit does."""
    rows, columns = bounding_box(bare)
    along = rows if rule.upright else columns
    beyond = PAST * (along.stop - along.start)
    return bool(rule.first < along.start - beyond and rule.last > along.stop + beyond)
