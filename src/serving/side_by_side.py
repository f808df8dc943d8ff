"""Whether the parts of a picture are digits beside each other, although one of them alone would be read as its digit.

A digit on a form has such parts as well: the pieces of the frame around it, which look like a 1 or a 7.
"""

from __future__ import annotations

from itertools import combinations

from frames.lattice import Box
from serving.prediction import Prediction
from serving.whole_numbers import Numbers

SURE = 0.9  # confidence and digit score that a part has to have at least
LOWEST = 0.5  # of the highest of them: lower parts do not count
SLIM = 0.2  # of its height: what is not wider and at the picture's side is an edge or a printed line
NEAR_SIDE = 0.03  # of the picture's width
SHARED = 0.5  # of the smaller of two boxes: one is around the other


def are_side_by_side(numbers: Numbers, width: int) -> bool:
    """Whether two digits or more stand beside each other in a picture that is `width` pixels wide."""
    boxes = [
        digit.box for digit in numbers.digits if _is_sure(digit.reading.prediction) and not _is_edge(digit.box, width)
    ]
    highest = max((box[3] for box in boxes), default=0)
    alike = [box for box in boxes if box[3] >= LOWEST * highest]
    return len(alike) >= 2 and not any(_around(one, other) for one, other in combinations(alike, 2))


def _is_sure(prediction: Prediction) -> bool:
    return prediction.is_digit and min(prediction.confidence, prediction.digit_score) >= SURE


def _is_edge(box: Box, width: int) -> bool:
    x, _, w, h = box
    return w < SLIM * h and min(x, width - x - w) < NEAR_SIDE * width


def _around(one: Box, other: Box) -> bool:
    (x, y, w, h), (x2, y2, w2, h2) = one, other
    across, down = min(x + w, x2 + w2) - max(x, x2), min(y + h, y2 + h2) - max(y, y2)
    return min(across, down) > 0 and across * down > SHARED * min(w * h, w2 * h2)
