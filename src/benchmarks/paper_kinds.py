"""Digits on paper of every kind: printed frames, ruled and squared paper, edges, shadows, dust and more.

`picture` lays a drawn digit on a sheet with or without a kind's mark; all else about the two sheets is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks import printing, staining
from benchmarks.sheets import Random, Sheet, Strokes, laid_out, taken


class Kind(NamedTuple):
    """What is on the paper, and the sheets that have it.

    `sides` are the range of their longer side in pixels; `margin` is the least room around the digit, of each side.
    """

    mark: Callable[[Sheet, Random], None]
    sides: tuple[int, int] = (100, 480)
    margin: float = 0.1
    photographed: bool = False


def picture(strokes: Strokes, kind: str, seed: int, marked: bool = True) -> Image.Image:
    """A sheet of a kind with a digit of (n, 2) strokes on it, with the kind's mark or without."""
    chosen, random = KINDS[kind], np.random.default_rng(seed)
    sheet = laid_out(strokes, chosen.sides, chosen.margin, random)
    seeds = random.integers(0, 2**31, 2)
    if marked:
        chosen.mark(sheet, np.random.default_rng(seeds[0]))
    return taken(sheet, np.random.default_rng(seeds[1]), chosen.photographed)


KINDS: dict[str, Kind] = {
    "a line on one edge": Kind(printing.edge_line),
    "a frame on the border": Kind(printing.border_frame),
    "an inset frame": Kind(printing.inset_frame),
    "two or three sides": Kind(printing.some_sides),
    "a pale frame": Kind(printing.pale_frame),
    "a coloured frame": Kind(printing.coloured_frame),
    "a turned frame": Kind(printing.turned_frame),
    "a frame smeared by JPEG": Kind(printing.smeared_frame),
    "a small form cell": Kind(printing.border_frame, sides=(40, 120)),
    "a scanned form cell": Kind(printing.form_cell, sides=(60, 300), photographed=True),
    "ruled paper": Kind(printing.ruled),
    "squared paper": Kind(printing.squared),
    "a line through the digit": Kind(printing.line_across),
    "a scan's edge": Kind(staining.scan_edge),
    "a page's border": Kind(staining.page_border, photographed=True),
    "shadow": Kind(staining.shadow, photographed=True),
    "dust": Kind(staining.dust),
    "punched holes": Kind(staining.holes),
    "a stray remnant": Kind(staining.remnant),
    "a digit into its frame": Kind(staining.into_frame, margin=0.12),
    "a digit to the edge": Kind(staining.to_the_edge),
    "a photo without margin": Kind(staining.photo_without_margin, photographed=True),
}
