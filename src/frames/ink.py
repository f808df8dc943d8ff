"""Image -> ink: what is drawn in a picture, told from its paper, its ground or the light on it.

A clean picture has one colour for its paper, or none; a photograph has light, shadows and grain as well.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from frames.images import MAX_PIXELS, too_many_pixels

Bytes2D = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BOX = 20  # pixels of MNIST's box, into which ink of any size is scaled
WORK_SIDE = 2000  # larger pictures are reduced first
PHOTO_SIDE = 256  # the resolution at which paper and shadows are told from ink

MIN_CONTRAST = 16  # grey levels between paper and ink, of 255, below which nothing counts as drawn ...
PHOTO_CONTRAST = 24  # ... and in a photo, whose light alone makes some


class NoInk(ValueError):
    """Nothing is drawn."""

    def __init__(self, message: str = "Nothing is drawn here yet: draw one digit and try again."):
        super().__init__(message)


# --- image -> ink -----------------------------------------------------------------------------------------------------


def ink_of(image: Image.Image | NDArray[Any]) -> Bytes2D:
    """The ink of a picture, cropped to what is drawn: (h, w) uint8, 0 paper, the strongest stroke near 255.

    Takes a Pillow image of any mode, or an array: (H, W) grey, (H, W, 1), (H, W, 2) grey and alpha, (H, W, 3) RGB,
    (H, W, 4) RGBA; uint8 0..255, bool, wider integers, or floats. Dark on light or light on dark, on paper or on a
    transparent ground, in any size and at any place. A large or photographed picture comes back at a lower resolution.

    Raises NoInk where nothing is drawn, ValueError for an array of another shape, ImageTooLarge over MAX_PIXELS.
    """
    pixels = _pixels(image)
    if pixels.ndim == 3:
        packed = pixels.view("<u4")[..., 0]
        if packed.min() < 0xFF000000:
            return _ink_on_glass(pixels, packed)
        return _ink_on_paper(pixels, packed)
    return _ink_on_paper(pixels, pixels)


def _pixels(image: Image.Image | NDArray[Any]) -> Bytes2D:
    """Any picture as (H, W) grey or (H, W, 4) RGBA, contiguous uint8, of a size to work with."""
    pixels = _image_pixels(image) if isinstance(image, Image.Image) else _array_pixels(image)
    if pixels.size == 0:
        raise NoInk
    if max(pixels.shape) > WORK_SIDE:
        smaller = Image.fromarray(pixels).reduce(math.ceil(max(pixels.shape) / WORK_SIDE))
        pixels = np.asarray(smaller)
    return np.ascontiguousarray(pixels)


def _image_pixels(image: Image.Image) -> Bytes2D:
    if image.width * image.height > MAX_PIXELS:
        raise too_many_pixels()
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


def _array_pixels(array: NDArray[Any]) -> Bytes2D:
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


def _eight_bits(values: NDArray[Any]) -> Bytes2D:
    """Deeper pixels as 0..255: bool and floats up to 1 scaled up, wider integers scaled down by a power of two.

    The largest value tells 12 bits in a 16-bit file from 16 bits, which no header does.
    """
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    real = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    real -= min(0.0, float(real.min()))
    top = float(real.max())
    if np.issubdtype(values.dtype, np.floating) and 0 < top <= 1:
        real *= 255
    elif top > 255:
        real *= 256 / 2 ** math.ceil(math.log2(top + 1))
    return np.clip(real, 0, 255).astype(np.uint8)


def _ink_on_glass(pixels: Bytes2D, packed: NDArray[Any]) -> Bytes2D:
    """The ink of a picture that is transparent somewhere: (h, w) uint8.

    Ink on a transparent ground is its own alpha, whatever its colour. Only where the opaque part is itself a sheet
    (it fills its bounding box and has light and dark in it, or makes the picture's border) is the ink what is on it.
    """
    rows, columns = _box(packed >= 1 << 24)
    pixels = pixels[rows, columns]
    alpha = (packed[rows, columns] >> np.uint32(24)).astype(np.uint8)
    bordered = alpha.size == packed.size and np.count_nonzero(_edge(alpha)) > 0.5 * _edge(alpha).size
    if bordered or np.count_nonzero(alpha) > 0.7 * alpha.size:
        grey = np.asarray(Image.fromarray(np.ascontiguousarray(pixels[..., :3])).convert("L"))
        low, sheet, high = np.percentile(grey[alpha > alpha.max() // 2], (2, 50, 98))
        if bordered or high - low > 64:
            laid = np.where(alpha > 0, grey, np.uint8(sheet))
            return _ink_on_paper(laid, laid)
    return _drawn(alpha, packed.size)


def _edge(pixels: NDArray[Any]) -> NDArray[Any]:
    """The pixels along the four sides of an (H, W) array, one after the other."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _ink_on_paper(pixels: Bytes2D, packed: NDArray[Any]) -> Bytes2D:
    """The ink of an opaque picture: (h, w) uint8. `packed` holds one number a pixel, equal where the colour is."""
    edge = _edge(packed)
    paper = np.partition(edge, edge.size // 2)[edge.size // 2]
    if 2 * np.count_nonzero(edge == paper) < edge.size:
        return _photographed(pixels)
    rows, columns = _box(packed != paper)
    ink = _distance(pixels[rows, columns], packed[rows, columns], int(paper))
    # Anti-aliasing and JPEG leave some faint pixels around a drawing; paper in a photo is faint all over.
    faint = np.count_nonzero(ink) - np.count_nonzero(ink > ink.max() // 8)
    if faint > 0.4 * ink.size:
        return _photographed(pixels)
    return _drawn(ink, packed.size)


def _distance(pixels: Bytes2D, packed: NDArray[Any], paper: int) -> Bytes2D:
    """How far each pixel is from the paper's colour, 0..255, in the channel where it is farthest.

    The farthest channel, not the luminance: yellow on white, or red on a green as bright, is ink as well.
    """
    if pixels.ndim == 2:
        return _apart(pixels, paper)
    level = paper & 0xFF
    if paper & 0xFFFFFF == level * 0x010101 and _is_grey(packed):
        return _apart(packed.astype(np.uint8), level)
    channels = [_apart(pixels[..., k], paper >> 8 * k & 0xFF) for k in range(3)]
    return np.maximum(np.maximum(channels[0], channels[1]), channels[2])


def _is_grey(packed: NDArray[np.uint32]) -> bool:
    """Whether red, green and blue are equal in every packed RGBA pixel."""
    differing = packed >> np.uint32(8)
    differing ^= packed
    differing &= np.uint32(0xFFFF)
    return not differing.max()


def _apart(pixels: Bytes2D, level: int) -> Bytes2D:
    """The absolute difference to one level, without the detour over wider integers."""
    if level == 255:
        return 255 - pixels
    if level == 0:
        return pixels
    return np.where(pixels < level, level - pixels, pixels - level)


def _drawn(ink: Bytes2D, canvas: int) -> Bytes2D:
    """Clean ink cropped once more, to what is no artefact and no dust. `canvas` is the picture's area in pixels."""
    peak = int(ink.max())
    if peak < MIN_CONTRAST:
        raise NoInk
    if BOX - 1 <= max(ink.shape) <= BOX:  # as large as in MNIST already: nothing faint may be lost
        return ink
    mask = ink > peak // 10
    if ink.size > 0.9 * canvas:
        mask = _without_loners(mask)
    (rows, torn), (columns, split) = span(np.any(mask, 1)), span(np.any(mask, 0))
    if torn or split:
        rows, columns = _box(_without_dust(mask))
    return ink[rows, columns]


def span(filled: Mask | np.bool_) -> tuple[slice, bool]:
    """From the first to the last of what is true, and whether anything between them is not."""
    places = np.flatnonzero(filled)
    if not places.size:
        raise NoInk
    first, last = int(places[0]), int(places[-1]) + 1
    return slice(first, last), last - first > places.size


def _box(mask: Mask) -> tuple[slice, slice]:
    """The bounding box of what is true, as two slices; NoInk where nothing is."""
    rows, _ = span(mask.any(1))
    columns, _ = span(mask[rows].any(0))
    return rows, columns


def _without_loners(mask: Mask) -> Mask:
    """A mask without the pixels that have no neighbour, where these are noise strewn over the whole picture."""
    padded = np.pad(mask, 1)
    across = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
    beside = across[:-2] | across[2:] | padded[1:-1, :-2] | padded[1:-1, 2:]
    alone = np.count_nonzero(mask & ~beside)
    return mask & beside if alone > 20 else mask


def _without_dust(mask: Mask) -> Mask:
    """A mask without the specks that alone would stretch its bounding box.

    A speck out there leaves an empty row or column between itself and the drawing, so projections find it. Dust is
    smaller than any dot of this pen, and there is little of it: a dotted line stays.
    """
    area = np.count_nonzero(mask)
    speck = max(0.4 * pen_width(mask) ** 2, 1e-4 * max(mask.shape) ** 2)
    clean = mask
    for axis in (1, 0, 1):
        keep = _inside_dust(clean.sum(axis), speck)
        clean = clean & (keep[:, None] if axis == 1 else keep[None, :])
    return clean if np.count_nonzero(clean) > 0.95 * area else mask


def _inside_dust(counts: NDArray[Any], speck: float) -> Mask:
    """Which rows (or columns) of `counts` ink pixels lie between the first and the last run of more than a speck."""
    starts = np.flatnonzero(np.diff(counts > 0, prepend=False))
    sums = np.add.reduceat(counts, starts)[::2]
    large = np.flatnonzero(sums > speck)
    keep = np.zeros(counts.size, np.bool_)
    if large.size:
        ends = np.append(starts[1::2], counts.size)
        keep[starts[2 * large[0]] : ends[large[-1]]] = True
    return keep


def pen_width(mask: Mask) -> float:
    """The mean stroke width of a mask in pixels, 2 * area / outline.

    The outline is counted in pixel edges, which overstates it by 4 / pi on average over all directions (Crofton).
    """
    edges = int(np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1]))
    edges += sum(int(np.count_nonzero(side)) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    return 8 / math.pi * int(np.count_nonzero(mask)) / max(1, edges)


# --- photographs ------------------------------------------------------------------------------------------------------


def _photographed(pixels: Bytes2D) -> Bytes2D:
    """The ink of a photo or scan: (h, w) uint8, 0 where the paper is, whatever light falls on it."""
    image = Image.fromarray(pixels).convert("L")
    grey = _median3(np.asarray(image.reduce(max(1, math.ceil(max(image.size) / PHOTO_SIDE)))))
    return _strokes_darker(grey if _is_dark_on_light(grey) else 255 - grey)


def _is_dark_on_light(grey: Bytes2D) -> bool:
    """Whether the strokes are darker than the paper.

    Ink is the minority wherever it is, so it is farther from its surroundings' mean than the paper is, and the third
    moment has its sign. The two sides of a shadow's edge weigh the same.
    """
    around = Image.fromarray(grey).filter(ImageFilter.BoxBlur(max(grey.shape) // 8))
    away = grey.astype(np.float32) - np.asarray(around)
    return float((away**3).sum()) <= 0


def _strokes_darker(grey: Bytes2D) -> Bytes2D:
    """The strokes darker than the paper around them, cropped: (h, w) uint8; NoInk where there are none.

    Looked for twice: through a window wider than any pen, and then through one just wide enough for this pen, which
    follows the paper more closely.
    """
    window = max(grey.shape) // 4
    ink = _inked(_darkness(grey, window))
    narrow = max(9, math.ceil(3 * pen_width(ink > 127)))
    if narrow < window // 2:
        ink = _inked(_darkness(grey, narrow))
    return ink[_box(_without_dust(ink > 25))]


def _inked(darkness: NDArray[np.float32]) -> Bytes2D:
    """Ink, 0..255, of how much darker than its paper each pixel is; NoInk where that is nothing but noise."""
    noise = max(1.0, 1.4826 * float(np.median(np.abs(darkness))))
    peak = float(np.sort(darkness, axis=None)[-max(8, darkness.size // 500) :].mean())
    if peak < max(PHOTO_CONTRAST, 8 * noise):
        raise NoInk
    low = max(3 * noise, 0.25 * peak)
    ink: Bytes2D = (np.clip((darkness - low) / (0.65 * peak - low), 0, 1) * 255).astype(np.uint8)
    ink[~_drawing(ink > 25)] = 0
    return ink


def _median3(grey: Bytes2D) -> Bytes2D:
    """The median along each row's and then each column's three neighbours: takes out grains, keeps edges."""
    for axis in (0, 1):
        rows = np.pad(np.moveaxis(grey, axis, 0), ((1, 1), (0, 0)), mode="edge")
        a, b, c = rows[:-2], rows[1:-1], rows[2:]
        middle = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
        grey = np.ascontiguousarray(np.moveaxis(middle, 0, axis))
    return grey


def _darkness(grey: Bytes2D, window: int) -> NDArray[np.float32]:
    """How much darker each pixel is than the paper around it, in grey levels, 0 on average where nothing is drawn.

    A closing (Serra) by a square of `window` pixels, wider than any stroke, fills the strokes in and leaves the paper
    as it is, the edges of shadows included, which a local mean would blur into strokes.
    """
    paper = _running(_running(grey, window, np.maximum), window, np.minimum)
    darkness = paper.astype(np.float32) - grey
    darkness -= np.median(darkness)
    return darkness


def _running(grey: Bytes2D, window: int, most: np.ufunc) -> Bytes2D:
    """The maximum or minimum over a square of about `window` pixels around each pixel."""
    half = window // 2
    for axis in (0, 1):
        rows = np.pad(np.moveaxis(grey, axis, 0), ((half, half), (0, 0)), mode="edge")
        size, span = 2 * half + 1, 1
        while 2 * span <= size:  # each round doubles what a row stands for
            rows, span = most(rows[:-span], rows[span:]), 2 * span
        if span < size:
            rows = most(rows[: span - size], rows[size - span :])
        grey = np.moveaxis(rows, 0, axis)
    return grey


def _drawing(mask: Mask) -> Mask:
    """The part of a photo's mask that is the drawing: no grain, no table's edge. Same shape."""
    step = max(1, max(mask.shape) // 64)
    rows, columns = (math.ceil(n / step) for n in mask.shape)
    whole = np.zeros((rows * step, columns * step), np.bool_)
    whole[: mask.shape[0], : mask.shape[1]] = mask
    counts = whole.reshape(rows, step, columns, step).sum((1, 3))
    labels = _labelled(counts > 0)
    sizes = np.bincount(labels.ravel(), counts.ravel())
    sizes[0] = 0
    outer = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    inner = sizes.copy()
    inner[outer] = 0
    if inner.max() > 0.05 * sizes.max():
        sizes = inner
    keep = sizes > 0.04 * sizes.max()
    fine: Mask = keep[labels].repeat(step, 0).repeat(step, 1)
    return fine[: mask.shape[0], : mask.shape[1]]


def _labelled(mask: Mask) -> NDArray[np.int64]:
    """Each connected part (8 neighbours) of a coarse mask under a number of its own from 1; 0 elsewhere."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        padded = np.pad(labels, 1)
        across = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
        most = np.maximum(np.maximum(across[:, :-2], across[:, 1:-1]), across[:, 2:])
        spread = np.where(mask, most, 0)
        if np.array_equal(spread, labels):
            return labels
        labels = spread
