"""What is drawn is told from what it is drawn on, in every kind of picture and in any light."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from frames.images import ImageTooLarge, decode
from frames.ink import NoInk, ink_of
from frames.preprocessing import frame_pixels
from support.hostile_inputs import file
from support.sketches import (
    DRAWINGS,
    THREE,
    THREE_FRAME,
    Frame,
    Strokes,
    apart,
    box_of,
    painted,
)


def test_the_ink_of_a_picture_is_cropped_to_it() -> None:
    ink = ink_of(painted(THREE))
    assert ink.max() == 255
    assert ink[0].any()
    assert ink[-1].any()
    assert ink[:, 0].any()
    assert ink[:, -1].any()


# --- dust -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [(2, 2), (2, 277), (277, 140), (140, 1)])
def test_a_speck_far_away_does_not_stretch_the_box(place: tuple[int, int]) -> None:
    sheet = painted(THREE, scale=1, at=(90, 90)).copy()
    clean = frame_pixels(sheet)
    sheet[place[0] : place[0] + 2, place[1] : place[1] + 2] = 0
    assert np.array_equal(frame_pixels(sheet), clean)


def test_grain_all_over_a_clean_drawing_is_left_out() -> None:
    rng = np.random.default_rng(0)
    sheet = painted(THREE).copy()
    sheet[rng.random(sheet.shape) < 0.003] = 0
    assert apart(frame_pixels(sheet), THREE_FRAME) < 0.2


@pytest.mark.parametrize("quality", [95, 75, 40, 20])
def test_jpeg_artefacts_do_not_stretch_the_box(quality: int) -> None:
    image = decode(file(Image.fromarray(painted(THREE)).convert("RGB"), "JPEG", quality=quality))
    assert apart(frame_pixels(image), THREE_FRAME) < 0.2


# --- nothing drawn ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, 128, 255])
@pytest.mark.parametrize("shape", [(28, 28), (280, 280), (1, 1), (1, 300), (280, 280, 3), (280, 280, 4)])
def test_a_blank_picture_has_no_ink(level: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(NoInk, match="draw one digit"):
        ink_of(np.full(shape, level, np.uint8))


def test_an_almost_uniform_picture_has_no_ink() -> None:
    sheet = np.full((280, 280), 250, np.uint8)
    sheet[100:150, 100:150] = 245
    with pytest.raises(NoInk):
        ink_of(sheet)


@pytest.mark.parametrize("sigma", [1, 3, 8, 20, 40])
@pytest.mark.parametrize("side", [64, 280, 700])
def test_noise_alone_has_no_ink(sigma: int, side: int) -> None:
    noise = np.random.default_rng(sigma).normal(150, sigma, (side, side))
    with pytest.raises(NoInk):
        ink_of(np.clip(noise, 0, 255).astype(np.uint8))


def test_light_and_shadow_alone_have_no_ink() -> None:
    down, right = np.mgrid[0:400, 0:600]
    light = 140 + right / 10 + down / 20
    light[:, 350:] *= 0.7
    noise = np.random.default_rng(0).normal(0, 3, light.shape)
    with pytest.raises(NoInk):
        ink_of(np.clip(light + noise, 0, 255).astype(np.uint8))


def test_an_empty_array_has_no_ink() -> None:
    with pytest.raises(NoInk):
        ink_of(np.zeros((0, 28), np.uint8))


# --- every kind of image ----------------------------------------------------------------------------------------------


def transparent(ink: tuple[int, int, int], ground: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    """The three as the alpha of a picture of one colour, on a ground whose hidden colour is another."""
    alpha = 255 - painted(THREE)
    pixels = np.zeros((280, 280, 4), np.uint8)
    pixels[..., :3] = np.where(alpha[..., None] > 0, ink, ground)
    pixels[..., 3] = alpha
    return Image.fromarray(pixels)


def transparent_palette() -> Image.Image:
    image = Image.fromarray((painted(THREE) > 127).astype(np.uint8)).convert("P")
    image.putpalette([0, 0, 0] + [10, 0, 0] + [0, 0, 0] * 254)
    image.info["transparency"] = 1
    return decode(file(image))


def transparent_colour() -> Image.Image:
    image = Image.fromarray(np.where(painted(THREE) > 127, 0, 40).astype(np.uint8)).convert("RGB")
    return decode(file(image, transparency=(0, 0, 0)))


def coloured(ink: tuple[int, int, int], paper: tuple[int, int, int]) -> Image.Image:
    share = painted(THREE)[..., None] / 255.0
    return Image.fromarray((share * paper + (1 - share) * ink).round().astype(np.uint8))


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
    "16-bit PNG": lambda: decode(file(Image.fromarray(levels(257, np.uint16)))),
    "F, 0 to 1": lambda: Image.fromarray(levels(1 / 255, np.float32)),
    "black ink on nothing": lambda: transparent((0, 0, 0)),
    "black ink on hidden white": lambda: transparent((0, 0, 0), (255, 255, 255)),
    "white ink on nothing": lambda: transparent((255, 255, 255)),
    "red ink on nothing": lambda: transparent((200, 30, 30)),
    "palette with a transparent entry": transparent_palette,
    "RGB with a transparent colour": transparent_colour,
    "blue on white": lambda: coloured((20, 40, 200), (255, 255, 255)),
    "yellow on white": lambda: coloured((255, 230, 0), (255, 255, 255)),
    "red on a green as bright": lambda: coloured((200, 0, 0), (0, 102, 0)),
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
    assert apart(frame_pixels(KINDS[kind]()), THREE_FRAME) < 0.15


def test_a_transparent_png_is_not_black() -> None:
    """A mistake often made: transparent pixels are black underneath, and all of the picture becomes ink."""
    for ink in ((0, 0, 0), (255, 255, 255)):
        image = decode(file(transparent(ink)))
        assert np.array_equal(frame_pixels(image), THREE_FRAME)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (9, 99, 199)])
def test_a_fully_transparent_canvas_has_no_ink(colour: tuple[int, int, int]) -> None:
    with pytest.raises(NoInk):
        ink_of(np.full((280, 280, 4), (*colour, 0), np.uint8))


def test_a_sheet_on_a_transparent_ground_is_paper() -> None:
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[40:320, 60:340, :3] = painted(THREE)[..., None]
    pixels[40:320, 60:340, 3] = 255
    assert apart(frame_pixels(pixels), THREE_FRAME) < 0.02


def test_half_transparent_ink_is_full_ink() -> None:
    pixels = np.asarray(transparent((0, 0, 0))).copy()
    pixels[..., 3] //= 3
    assert apart(frame_pixels(pixels), THREE_FRAME) < 0.05


@pytest.mark.parametrize("shape", [(28,), (2, 28, 28, 3), (28, 28, 5), (28, 28, 0)])
def test_an_array_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="height, width"):
        ink_of(np.zeros(shape, np.uint8))


def test_an_array_over_twenty_megapixels_is_refused() -> None:
    huge = np.broadcast_to(np.uint8(0), (5000, 5000))
    with pytest.raises(ImageTooLarge):
        ink_of(huge)
    with pytest.raises(ImageTooLarge):
        ink_of(Image.new("1", (5000, 5000)))


def test_floats_that_are_no_numbers_are_harmless() -> None:
    values = levels(1 / 255, np.float64)
    values[:5, :5] = np.nan
    values[5:8, :5] = np.inf
    assert frame_pixels(values).max() == 255


# --- photographs ------------------------------------------------------------------------------------------------------


def photo(strokes: Strokes, light: NDArray[np.float64], darkest: float = 0.35, noise: float = 5) -> Frame:
    """Ink on paper, 600x600, in a given light, a little out of focus."""
    ink = Image.fromarray(painted(strokes, 600, 18, 3, (150, 150))).filter(ImageFilter.GaussianBlur(1.5))
    paper = darkest + (1 - darkest) * np.asarray(ink, float) / 255
    grain = np.random.default_rng(1).normal(0, noise, ink.size)
    return np.clip(light * paper + grain, 0, 255).astype(np.uint8)


DOWN, RIGHT = np.mgrid[0:600, 0:600]
LIGHTS: dict[str, NDArray[np.float64]] = {
    "even": np.full((600, 600), 180.0),
    "from one side": 90 + RIGHT / 5.0,
    "with a soft shadow": 190 * (0.6 + 0.4 / (1 + np.exp((RIGHT + DOWN - 600) / 30.0))),
    "with a hard shadow": np.where(RIGHT + DOWN > 650, 130.0, 190.0),
    "with a round shadow": np.where(np.hypot(RIGHT - 250, DOWN - 300) < 160, 130.0, 190.0),
    "on rough paper": 180 + 8 * np.sin(RIGHT / 3.0) * np.sin(DOWN / 4.0),
}


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_photo_is_read_in_any_light(light: str, name: str) -> None:
    expected = frame_pixels(painted(DRAWINGS[name], 600, 18, 3, (150, 150)))
    frame = frame_pixels(photo(DRAWINGS[name], LIGHTS[light]))
    assert apart(frame, expected) < 0.5
    assert np.abs(np.subtract(box_of(frame), box_of(expected))).max() <= 2


def test_chalk_on_a_blackboard_is_read() -> None:
    board = 255 - photo(THREE, LIGHTS["even"])
    assert apart(frame_pixels(board), frame_pixels(painted(THREE, 600, 18, 3, (150, 150)))) < 0.5


def test_a_photo_in_a_coloured_jpeg_is_read() -> None:
    grey = photo(THREE, LIGHTS["from one side"])
    warm = Image.fromarray(np.stack([grey, (grey * 0.9).astype(np.uint8), (grey * 0.7).astype(np.uint8)], 2))
    frame = frame_pixels(decode(file(warm, "JPEG", quality=60)))
    assert apart(frame, frame_pixels(painted(THREE, 600, 18, 3, (150, 150)))) < 0.5


def test_the_tables_edge_beside_the_paper_is_no_ink() -> None:
    shot = photo(THREE, LIGHTS["even"])
    shot[:, 570:] = 40
    assert apart(frame_pixels(shot), frame_pixels(painted(THREE, 600, 18, 3, (150, 150)))) < 0.5
