"""Twenty-four digits as their strokes: made for these tests, several ways of writing each.

Coordinates are parts of the canvas, x to the right and y down, 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from support.hand import Stroke


def arc(
    x: float, y: float, rx: float, ry: float, start: float, end: float, points: int = 24
) -> list[tuple[float, float]]:
    """Part of an ellipse around (x, y); angles in degrees, 0 to the right, growing clockwise as seen on screen."""
    angles = [math.radians(start + (end - start) * i / (points - 1)) for i in range(points)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def line(*corners: tuple[float, float], points: int = 10) -> list[tuple[float, float]]:
    """Straight lines from corner to corner, with points on the way as a moving mouse leaves them."""
    way = [corners[0]]
    for (x0, y0), (x1, y1) in pairwise(corners):
        way += [(x0 + (x1 - x0) * i / points, y0 + (y1 - y0) * i / points) for i in range(1, points + 1)]
    return way


def turned(strokes: Sequence[Stroke], degrees: float) -> list[Stroke]:
    """Strokes turned about the middle of the canvas, clockwise."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [
        [(0.5 + cos * (x - 0.5) - sin * (y - 0.5), 0.5 + sin * (x - 0.5) + cos * (y - 0.5)) for x, y in stroke]
        for stroke in strokes
    ]


DIGITS: list[tuple[int, list[Stroke]]] = [
    (0, [arc(0.5, 0.5, 0.2, 0.32, -90, -450)]),
    (0, [arc(0.45, 0.52, 0.26, 0.28, -60, -425)]),
    (0, [arc(0.5, 0.5, 0.14, 0.3, -100, 262)]),
    (1, [line((0.5, 0.15), (0.5, 0.85))]),
    (1, [line((0.38, 0.32), (0.52, 0.16), (0.5, 0.84))]),
    (2, [arc(0.5, 0.34, 0.19, 0.18, 190, 390) + line((0.66, 0.43), (0.3, 0.82), (0.74, 0.82))]),
    (2, [arc(0.48, 0.33, 0.17, 0.17, 180, 380) + line((0.63, 0.4), (0.34, 0.76)) + line((0.34, 0.76), (0.7, 0.78))]),
    (3, [arc(0.47, 0.33, 0.18, 0.16, 200, 440) + arc(0.47, 0.65, 0.2, 0.18, -90, 150)]),
    (3, [line((0.3, 0.2), (0.66, 0.2), (0.46, 0.43)) + arc(0.46, 0.62, 0.2, 0.19, -90, 150)]),
    (4, [line((0.38, 0.18), (0.3, 0.55), (0.72, 0.55)), line((0.6, 0.2), (0.6, 0.85))]),
    (4, [line((0.6, 0.85), (0.6, 0.18), (0.28, 0.6), (0.76, 0.6))]),
    (5, [line((0.66, 0.18), (0.38, 0.18), (0.36, 0.45)) + arc(0.48, 0.6, 0.19, 0.2, -125, 130)]),
    (5, [line((0.38, 0.2), (0.37, 0.46)) + arc(0.48, 0.62, 0.19, 0.2, -125, 130), line((0.38, 0.2), (0.68, 0.19))]),
    (6, [line((0.6, 0.15), (0.42, 0.4)) + arc(0.5, 0.64, 0.17, 0.2, 200, -170)]),
    (6, [arc(0.62, 0.5, 0.28, 0.35, -95, -190) + arc(0.5, 0.66, 0.16, 0.17, 190, -175)]),
    (7, [line((0.3, 0.2), (0.7, 0.2), (0.44, 0.85))]),
    (7, [line((0.3, 0.22), (0.7, 0.2), (0.46, 0.85)), line((0.4, 0.52), (0.68, 0.5))]),
    (8, [arc(0.5, 0.33, 0.15, 0.16, 80, -270) + arc(0.5, 0.67, 0.18, 0.18, -85, 270)]),
    (8, [arc(0.5, 0.32, 0.14, 0.15, 0, 360), arc(0.5, 0.65, 0.18, 0.18, 0, 360)]),
    (9, [arc(0.48, 0.35, 0.17, 0.18, 0, -360) + line((0.65, 0.35), (0.62, 0.85))]),
    (9, [arc(0.48, 0.34, 0.17, 0.17, -10, -370) + line((0.65, 0.32), (0.64, 0.6), (0.52, 0.85))]),
    (2, [arc(0.5, 0.36, 0.2, 0.2, 180, 385) + line((0.68, 0.46), (0.28, 0.84), (0.72, 0.84))]),
    (6, [arc(0.6, 0.48, 0.25, 0.34, -100, -180) + arc(0.51, 0.66, 0.16, 0.17, 185, -180)]),
    (5, [line((0.7, 0.17), (0.4, 0.18), (0.35, 0.47)) + arc(0.49, 0.62, 0.2, 0.2, -130, 140)]),
]
