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
HEAVIER, MORE = 1.15, 0.3  # times a line's own ink, and pixels: where there is more, a stroke lies along it
SAMPLE = 32  # lines are enough to tell how much ink one of them usually has
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

    @property
    def slack(self) -> int:
        """How many pixels thicker it is in places."""
        return max(1, round(0.6 * self.thickness))


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
    return Cleared(_without(ink, rules, low), tuple(rules))


def _without(ink: Pixels, rules: list[Rule], low: int) -> Pixels:
    """Ink without these lines. Where a stroke lies along all of a frame's side, the others tell how thick that is."""
    cleared = ink.copy()
    if not rules:
        return cleared
    thickest = round(float(np.median([rule.thickness for rule in rules]))) + 1
    rules = [rule._replace(thickness=min(rule.thickness, thickest)) for rule in rules]
    some = rules[:: math.ceil(len(rules) / SAMPLE)]
    usual = float(np.median([_around(_level(ink, rule), rule, low).line_weight(rule) for rule in some]))
    for rule in rules:
        _take_out(_level(cleared, rule), rule, low, usual)
    return cleared


def _level(ink: Pixels, rule: Rule) -> Pixels:
    """A view of ink, turned over where the line is upright, so that it is level."""
    return ink.T if rule.upright else ink


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
    least = math.inf
    for turn in range(ROUNDS):
        mask = left > low
        if not _may_have_rules(mask):
            break
        if turn == 0:  # what is as long only as what the first lines leave is a stroke
            columns = bounding_box(mask)[1]
            least = MIN_COVER * (columns.stop - columns.start)
        rules = list(_level_rules(left, low, least, upright))
        left = left.copy() if rules and left is ink else left
        for rule in rules:
            _take_out(left, rule, low)
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


def _level_rules(ink: Pixels, low: int, least: float, upright: bool) -> Iterator[Rule]:
    """The lines of one turn, the one that has most ink on its lines, that cover at least so many columns."""
    mask = ink > low
    votes, covered, steepness = _best_turn(mask, least)
    offsets = np.rint(steepness * (np.arange(ink.shape[1]) - ink.shape[1] / 2)).astype(np.intp)
    for start, stop in _runs(covered):
        middle = start + int(votes[start:stop].argmax()) - _margin(mask) + offsets
        if rule := _measured(ink, mask, middle, low, least, upright):
            yield rule


def _best_turn(mask: Mask, least: float) -> tuple[NDArray[np.intp], Mask, float]:
    """The turn at which the longest lines run through a mask, as its rows turned level, and pixels down a pixel across.

    Of each row how many pixels it has together with the next one, and whether these lie in at least `least` columns. A
    stroke that is many rows wide counts as one line, by its longest row: all of them would outweigh a thin frame.
    """
    x, top, end = _vertical_runs(mask)
    across, margin = np.arange(mask.shape[1]) - mask.shape[1] / 2, _margin(mask)
    rows = mask.shape[0] + 2 * margin
    best, score = (np.zeros(0, np.intp), np.zeros(0, np.bool_), 0.0), 0.0
    for slope in sorted(STEEPNESSES, key=abs):  # level, unless another turn has more
        down = margin - np.rint(slope * across).astype(np.intp)
        moved = down[x]
        begun = np.bincount(top + moved, minlength=rows + 1)
        single = (begun - np.bincount(end + moved, minlength=rows + 1)).cumsum()[:rows]
        pairs = single.copy()
        pairs[:-1] += single[1:]  # a slanting line of a pixel's width falls on two rows in turn
        if pairs.max() < least:
            continue
        twice = single - begun[:rows]  # those with another one above
        covered = pairs - np.append(twice[1:], 0) >= least
        starts = np.flatnonzero(covered & ~np.append(False, covered[:-1]))
        longest = np.maximum.reduceat(np.where(covered, single, 0), starts) if starts.size else np.zeros(0)
        total = float((longest**2.0).sum())
        if total > score * 1.02:
            best, score = (pairs, covered, float(slope)), total
    return best


def _vertical_runs(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The runs of a mask's columns, a tenth as many as pixels: column, first row, and the row after the last."""
    height, width = mask.shape
    columns = np.zeros((width, height + 2), np.bool_)
    columns[:, 1:-1] = mask.T
    x, y = np.divmod(np.flatnonzero(columns[:, 1:] != columns[:, :-1]), height + 1)
    return x[::2], y[::2], y[1::2]


def _margin(mask: Mask) -> int:
    """Rows above and below a mask that it needs to be turned."""
    margin: int = math.ceil(mask.shape[1] * STEEPNESSES[-1] / 2) + 1
    return margin


def _runs(filled: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(filled, prepend=False, append=False))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _measured(ink: Pixels, mask: Mask, middle: NDArray[np.intp], low: int, least: float, upright: bool) -> Rule | None:
    """The line along `middle`, or None where it is too thick, or does not cover enough."""
    limit = max(3, math.ceil(MAX_THICKNESS * max(ink.shape)))
    covered: Mask = _strip(mask.view(np.uint8), middle, 1).max(0) > 0
    first, last = _longest_run(covered, max(2, round(GAP * covered.size)))
    if np.count_nonzero(covered[first:last]) < least:
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


class _Neighbourhood(NamedTuple):
    """The ink around a level line, from `half` pixels above its middle to as many below: (2 half + 1, w) each."""

    ink: Pixels
    rows: NDArray[np.intp]
    """Where the ink is in the picture."""
    touching: Mask
    """Which of it is one piece with the middle, up and down."""
    level: float
    """How dark the line is, 0-255."""
    weight: NDArray[np.float64]
    """How much of it touches the middle in each column, in pixels as dark as the line: (w,)."""

    def line_weight(self, rule: Rule) -> float:
        """What the line alone weighs: strokes lie along less than half of most lines."""
        weights = self.weight[rule.first : rule.last]
        return float(np.percentile(weights[weights > 0], 35)) if (weights > 0).any() else 0.0


def _around(ink: Pixels, rule: Rule, low: int) -> _Neighbourhood:
    """The strip around a line, wide enough to tell it from strokes."""
    half = 2 * (rule.thickness + rule.slack)
    # A line is not quite where quarters of a degree and whole pixels say: its middle is its strongest pixel nearby.
    near = _strip(ink, rule.middle, 2)
    middle = rule.middle + np.where(near[2] > low, 0, near.argmax(0) - 2)
    strip = _strip(ink, middle, half)
    inked = strip > low
    above, below = np.logical_and.accumulate(inked[half::-1]), np.logical_and.accumulate(inked[half:])
    touching = np.concatenate([above[:0:-1], below])
    level = float(np.median(strip[half - 1 : half + 2, rule.first : rule.last].max(0)))
    weight = np.where(touching, strip, np.uint8(0)).sum(0) / max(1.0, level)
    return _Neighbourhood(strip, middle[None, :] + np.arange(-half, half + 1)[:, None], touching, level, weight)


def _take_out(ink: Pixels, rule: Rule, low: int, usual_weight: float = math.inf) -> None:
    """Take a level line out of ink in place. Where it is thicker or heavier, a stroke crosses it or lies along it.

    That stays. A line weighs as much as it does in most places, and hardly more than is usual among several.
    """
    strip = _around(ink, rule, low)
    alone = min(strip.line_weight(rule), HEAVIER * usual_weight + MORE)
    thick = strip.touching.sum(0) > rule.thickness + rule.slack
    heavy = _long_runs(thick | (strip.weight > HEAVIER * alone + MORE), 2 * rule.thickness)
    stronger = strip.ink > 1.4 * strip.level + 30
    fringed = cv2.dilate(strip.touching.view(np.uint8), np.ones((5, 1), np.uint8)).view(np.bool_)
    columns = np.broadcast_to(np.arange(ink.shape[1]), strip.rows.shape)
    gone = fringed & ~(thick | heavy)[None, :] & ~stronger
    gone &= (strip.rows >= 0) & (strip.rows < ink.shape[0]) & (columns >= rule.first) & (columns < rule.last)
    ink[strip.rows[gone], columns[gone]] = 0


def _long_runs(filled: Mask, least: int) -> Mask:
    """A row without its runs of true values that are shorter than so many."""
    row = filled.view(np.uint8)[None, :]
    opened: Mask = cv2.morphologyEx(row, cv2.MORPH_OPEN, np.ones((1, least), np.uint8))[0].view(np.bool_)
    return opened
