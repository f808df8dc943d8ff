"""What is drawn is separated from its background, in every kind of picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from frames.images import ImageTooLarge, decode
from frames.ink import ink_of
from frames.masks import NoInk
from frames.preprocessing import frame_pixels
from support.pictures import encoded
from support.sketches import THREE, THREE_FRAME, difference, painted


def test_the_ink_of_a_picture_is_cropped_to_it() -> None:
    ink = ink_of(painted(THREE))
    assert ink.max() == 255
    assert ink[0].any()
    assert ink[-1].any()
    assert ink[:, 0].any()
    assert ink[:, -1].any()


@pytest.mark.parametrize("quality", [95, 75, 40, 20])
def test_jpeg_artefacts_do_not_stretch_the_box(quality: int) -> None:
    image = decode(encoded(Image.fromarray(painted(THREE)).convert("RGB"), "JPEG", quality=quality))
    assert difference(frame_pixels(image), THREE_FRAME) < 0.2


# --- nothing drawn ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, 128, 255])
@pytest.mark.parametrize("shape", [(28, 28), (280, 280), (1, 1), (1, 300), (280, 280, 3), (280, 280, 4)])
def test_a_blank_picture_has_no_ink(level: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(NoInk, match="no ink in this picture"):
        ink_of(np.full(shape, level, np.uint8))


def test_an_almost_uniform_picture_has_no_ink() -> None:
    sheet = np.full((280, 280), 250, np.uint8)
    sheet[100:150, 100:150] = 245
    with pytest.raises(NoInk):
        ink_of(sheet)


def test_an_empty_array_has_no_ink() -> None:
    with pytest.raises(NoInk):
        ink_of(np.zeros((0, 28), np.uint8))


# --- every kind of image ----------------------------------------------------------------------------------------------


def transparent(ink: tuple[int, int, int], ground: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    """The three as the alpha of a picture of one colour, on a transparent ground that hides another."""
    alpha = 255 - painted(THREE)
    pixels = np.zeros((280, 280, 4), np.uint8)
    pixels[..., :3] = np.where(alpha[..., None] > 0, ink, ground)
    pixels[..., 3] = alpha
    return Image.fromarray(pixels)


def transparent_palette() -> Image.Image:
    image = Image.fromarray((painted(THREE) > 127).astype(np.uint8)).convert("P")
    image.putpalette([0, 0, 0] + [10, 0, 0] + [0, 0, 0] * 254)
    image.info["transparency"] = 1
    return decode(encoded(image))


def transparent_colour() -> Image.Image:
    image = Image.fromarray(np.where(painted(THREE) > 127, 0, 40).astype(np.uint8)).convert("RGB")
    return decode(encoded(image, transparency=(0, 0, 0)))


def coloured(ink: tuple[int, int, int], paper: tuple[int, int, int]) -> Image.Image:
    fraction = painted(THREE)[..., None] / 255.0
    return Image.fromarray((fraction * paper + (1 - fraction) * ink).round().astype(np.uint8))


def sheet() -> Image.Image:
    return Image.fromarray(painted(THREE))


def levels(scale: float, kind: Any) -> NDArray[Any]:
    return (painted(THREE).astype(np.float64) * scale).astype(kind)


def with_alpha(mode: str) -> Image.Image:
    return transparent((0, 0, 0)).convert(mode)


KINDS: dict[str, Callable[[], Image.Image | NDArray[Any]]] = {
    "L": sheet,
    "L, light on dark": lambda: Image.fromarray(255 - painted(THREE)),
    "RGB": lambda: sheet().convert("RGB"),
    "RGBA, opaque": lambda: sheet().convert("RGBA"),
    "1": lambda: sheet().convert("1", dither=Image.Dither.NONE),
    "P": lambda: sheet().convert("P"),
    "PA": lambda: with_alpha("PA"),
    "LA": lambda: with_alpha("LA"),
    "La": lambda: with_alpha("LA").convert("La"),
    "RGBa": lambda: with_alpha("RGBa"),
    "CMYK": lambda: sheet().convert("RGB").convert("CMYK"),
    "YCbCr": lambda: sheet().convert("RGB").convert("YCbCr"),
    "HSV": lambda: sheet().convert("RGB").convert("HSV"),
    "I": lambda: sheet().convert("I"),
    "F": lambda: sheet().convert("F"),
    "I;16": lambda: Image.fromarray(levels(257, np.uint16)),
    "I;16, of 12 bits": lambda: Image.fromarray(levels(16, np.uint16)),
    "16-bit PNG": lambda: decode(encoded(Image.fromarray(levels(257, np.uint16)))),
    "F, 0 to 1": lambda: Image.fromarray(levels(1 / 255, np.float32)),
    "black ink on transparent": lambda: transparent((0, 0, 0)),
    "black ink on transparent white": lambda: transparent((0, 0, 0), (255, 255, 255)),
    "white ink on transparent": lambda: transparent((255, 255, 255)),
    "red ink on transparent": lambda: transparent((200, 30, 30)),
    "palette with a transparent entry": transparent_palette,
    "RGB with a transparent colour": transparent_colour,
    "blue on white": lambda: coloured((20, 40, 200), (255, 255, 255)),
    "yellow on white": lambda: coloured((255, 230, 0), (255, 255, 255)),
    "red on equally bright green": lambda: coloured((200, 0, 0), (0, 102, 0)),
    "grey on grey": lambda: coloured((120, 120, 120), (160, 160, 160)),
    "array of bool": lambda: painted(THREE) > 127,
    "array of floats": lambda: levels(1 / 255, np.float64),
    "array of int64": lambda: levels(1, np.int64),
    "array of uint16": lambda: levels(257, np.uint16),
    "array (H, W, 1)": lambda: painted(THREE)[..., None],
    "array (H, W, 2)": lambda: np.asarray(with_alpha("LA")),
    "array (H, W, 3)": lambda: np.asarray(sheet().convert("RGB")),
    "array upside down in memory": lambda: np.ascontiguousarray(painted(THREE)[::-1])[::-1],
    "array read-only": lambda: np.frombuffer(painted(THREE).tobytes(), np.uint8).reshape(280, 280),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_gives_the_same_frame(kind: str) -> None:
    assert difference(frame_pixels(KINDS[kind]()), THREE_FRAME) < 0.15


def test_a_transparent_png_is_not_black() -> None:
    """A common mistake: transparent pixels are black underneath, and the whole picture becomes ink."""
    for ink in ((0, 0, 0), (255, 255, 255)):
        image = decode(encoded(transparent(ink)))
        assert np.array_equal(frame_pixels(image), THREE_FRAME)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (9, 99, 199)])
def test_a_fully_transparent_canvas_has_no_ink(colour: tuple[int, int, int]) -> None:
    with pytest.raises(NoInk):
        ink_of(np.full((280, 280, 4), (*colour, 0), np.uint8))


def test_a_sheet_on_a_transparent_ground_is_paper() -> None:
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[40:320, 60:340, :3] = painted(THREE)[..., None]
    pixels[40:320, 60:340, 3] = 255
    assert difference(frame_pixels(pixels), THREE_FRAME) < 0.02


def test_half_transparent_ink_is_full_ink() -> None:
    pixels = np.asarray(transparent((0, 0, 0))).copy()
    pixels[..., 3] //= 3
    assert difference(frame_pixels(pixels), THREE_FRAME) < 0.05


@pytest.mark.parametrize("shape", [(28,), (2, 28, 28, 3), (28, 28, 5), (28, 28, 0)])
def test_an_array_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="height, width"):
        ink_of(np.zeros(shape, np.uint8))


def test_an_array_over_fifty_megapixels_is_refused() -> None:
    huge = np.broadcast_to(np.uint8(0), (8000, 8000))
    with pytest.raises(ImageTooLarge):
        ink_of(huge)
    with pytest.raises(ImageTooLarge):
        ink_of(Image.new("1", (8000, 8000)))


def test_floats_that_are_not_finite_are_harmless() -> None:
    values = levels(1 / 255, np.float64)
    values[:5, :5] = np.nan
    values[5:8, :5] = np.inf
    assert frame_pixels(values).max() == 255
