"""What was read in a picture, for the eye: the picture, small, and the outline of the ink that was found in it.

Only where somebody looks at it: the outline takes longer than the reading.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frames.ink import Ink
from frames.masks import Mask, Pixels, drawn

SIDE = 480  # pixels; larger pictures are reduced to this
QUALITY = 75  # WebP's, for the eye only
MAX_LINES = 6_000  # of an outline; a digit's has some hundreds, and a screen of fine dots would have a hundred thousand


@dataclass(frozen=True)
class Preview:
    """A picture of at most SIDE pixels a side, as the bytes of a WebP, and the outline of its ink.

    `outline` is an SVG path in the picture's pixels: level and upright lines of at most MAX_LINES, between a pixel with
    ink and one without.
    """

    width: int
    height: int
    picture: bytes
    outline: str


def preview_of(ink: Ink) -> Preview:
    """The picture that ink was found in, with the very ink that becomes the frame outlined."""
    image = Image.fromarray(ink.picture)
    image.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=2)
    return Preview(*image.size, buffer.getvalue(), outline_of(drawn(_placed(ink, image.size))))


def _placed(ink: Ink, size: tuple[int, int]) -> Pixels:
    """Ink at its place in the whole picture, scaled to `size` (width, height): (height, width) uint8."""
    height, width = (pixels / ink.reduced for pixels in ink.picture.shape[:2])
    whole = np.zeros((int(np.ceil(height)), int(np.ceil(width))), np.uint8)
    rows, columns = ink.pixels.shape
    whole[ink.top : ink.top + rows, ink.left : ink.left + columns] = ink.pixels
    return np.asarray(Image.fromarray(whole).resize(size, Image.Resampling.BILINEAR, (0, 0, width, height)))


def outline_of(mask: Mask) -> str:
    """The outline of an (h, w) mask as an SVG path in its pixels; coarser where it would have more than MAX_LINES."""
    step = 1
    while True:
        level, upright = _lines(mask), _lines(mask.T)
        if len(level) + len(upright) <= MAX_LINES:
            break
        mask, step = _halved(mask), 2 * step
    level, upright = level * step, upright * step
    return "".join(
        [f"M{x} {y}h{length}" for y, x, length in level.tolist()]
        + [f"M{x} {y}v{length}" for x, y, length in upright.tolist()]
    )


def _lines(mask: Mask) -> NDArray[np.int64]:
    """The level lines between true and false pixels of a mask, which ends in false ones: (n, 3) of y, x and length."""
    padded = np.pad(mask, 1)
    edges = padded[1:] != padded[:-1]
    ends = np.flatnonzero(np.diff(edges.ravel(), prepend=False, append=False)).reshape(-1, 2)
    y, x = np.divmod(ends[:, 0], padded.shape[1])
    return np.stack([y, x - 1, ends[:, 1] - ends[:, 0]], axis=1)


def _halved(mask: Mask) -> Mask:
    """A mask of half the resolution: true where any pixel of a 2 x 2 block is."""
    rows, columns = mask.shape
    padded = np.pad(mask, ((0, rows % 2), (0, columns % 2)))
    tall = padded[::2] | padded[1::2]
    halved: Mask = tall[:, ::2] | tall[:, 1::2]
    return halved
