"""Lines that are printed on paper, such as a form's frame, ruling and squares: found in ink, and taken out of it.

A line is straight, thin, runs through nearly all that is drawn, and is nearly level or upright. What crosses it stays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from frames.masks import Mask, Pixels, bounding_box

MAX_TURN = 4.0  # degrees that a line may be off level or upright
STEEPNESSES = np.tan(np.radians(np.arange(-MAX_TURN, MAX_TURN + 0.1, 0.25)))  # pixels down for each pixel across
MARGIN = 0.08  # of the picture's side: a line that comes as near to both borders runs through
CORNER = 0.035  # of the picture's longer side: where the ends of two lines are so near, they meet
MIN_COVER = 0.75  # of the ink's extent that a line covers; strokes of a digit rarely do where there is a frame
GAP = 0.03  # of the picture's side: a line that is broken for so long goes on
SLENDER = 2.5  # times as long as thick is a line at least
MAX_THICKNESS = 0.07  # of the picture's longer side
GLANCE = 80  # pixels a side, about, that are enough to see that there are no lines
ROUNDS = 3  # lines of as many different turns are looked for, each way


class Rule(NamedTuple):
    """A line: for each of the picture's columns its middle row, or the other way round where it is `upright`."""

    upright: bool
    middle: NDArray[np.intp]
    first: int
    """The first column (row) that it covers, and the one after the last."""
    last: int
    thickness: int


class Cleared(NamedTuple):
    """Ink without lines, (h, w) uint8, and the lines that were taken out of it."""

    ink: Pixels
    rules: tuple[Rule, ...]


def without_rules(ink: Pixels, low: int) -> Cleared:
    """Ink, (h, w) uint8, without the lines in it; what is above `low` counts as drawn. A picture without ink has none.

    Of a page as of a single digit: nothing is assumed about what the lines run through. A line runs through all of the
    picture, or its ends meet other lines as in a frame: else it may be a stroke, and stays.
    """
    level, upright = _found(ink, low, False), _found(np.ascontiguousarray(ink.T), low, True)
    reach = max(3.0, CORNER * max(ink.shape))
    through = [rule for rule in level + upright if _runs_through(rule, ink.shape)]
    framing = _framing(level, upright, reach)
    rules = through + [rule for rule in framing if not any(rule is other for other in through)]
    cleared = ink.copy()
    usual = round(float(np.median([rule.thickness for rule in rules]))) if rules else 0
    for rule in rules:  # where a stroke lies along one side of a frame, the others tell how thick that is
        _take_out(cleared.T if rule.upright else cleared, rule, min(rule.thickness, usual + 1), low)
    return Cleared(cleared, tuple(rules))


def _runs_through(rule: Rule, shape: tuple[int, ...]) -> bool:
    length = shape[0] if rule.upright else shape[1]
    return rule.first <= MARGIN * length and rule.last >= (1 - MARGIN) * length


def _framing(level: list[Rule], upright: list[Rule], reach: float) -> list[Rule]:
    """The lines of which three or four make a frame: those with two corners, and those that meet one of these."""
    if not level or not upright:
        return []
    meet = _meets(level, upright, reach) & _meets(upright, level, reach).T  # (level lines, upright lines)
    two_corners = (meet.sum(1) > 1)[:, None] | (meet.sum(0) > 1)[None, :]
    framing = np.concatenate([(meet & two_corners).any(1), (meet & two_corners).any(0)])
    return [rule for rule, frames in zip(level + upright, framing, strict=True) if frames]


def _meets(lines: list[Rule], across: list[Rule], reach: float) -> NDArray[np.bool_]:
    """Whether each line ends where each line across it runs: (lines, across); hostile pictures have hundreds."""
    where = np.array([np.median(rule.middle) for rule in across]).astype(np.intp)
    first, last = (np.array([getattr(rule, end) for rule in lines])[:, None] for end in ("first", "last"))
    near: NDArray[np.bool_] = np.minimum(np.abs(first - where), np.abs(last - 1 - where)) <= reach
    return near


def _found(ink: Pixels, low: int, upright: bool) -> list[Rule]:
    """The level lines in ink, of at most ROUNDS different turns."""
    found: list[Rule] = []
    left = ink
    for _ in range(ROUNDS):
        rules = list(_level_rules(left, low, upright)) if _may_have_rules(left > low) else []
        left = left.copy() if rules and left is ink else left
        for rule in rules:
            _take_out(left, rule, rule.thickness, low)
        found += rules
        if not rules:
            break
    return found


def _may_have_rules(mask: Mask) -> bool:
    """Whether there may be level lines in a mask, seen from afar: most digits have none, and it costs a tenth."""
    step = max(1, max(mask.shape) // GLANCE)
    coarse = cv2.resize(
        mask.view(np.uint8) * np.uint8(255), None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA
    )
    y, x = np.nonzero(coarse)
    if not x.size:
        return False
    least = 0.9 * MIN_COVER * (int(x.max()) - int(x.min()) + 1)
    for slope in STEEPNESSES[::4]:
        if np.bincount(y + coarse.shape[1] - (slope * x).astype(np.intp)).max() >= least:
            return True
    return False


def _level_rules(ink: Pixels, low: int, upright: bool) -> Iterator[Rule]:
    """The lines of one turn, the one that has most ink on its lines, that run across the ink."""
    mask = ink > low
    if not mask.any():
        return
    columns = bounding_box(mask)[1]
    width = columns.stop - columns.start
    y, x = np.nonzero(mask)
    least, height = MIN_COVER * width, ink.shape[0]
    best, steepness = np.zeros(0, np.intp), 0.0
    margin = math.ceil(ink.shape[1] * STEEPNESSES[-1] / 2) + 1
    across = x - ink.shape[1] / 2
    score = 0.0
    for slope in STEEPNESSES:
        votes = np.bincount(y + margin - np.rint(slope * across).astype(np.intp), minlength=height + 2 * margin)
        pairs = votes + np.append(votes[1:], 0)  # a slanting line of a pixel's width falls on two rows in turn
        total = float((votes[pairs >= least] ** 2.0).sum())
        if total > score * 1.02:
            best, steepness, score = pairs, float(slope), total
    if not best.size:
        return
    offsets = np.rint(steepness * (np.arange(ink.shape[1]) - ink.shape[1] / 2)).astype(np.intp)
    for start, stop in _runs(best >= least):
        middle = (start + int(best[start:stop].argmax()) - margin) + offsets
        if rule := _measured(ink, mask, middle, columns, low, upright):
            yield rule


def _runs(filled: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(filled, prepend=False, append=False))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _measured(
    ink: Pixels, mask: Mask, middle: NDArray[np.intp], columns: slice, low: int, upright: bool
) -> Rule | None:
    """The line along `middle`, or None where it is too thick, or does not cover enough."""
    limit = max(3, math.ceil(MAX_THICKNESS * max(ink.shape)))
    covered: Mask = _strip(mask.view(np.uint8), middle, 1).max(0) > 0
    first, last = _longest_run(covered, max(2, round(GAP * covered.size)))
    if np.count_nonzero(covered[first:last]) < MIN_COVER * (columns.stop - columns.start):
        return None
    strip = _strip(ink, middle, limit)
    # Where a stroke lies along the line the two are thicker than the line is: not the median tells how thick.
    profile = np.percentile(strip[:, first:last][:, covered[first:last]], 35, axis=1).astype(np.uint8)
    above, below = _reach(profile[limit::-1], low), _reach(profile[limit:], low)
    half = max(above, below)
    thickness = max(1, above + below - 1)
    if thickness > min(limit, (last - first) / SLENDER) or half > limit:
        return None
    return Rule(upright, middle + (below - above) // 2, first, last, thickness)


def _longest_run(filled: Mask, gap: int) -> tuple[int, int]:
    """Where the longest run of true values begins and ends, gaps of at most so many not counted; one is true."""
    places = np.flatnonzero(filled)
    breaks = np.flatnonzero(np.diff(places) > gap + 1)
    starts, stops = np.append(places[0], places[breaks + 1]), np.append(places[breaks], places[-1])
    longest = int(np.argmax(stops - starts))
    return int(starts[longest]), int(stops[longest]) + 1


def _reach(profile: NDArray[np.uint8], low: int) -> int:
    """How many values from the first on are above `low`."""
    return int(np.argmin(np.append(profile > low, False)))


def _strip(pixels: Pixels, middle: NDArray[np.intp], half: int) -> Pixels:
    """The pixels along a line, and `half` above and below: (2 half + 1, w); 0 beyond the picture."""
    rows = middle[None, :] + np.arange(-half, half + 1)[:, None]
    inside = (rows >= 0) & (rows < pixels.shape[0])
    strip = pixels[rows.clip(0, pixels.shape[0] - 1), np.arange(pixels.shape[1])[None, :]]
    return np.where(inside, strip, np.uint8(0))


def _take_out(ink: Pixels, rule: Rule, thickness: int, low: int) -> None:
    """Take a level line out of ink in place. Where it is thicker, a stroke crosses it or touches it: that stays."""
    slack = max(1, round(0.6 * thickness))
    half = 2 * thickness + 2 * slack
    # A line is not quite where quarters of a degree and whole pixels say: its middle is its strongest pixel nearby.
    near = _strip(ink, rule.middle, 2)
    middle = rule.middle + np.where(near[2] > low, 0, near.argmax(0) - 2)
    strip = _strip(ink, middle, half)
    inked = strip > low
    level = float(np.median(strip[half - 1 : half + 2, rule.first : rule.last].max(0)))
    above, below = inked[half::-1], inked[half:]
    starts = np.where(above.all(0), half + 1, np.argmin(above, axis=0))
    stops = np.where(below.all(0), half + 1, np.argmin(below, axis=0))
    thin = starts + stops - 1 <= thickness + slack
    offsets = np.arange(-half, half + 1)[:, None]
    band = (offsets >= -starts[None, :] - 1) & (offsets <= stops[None, :] + 1) & thin[None, :]
    stronger = strip > 1.4 * level + 30
    rows = middle[None, :] + offsets
    columns = np.broadcast_to(np.arange(ink.shape[1]), rows.shape)
    inside = (rows >= 0) & (rows < ink.shape[0]) & (columns >= rule.first) & (columns < rule.last) & band & ~stronger
    ink[rows[inside], columns[inside]] = 0
