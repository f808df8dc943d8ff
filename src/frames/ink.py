"""Image -> ink: what is drawn in a picture, separated from its paper or its transparent ground.

A clean picture has one colour for its paper, or none. Any other is a photograph or scan, see `photographs`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frames.images import MAX_PIXELS, too_many_pixels
from frames.masks import (
    Cropped,
    NoInk,
    Pixels,
    border,
    bounding_box,
    crop,
    drawn,
    span,
    without_dust,
    without_isolated_pixels,
)
from frames.paper import ONE_DIGIT, Sought, is_doubtful, versions
from frames.photographs import photographed_ink, reduction
from frames.reducing import WORK_SIDE, reduced

BOX = 20  # pixels of MNIST's box, into which ink of any size is scaled
CLEAN_SIDE = 400  # pixels; larger clean pictures are reduced where more than the digit may be drawn in them
NO_INK = "There is no ink in this picture: send {}."
MIN_CONTRAST = 16  # grey levels, of 255, between paper and ink, below which nothing counts as drawn


class Ink(NamedTuple):
    """Ink cropped to what is drawn, (h, w) uint8, 0 paper, the strongest stroke near 255, and where it was found.

    `picture` is the whole picture as it was searched, (H, W) grey or (H, W, 4) RGBA. The ink is `reduced` times smaller
    than there; `top` and `left` are its corner's place in the picture, in the ink's own pixels.
    """

    pixels: Pixels
    picture: Pixels
    top: int
    left: int
    reduced: int
    others: tuple[Ink, ...] = ()
    """What may be the ink instead, the likeliest first: with or without a line or a piece that may be no part of it."""

    @property
    def side(self) -> float:
        """The longer side of the whole picture, in the ink's own pixels."""
        return max(map(int, self.picture.shape[:2])) / self.reduced


def ink_of(image: Image.Image | NDArray[Any]) -> Pixels:
    """The pixels of `find_ink`."""
    return find_ink(image).pixels


def find_ink(image: Image.Image | NDArray[Any], sought: Sought = ONE_DIGIT) -> Ink:
    """The ink of a picture: of the digit in it, or of what else is `sought`.

    Takes a Pillow image of any mode, or an array: (H, W) grey, (H, W, 1), (H, W, 2) grey and alpha, (H, W, 3) RGB,
    (H, W, 4) RGBA; uint8 0..255, bool, wider integers, or floats. Dark on light or light on dark, on paper or on a
    transparent ground, in any size and at any place. A large or photographed picture comes back at a lower resolution.

    Raises NoInk where nothing is drawn, ValueError for an array of another shape, ImageTooLarge over MAX_PIXELS.
    """
    try:
        return _found(_pixels(image), sought)
    except NoInk as error:
        raise NoInk(NO_INK.format(sought.in_words)) from error


def _found(pixels: Pixels, sought: Sought) -> Ink:
    packed = pixels.view("<u4")[..., 0] if pixels.ndim == 3 else pixels
    transparent = pixels.ndim == 3 and packed.min() < 0xFF000000
    found, reduced = (_ink_on_transparent if transparent else _ink_on_paper)(pixels, packed, sought)
    inks = [Ink(each.pixels, pixels, each.top, each.left, reduced) for each in found]
    return inks[0]._replace(others=tuple(inks[1:]))


# --- any image -> grey or RGBA, 8 bits --------------------------------------------------------------------------------


def _pixels(image: Image.Image | NDArray[Any]) -> Pixels:
    """Any picture as (H, W) grey or (H, W, 4) RGBA, contiguous, at most WORK_SIDE a side."""
    pixels = _image_pixels(image) if isinstance(image, Image.Image) else _array_pixels(image)
    if pixels.size == 0:
        raise NoInk
    if max(pixels.shape) > WORK_SIDE:
        smaller = Image.fromarray(pixels).reduce(math.ceil(max(pixels.shape) / WORK_SIDE))
        pixels = np.asarray(smaller)
    return np.ascontiguousarray(pixels)


def _image_pixels(image: Image.Image) -> Pixels:
    if image.width * image.height > MAX_PIXELS:
        raise too_many_pixels()
    image = reduced(image)
    if image.mode in ("L", "RGBA"):
        return np.asarray(image)
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    if image.mode.startswith(("I", "F")):
        return _eight_bits(np.asarray(image))
    if image.mode == "La":
        image = image.convert("LA")
    # A colour or palette entry declared transparent is dropped by every other conversion than this one.
    return np.asarray(image.convert("RGBA"))


def _array_pixels(array: NDArray[Any]) -> Pixels:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (2, 3, 4)):
        raise ValueError("A picture is an array of (height, width) or (height, width, 1 to 4 channels).")
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise too_many_pixels()
    if array.size and array.dtype != np.uint8:
        array = _eight_bits(array)
    if array.ndim == 2 or array.shape[2] == 4 or not array.size:
        return array
    return np.asarray(Image.fromarray(np.ascontiguousarray(array)).convert("RGBA"))


def _eight_bits(values: NDArray[Any]) -> Pixels:
    """Deeper pixels as 0..255: bool and floats up to 1 scaled up, wider integers scaled down by a power of two.

    The largest value distinguishes 12 bits in a 16-bit file from 16 bits, which no header does.
    """
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    real = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    np.clip(real, -1e30, 1e30, out=real)  # so that their difference is a number
    real -= min(0.0, float(real.min()))
    top = float(real.max())
    if np.issubdtype(values.dtype, np.floating) and 0 < top <= 1:
        real *= 255
    elif top > 255:
        real *= 256 / 2 ** math.ceil(math.log2(top + 1))
    return np.clip(real, 0, 255).astype(np.uint8)


# --- clean pictures ---------------------------------------------------------------------------------------------------

Reduced = tuple[list[Cropped], int]  # ink that may be meant, and how many times smaller it is than in the picture


def _ink_on_transparent(pixels: Pixels, packed: NDArray[Any], sought: Sought) -> Reduced:
    """The ink of a picture that is transparent somewhere.

    Ink on a transparent ground is its own alpha, whatever its colour. Only where the opaque part is itself a sheet
    (it fills its bounding box and has light and dark in it, or makes the picture's border) is the ink what is on it.
    """
    rows, columns = bounding_box(packed >= 1 << 24)
    pixels = pixels[rows, columns]
    alpha = (packed[rows, columns] >> np.uint32(24)).astype(np.uint8)
    bordered = alpha.size == packed.size and np.count_nonzero(border(alpha)) > 0.5 * border(alpha).size
    if bordered or np.count_nonzero(alpha) > 0.7 * alpha.size:
        grey = np.asarray(Image.fromarray(np.ascontiguousarray(pixels[..., :3])).convert("L"))
        low, sheet, high = np.percentile(grey[alpha > alpha.max() // 2], (2, 50, 98))
        if bordered or high - low > 64:
            flattened = np.where(alpha > 0, grey, np.uint8(sheet))
            found, reduced = _ink_on_paper(flattened, flattened, sought)
            return [_within(ink, rows.start / reduced, columns.start / reduced) for ink in found], reduced
    return _clean(alpha, rows, columns, packed.shape, sought)


def _ink_on_paper(pixels: Pixels, packed: NDArray[Any], sought: Sought) -> Reduced:
    """The ink of an opaque picture. `packed` holds one number a pixel, equal where the colour is."""
    edge = border(packed)
    paper = int(np.partition(edge, edge.size // 2)[edge.size // 2])
    if 2 * np.count_nonzero(edge == paper) < edge.size:
        paper = _inner_paper(packed)
        if 2 * np.count_nonzero(packed == paper) < packed.size:
            return photographed_ink(pixels, sought), reduction(packed.shape, sought.side)
    rows, columns = bounding_box(packed != paper)
    ink = _distance(pixels[rows, columns], packed[rows, columns], paper)
    if 2 * cv2.countNonZero(ink) > packed.size:
        paper = _inner_paper(packed)  # a frame makes the border, and the paper is inside it
        rows, columns = bounding_box(packed != paper)
        ink = _distance(pixels[rows, columns], packed[rows, columns], paper)
    # Anti-aliasing and JPEG leave some faint pixels around a drawing; paper in a photograph is faint all over.
    strong = cv2.threshold(ink, int(ink.max()) // 8, 0, cv2.THRESH_TOZERO)[1]
    if cv2.countNonZero(ink) - cv2.countNonZero(strong) > 0.4 * ink.size:
        return photographed_ink(pixels, sought), reduction(packed.shape, sought.side)
    return _clean(ink, rows, columns, packed.shape, sought)


def _inner_paper(packed: NDArray[Any]) -> int:
    """The colour of most of the picture's pixels, if there is one."""
    return int(np.partition(packed.ravel(), packed.size // 2)[packed.size // 2])


def _clean(ink: Pixels, rows: slice, columns: slice, shape: tuple[int, ...], sought: Sought) -> Reduced:
    """Clean ink, which lies in these rows and columns of a picture of this shape."""
    if int(ink.max()) < MIN_CONTRAST:
        raise NoInk
    if BOX - 1 <= max(ink.shape) <= BOX:  # as large as in MNIST already: nothing faint may be lost
        return [Cropped(ink, rows.start, columns.start)], 1
    mask = drawn(ink)
    if ink.size > 0.9 * math.prod(shape):
        mask = without_isolated_pixels(mask)
    at_border = rows.start == 0 or columns.start == 0 or rows.stop == shape[0] or columns.stop == shape[1]
    (drawn_rows, rows_apart), (drawn_columns, columns_apart) = span(mask.any(1)), span(mask.any(0))
    if not at_border and not is_doubtful(ink[drawn_rows, drawn_columns], int(ink.max()) // 10):
        if rows_apart or columns_apart:  # by what is too small to be seen from afar
            drawn_rows, drawn_columns = bounding_box(without_dust(mask))
        return [_within(crop(ink, drawn_rows, drawn_columns), rows.start, columns.start)], 1
    whole = np.zeros(shape, np.uint8)
    whole[rows, columns] = np.where(mask, ink, np.uint8(0))
    return [crop(each, *bounding_box(drawn(each))) for each in _versions(whole, sought)], 1


def _versions(ink: Pixels, sought: Sought) -> list[Pixels]:
    """The versions of clean ink, found at a lower resolution and cut out of it at its own; all of its shape."""
    step = math.ceil(max(ink.shape) / CLEAN_SIDE)
    small = np.asarray(Image.fromarray(ink).reduce(step)) if step > 1 else ink
    found = versions(small, int(small.max()) // 10, sought)
    if step == 1:
        return found
    gone = [(each < small).repeat(step, 0).repeat(step, 1)[: ink.shape[0], : ink.shape[1]] for each in found]
    return [np.where(each, np.uint8(0), ink) for each in gone]


def _within(cropped: Cropped, top: float, left: float) -> Cropped:
    """Ink of a part of a picture, placed in the whole: the part begins at `top` and `left`, in the ink's pixels."""
    return Cropped(cropped.pixels, cropped.top + round(top), cropped.left + round(left))


def _distance(pixels: Pixels, packed: NDArray[Any], paper: int) -> Pixels:
    """How far each pixel is from the paper's colour, 0..255, in the channel where it is farthest.

    The farthest channel, not the luminance: yellow on white, or red on a green as bright, is ink as well.
    """
    if pixels.ndim == 2:
        return _difference(pixels, paper)
    level = paper & 0xFF
    if paper & 0xFFFFFF == level * 0x010101:
        grey = packed.astype(np.uint8)  # its lowest byte, which is red
        if not cv2.norm(pixels, cv2.cvtColor(grey, cv2.COLOR_GRAY2RGBA), cv2.NORM_INF):  # and so are green and blue
            return _difference(grey, level)
    channels = [_difference(pixels[..., k], paper >> 8 * k & 0xFF) for k in range(3)]
    return np.maximum(np.maximum(channels[0], channels[1]), channels[2])


def _difference(pixels: Pixels, level: int) -> Pixels:
    """The absolute difference from one level, without the detour over wider integers."""
    if level == 255:
        return 255 - pixels
    if level == 0:
        return pixels
    return np.where(pixels < level, level - pixels, pixels - level)
