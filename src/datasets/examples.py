"""What a data set is read into, and the limits on it: labelled drawings, and the names of what could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frames.drawing import Drawing, from_picture
from frames.images import ImageTooLarge, NotAnImage, decode
from frames.masks import NoInk, Pixels
from frames.preprocessing import FRAME
from learning.classes import NOT_A_DIGIT

MAX_EXAMPLES = 1_000_000  # of one data set


class NotADataset(ValueError):
    """A path is no data set that can be read, or too large a one; the message says what is expected."""


@dataclass(frozen=True)
class Example:
    """A drawing with its label, 0-9 or NOT_A_DIGIT; `name` says where it is in its data set."""

    name: str
    label: int
    drawing: Drawing


@dataclass(frozen=True)
class Unreadable:
    """What is no labelled drawing, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Dataset:
    """How many labelled drawings there are, at most, and these in turn."""

    count: int
    examples: Iterator[Example | Unreadable]


def bounded(count: int) -> int:
    """That count. Raises NotADataset where it is 0 or above MAX_EXAMPLES."""
    if not count:
        raise NotADataset("There is no labelled picture in it.")
    if count > MAX_EXAMPLES:
        raise NotADataset(f"It has {count:,} pictures: split it into parts of at most {MAX_EXAMPLES:,}.")
    return count


def example(name: str, label: Any, picture: bytes | Pixels, strokes: str | None = None) -> Example | Unreadable:
    """A picture, the bytes of a file or grey pixels, as what it is said to be."""
    if not isinstance(label, int) or not 0 <= label <= NOT_A_DIGIT:
        return Unreadable(name, f"Its label is none from 0 to 9, nor {NOT_A_DIGIT} for no digit.")
    try:
        return Example(name, label, drawing_of(picture, strokes))
    except (NotAnImage, ImageTooLarge) as error:
        return Unreadable(name, str(error))
    except NoInk:
        return Unreadable(name, "Nothing is drawn in it.")


def drawing_of(picture: bytes | Pixels, strokes: str | None = None) -> Drawing:
    """The drawing in a picture; one that is a frame already stays as it is, pixel for pixel.

    Raises NotAnImage, ImageTooLarge and NoInk.
    """
    image = decode(picture) if isinstance(picture, bytes) else Image.fromarray(picture)
    pixels = np.asarray(image)
    if image.mode == "L" and is_frame(pixels):
        return Drawing(np.array(pixels), strokes=strokes)
    return from_picture(image)


def is_frame(pixels: NDArray[Any]) -> bool:
    """Whether grey pixels are ink on a frame: of its size, and 0 along most of its edge."""
    if pixels.shape != (FRAME, FRAME) or not pixels.any():
        return False
    edge = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    return bool(np.median(edge) == 0)
