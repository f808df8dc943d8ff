"""Photographs are read in any light, and light or noise alone is not ink."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from frames.images import decode
from frames.ink import ink_of
from frames.masks import NoInk
from frames.paper import ONE_DIGIT
from frames.photographs import photographed_ink
from frames.preprocessing import frame_pixels
from support.pictures import encoded
from support.sketches import DRAWINGS, THREE, Frame, Strokes, box_size, difference, painted


def photograph(strokes: Strokes, light: NDArray[np.float64], darkest: float = 0.35, noise: float = 5) -> Frame:
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
def test_a_photograph_is_read_in_any_light(light: str, name: str) -> None:
    expected = frame_pixels(painted(DRAWINGS[name], 600, 18, 3, (150, 150)))
    frame = frame_pixels(photograph(DRAWINGS[name], LIGHTS[light]))
    assert difference(frame, expected) < 0.5
    assert np.abs(np.subtract(box_size(frame), box_size(expected))).max() <= 2


def test_chalk_on_a_blackboard_is_read() -> None:
    board = 255 - photograph(THREE, LIGHTS["even"])
    assert difference(frame_pixels(board), frame_pixels(painted(THREE, 600, 18, 3, (150, 150)))) < 0.5


def test_a_coloured_jpeg_is_read() -> None:
    grey = photograph(THREE, LIGHTS["from one side"])
    warm = Image.fromarray(np.stack([grey, (grey * 0.9).astype(np.uint8), (grey * 0.7).astype(np.uint8)], 2))
    frame = frame_pixels(decode(encoded(warm, "JPEG", quality=60)))
    assert difference(frame, frame_pixels(painted(THREE, 600, 18, 3, (150, 150)))) < 0.5


@pytest.mark.parametrize("turn", [0, 0.5, 1.0, -2.0])
def test_squares_of_thin_lines_are_not_ink(turn: float) -> None:
    """A line of a pixel that is slightly turned lies on one row here and on two there."""
    lines = Image.new("L", (1200, 1200), 255)
    for at in range(40, 1200, 96):
        ImageDraw.Draw(lines).line((-90, at, 1290, at), fill=100, width=4)
        ImageDraw.Draw(lines).line((at, -90, at, 1290), fill=100, width=4)
    squares = np.asarray(lines.rotate(turn, Image.Resampling.BICUBIC).crop((100, 100, 1060, 1060)).reduce(4), float)
    ink = Image.fromarray(painted(THREE, 600, 18, 3, (150, 150))).resize((240, 240))
    grain = np.random.default_rng(1).normal(0, 3, (240, 240))
    sheets = [180 * (0.3 + 0.7 * np.minimum(np.asarray(ink), each) / 255) + grain for each in (255, squares)]
    plain, squared = (frame_pixels(sheet.clip(0, 255).astype(np.uint8)) for sheet in sheets)
    assert difference(squared, plain) < 0.2


def test_the_edge_of_a_table_is_not_ink() -> None:
    shot = photograph(THREE, LIGHTS["even"])
    shot[:, 570:] = 40
    assert difference(frame_pixels(shot), frame_pixels(painted(THREE, 600, 18, 3, (150, 150)))) < 0.5


def test_the_ink_of_a_photograph_is_cropped_and_reduced() -> None:
    ink = photographed_ink(photograph(THREE, LIGHTS["even"]))[0].pixels
    assert max(ink.shape) < ONE_DIGIT.side
    assert ink.max() == 255
    assert ink[0].any()
    assert ink[-1].any()


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
