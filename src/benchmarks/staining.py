"""What is on paper besides print: edges, shadows, dust, holes, remnants, and digits that reach what is not theirs."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from benchmarks.sheets import FINER, Floats, Random, Sheet, dark, line_width


def beyond(sheet: Sheet, random: Random, depth: float) -> Floats:
    """Where the sheet lies beyond a slightly slanting line near one side, `depth` of its side deep: (h, w) 0 to 1."""
    width, height = sheet.size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    slope = np.tan(np.radians(random.uniform(-3, 3)))
    away = [
        y + slope * (x - width / 2),
        height - 1 - y + slope * (x - width / 2),
        x + slope * (y - height / 2),
        width - 1 - x + slope * (y - height / 2),
    ][random.integers(4)]
    inside: Floats = np.clip(depth * min(width, height) - away, 0, 1)
    return inside


def scan_edge(sheet: Sheet, random: Random) -> None:
    """The dark lid of the scanner beside the paper."""
    level = random.uniform(0, 90)
    for _ in range(random.integers(1, 3)):
        sheet.print(beyond(sheet, random, random.uniform(0.01, 0.09)), (level, level, level))


def page_border(sheet: Sheet, random: Random) -> None:
    """The table beside the page, of a wood's or a cloth's colour, and the edge's thin shadow."""
    colour = [(150, 110, 70), (90, 70, 60), (170, 170, 175), (70, 90, 120)][random.integers(4)]
    sheet.print(beyond(sheet, random, random.uniform(0.02, 0.09)), colour)


def shadow(sheet: Sheet, random: Random) -> None:
    """Light that falls off, and over half of the sheet a shadow."""
    width, height = sheet.size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = random.uniform(0, 2 * np.pi)
    along = ((x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)).astype(np.float32)
    light = 1 - random.uniform(0, 0.5) * (along + 0.5).clip(0, 1)
    if random.random() < 0.6:
        soft = random.uniform(0.01, 0.15)
        light = light * (1 - random.uniform(0.15, 0.4) * np.clip((along - random.uniform(-0.2, 0.2)) / soft, 0, 1))
    sheet.rgb = sheet.rgb * light[..., None].astype(np.float32)


def dust(sheet: Sheet, random: Random) -> None:
    """Specks smaller than any dot of the pen."""
    width, height = sheet.size
    specks = [(random.uniform(0, width), random.uniform(0, height)) for _ in range(random.integers(2, 25))]
    radii = random.uniform(0.1, 0.3, len(specks)) * sheet.pen

    def shapes(draw: ImageDraw.ImageDraw) -> None:
        for (x, y), radius in zip(specks, radii, strict=True):
            draw.ellipse([(v + s * radius) * FINER for s in (-1, 1) for v in (x, y)], fill=255)

    level = random.uniform(0, 130)
    sheet.draw(shapes, (level, level, level))


def free_places(sheet: Sheet, random: Random, radius: float, count: int) -> list[tuple[float, float]]:
    """Up to so many places near the sheet's border that are `radius` and a half from the digit's box."""
    width, height = sheet.size
    x0, y0, x1, y1 = sheet.box
    found: list[tuple[float, float]] = []
    for _ in range(60):
        x, y = random.uniform(0, width), random.uniform(0, height)
        from_border = min(x, y, width - x, height - y)
        beside = max(x0 - x, x - x1, y0 - y, y - y1)
        if from_border < 1.6 * radius and beside > 1.5 * radius and len(found) < count:
            found.append((x, y))
    return found


def holes(sheet: Sheet, random: Random) -> None:
    """Punched holes, which a scan shows as dark discs or rings."""
    radius = random.uniform(0.025, 0.06) * min(sheet.size)
    places = free_places(sheet, random, radius, int(random.integers(1, 3)))
    ring = random.random() < 0.4

    def shapes(draw: ImageDraw.ImageDraw) -> None:
        for x, y in places:
            box = [(v + s * radius) * FINER for s in (-1, 1) for v in (x, y)]
            if ring:
                draw.ellipse(box, outline=255, width=max(FINER, round(radius * FINER / 4)))
            else:
                draw.ellipse(box, fill=255)

    sheet.draw(shapes, dark(random))


def remnant(sheet: Sheet, random: Random) -> None:
    """What the cut has left of something else: pieces of print or of another stroke along one side, or in a corner."""
    width, height = sheet.size
    side, pieces = random.integers(4), int(random.integers(1, 6))
    long, deep = (width, height) if side < 2 else (height, width)
    depth = random.uniform(0.01, 0.035) * deep + 1
    start = random.uniform(0, 0.7) * long
    bars = []
    for _ in range(pieces):
        length = random.uniform(0.01, 0.06) * long + 1
        bars.append((start, start + length, depth * random.uniform(0.4, 1)))
        start += length + random.uniform(0.01, 0.05) * long

    def shapes(draw: ImageDraw.ImageDraw) -> None:
        for a, b, d in bars:
            boxes = [(a, -9, b, d), (a, height - d, b, height + 9), (-9, a, d, b), (width - d, a, width + 9, b)]
            draw.rectangle([v * FINER for v in boxes[side]], fill=255)

    level = random.choice([0, 60, 120, 160])
    sheet.draw(shapes, (level, level, level))


def into_frame(sheet: Sheet, random: Random) -> None:
    """A frame that the digit touches or crosses on one side or two."""
    x0, y0, x1, y1 = sheet.box
    width, height = sheet.size
    line = min(line_width(sheet, random), max(1, round(0.7 * sheet.pen)))
    touched = random.permutation(4)[: random.integers(1, 3)]
    reach = random.uniform(0, 0.9, 4) * sheet.pen  # how far into the digit the line's outer side lies
    room = random.uniform(0.04, 0.1, 4) * min(width, height)
    left, top, right, bottom = (
        round(edge + sign * (reach[k] if k in touched else -room[k]))
        for k, (edge, sign) in enumerate([(x0, 1), (y0, 1), (x1, -1), (y1, -1)])
    )
    box = [left * FINER, top * FINER, right * FINER - 1, bottom * FINER - 1]
    sheet.draw(lambda draw: draw.rectangle(box, outline=255, width=line * FINER), dark(random))


def to_the_edge(sheet: Sheet, random: Random) -> None:
    """A cut so close that the digit reaches the picture's edge on one to four sides, up to half its pen beyond."""
    x0, y0, x1, y1 = sheet.box
    width, height = sheet.size
    cut = np.array([0, 0, width, height])
    for k in random.permutation(4)[: random.integers(1, 5)]:
        beyond = random.uniform(0, 0.5) * sheet.pen
        cut[k] = [np.floor(x0 + beyond), np.floor(y0 + beyond), np.ceil(x1 - beyond), np.ceil(y1 - beyond)][k]
    left, top, right, bottom = cut.tolist()
    sheet.rgb = sheet.rgb[max(0, top) : max(top + 4, bottom), max(0, left) : max(left + 4, right)]


def photo_without_margin(sheet: Sheet, random: Random) -> None:
    """A photograph cropped to the digit, with light that falls off."""
    shadow(sheet, random)
    x0, y0, x1, y1 = sheet.box
    around = random.uniform(0, 0.6, 4) * sheet.pen
    left, top = max(0, int(x0 - around[0])), max(0, int(y0 - around[1]))
    sheet.rgb = sheet.rgb[top : int(y1 + around[2]) + 1, left : int(x1 + around[3]) + 1]
