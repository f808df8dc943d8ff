"""A large picture -> a small one, by strips: of no large picture is there ever a whole copy in another mode."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image

WORK_SIDE = 2000  # pixels; larger pictures are reduced to this before anything is looked for in them
STRIP = 250_000  # pixels of the large picture that are converted at a time, a megabyte


def reduction(size: tuple[int, ...]) -> int:
    """How many times a picture of these sides is reduced, each way, to have at most WORK_SIDE a side."""
    return max(1, math.ceil(max(size) / WORK_SIDE))


def reduced(image: Image.Image) -> Image.Image:
    """The picture with at most WORK_SIDE pixels a side: each pixel is the mean of a square of the picture's own.

    A small one comes back as it is. A large one comes back in a mode that has means: L, LA, I, F, RGB, RGBA or CMYK.
    """
    if max(image.size) <= WORK_SIDE:
        return image
    return reduced_rows(image.size, lambda top, bottom: image.crop((0, top, image.width, bottom)))


def reduced_rows(size: tuple[int, int], rows: Callable[[int, int], Image.Image]) -> Image.Image:
    """The same, of a picture of any `size` (width, height) whose rows from one to before another `rows` makes."""
    width, height = size
    times = reduction(size)
    step = times * max(1, STRIP // (width * times))
    whole = None
    for top in range(0, height, step):
        strip = _with_means(rows(top, min(top + step, height))).reduce(times)
        if whole is None:
            whole = Image.new(strip.mode, (strip.width, math.ceil(height / times)))
        whole.paste(strip, (0, top // times))
    if whole is None:
        raise ValueError("A picture has at least one row.")
    return whole


def _with_means(image: Image.Image) -> Image.Image:
    """A picture in a mode whose pixels have a mean; a colour or palette entry declared transparent becomes so."""
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I;"):
        return image.convert("I")
    if image.mode == "La":
        return image.convert("LA")
    if image.mode in ("P", "PA") or (image.mode == "RGB" and "transparency" in image.info):
        return image.convert("RGBA")
    return image
