"""What is printed on paper: frames of every kind, a form's cell, ruling, squares, and a line through the digit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.sheets import FINER, Colour, Random, Sheet, as_jpeg, dark, line_width

RULING: list[Colour] = [(150, 180, 225), (120, 150, 210), (170, 200, 170), (180, 180, 185), (225, 160, 160)]
COLOURED: list[Colour] = [(200, 30, 40), (30, 60, 190), (20, 120, 60), (230, 120, 20), (120, 40, 140), (0, 140, 160)]


def frame(sheet: Sheet, random: Random, colour: Colour, inset: float, turn: float = 0, sides: int = 4) -> None:
    """So many sides of a frame, `inset` of the sheet's shorter side from its border."""
    width, height = sheet.size
    line, gap = line_width(sheet, random), round(inset * min(width, height))
    left, top, right, bottom = gap, gap, width - gap, height - gap
    bars = [
        (left, top, right, top + line),
        (left, bottom - line, right, bottom),
        (left, top, left + line, bottom),
        (right - line, top, right, bottom),
    ]
    chosen = [bars[k] for k in random.permutation(4)[:sides]]

    def lines(draw: ImageDraw.ImageDraw) -> None:
        for x0, y0, x1, y1 in chosen:
            draw.rectangle([x0 * FINER, y0 * FINER, x1 * FINER - 1, y1 * FINER - 1], fill=255)

    sheet.draw(lines, colour, turn)


def edge_line(sheet: Sheet, random: Random) -> None:
    """A line along one side of the sheet."""
    frame(sheet, random, dark(random), random.choice([0, 0, 0.01]), sides=1)


def border_frame(sheet: Sheet, random: Random) -> None:
    """A frame on the border."""
    frame(sheet, random, dark(random), 0)


def inset_frame(sheet: Sheet, random: Random) -> None:
    """A frame a little inside the border."""
    frame(sheet, random, dark(random), random.uniform(0.01, 0.06))


def some_sides(sheet: Sheet, random: Random) -> None:
    """Two or three sides of a frame."""
    frame(sheet, random, dark(random), random.uniform(0, 0.05), sides=int(random.integers(2, 4)))


def pale_frame(sheet: Sheet, random: Random) -> None:
    """A pale grey frame."""
    level = random.uniform(150, 232)
    frame(sheet, random, (level, level, level), random.uniform(0, 0.06))


def coloured_frame(sheet: Sheet, random: Random) -> None:
    """A frame in a colour."""
    frame(sheet, random, COLOURED[random.integers(len(COLOURED))], random.uniform(0, 0.06))


def turned_frame(sheet: Sheet, random: Random) -> None:
    """A frame that is turned by up to three degrees."""
    frame(sheet, random, dark(random), random.uniform(0.015, 0.06), random.uniform(-3, 3))


def smeared_frame(sheet: Sheet, random: Random) -> None:
    """A frame that strong compression has smeared."""
    frame(sheet, random, dark(random), random.uniform(0, 0.06))
    smeared = as_jpeg(Image.fromarray(np.clip(sheet.rgb, 0, 255).astype(np.uint8)), int(random.integers(12, 40)))
    sheet.rgb = np.asarray(smeared, np.float32)


def form_cell(sheet: Sheet, random: Random) -> None:
    """A cell cut out of a form: a rough, thick frame of which the cut has left more on one side than on another."""
    width, height = sheet.size
    thick = random.uniform(0.01, 0.035) * min(width, height)
    cut = random.uniform(-0.6, 2.2, 4) * thick  # from the border to the middle of each line
    y, x = np.mgrid[:height, :width].astype(np.float32)
    slope = np.tan(np.radians(random.uniform(-1.0, 1.0)))
    rough = [smoothed(random.normal(0, 0.35 * thick, n), 3) for n in (width, width, height, height)]
    away = [
        y - cut[0] - slope * (x - width / 2) - rough[0][None, :],
        height - 1 - y - cut[1] + slope * (x - width / 2) - rough[1][None, :],
        x - cut[2] + slope * (y - height / 2) - rough[2][:, None],
        width - 1 - x - cut[3] - slope * (y - height / 2) - rough[3][:, None],
    ]
    distance = np.min([np.abs(each) for each in away], axis=0)
    sheet.print(np.clip(thick / 2 + 0.7 - distance, 0, 1).astype(np.float32) * random.uniform(0.8, 1), dark(random))


def smoothed(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """A running mean over `width` values, same length."""
    smoothed: NDArray[np.float64] = np.convolve(values, np.ones(width) / width, "same")
    return smoothed


def ruled(sheet: Sheet, random: Random, both: bool = False) -> None:
    """Level lines from border to border; with `both`, upright ones as well."""
    width, height = sheet.size
    extent = sheet.box[3] - sheet.box[1]
    spacing = max(8.0, random.uniform(*((0.12, 0.5) if both else (0.25, 1.1))) * extent)
    line = max(1.0, random.uniform(0.1, 0.3) * sheet.pen)
    start, turn = random.uniform(0, spacing, 2), random.uniform(-2, 2) * (random.random() < 0.5)
    colour = RULING[random.integers(len(RULING))] if random.random() < 0.8 else dark(random)

    def lines(draw: ImageDraw.ImageDraw) -> None:
        for y in np.arange(start[0] - height, 2 * height, spacing):
            draw.rectangle([-9, y * FINER, width * FINER + 9, (y + line) * FINER - 1], fill=255)
        for x in np.arange(start[1] - width, 2 * width, spacing) if both else ():
            draw.rectangle([x * FINER, -9, (x + line) * FINER - 1, height * FINER + 9], fill=255)

    if not turn:
        start = np.round(start)
        spacing, line = round(spacing), round(line)
    sheet.draw(lines, colour, turn)


def squared(sheet: Sheet, random: Random) -> None:
    """Squared paper."""
    ruled(sheet, random, both=True)


def line_across(sheet: Sheet, random: Random) -> None:
    """One line from border to border that the digit stands on, or that runs through it."""
    width, height = sheet.size
    x0, y0, x1, y1 = sheet.box
    line = min(line_width(sheet, random), max(1, round(0.6 * sheet.pen)))
    upright, place = random.random() < 0.3, random.choice([random.uniform(0.1, 0.9), 0.97])
    at = x0 + place * (x1 - x0) if upright else y0 + place * (y1 - y0)
    bar = (at, -9, at + line, height + 9) if upright else (-9, at, width + 9, at + line)

    def shape(draw: ImageDraw.ImageDraw) -> None:
        draw.rectangle(
            [round(bar[0]) * FINER, round(bar[1]) * FINER, round(bar[2]) * FINER - 1, round(bar[3]) * FINER - 1],
            fill=255,
        )

    sheet.draw(shape, dark(random), random.uniform(-2, 2) * (random.random() < 0.4))
