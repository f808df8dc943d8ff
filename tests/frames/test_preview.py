"""The outline lies on the ink that was read, wherever in the picture that is."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from frames.drawing import from_ink
from frames.images import ORIENTATION, decode
from frames.ink import find_ink
from frames.masks import Mask, drawn
from frames.preprocessing import frame_pixels
from frames.preview import MAX_LINES, SIDE, Preview, outline_of, preview_of
from support.pictures import encoded
from support.sketches import THREE, Strokes, drawings, painted

Shape = tuple[int, int]


def inside(outline: str, shape: Shape) -> Mask:
    """The (h, w) pixels that an outline encloses: left of them lies an odd number of upright lines."""
    crossings = np.zeros((shape[0], shape[1] + 1), int)
    for x, y, length in re.findall(r"M(\d+) (\d+)v(\d+)", outline):
        crossings[int(y) : int(y) + int(length), int(x)] += 1
    enclosed: Mask = crossings.cumsum(1)[:, :-1] % 2 == 1
    return enclosed


def seen(image: Image.Image | NDArray[np.uint8]) -> tuple[Preview, Mask]:
    preview = preview_of(find_ink(image))
    return preview, inside(preview.outline, (preview.height, preview.width))


def shrunk(ink: NDArray[np.uint8], preview: Preview) -> Mask:
    """Where ink (255) of the whole picture is, at the preview's size."""
    small = Image.fromarray(ink).resize((preview.width, preview.height), Image.Resampling.BOX)
    return np.asarray(small) > 127


def expect_on(mask: Mask, truth: Mask, within: int = 2) -> None:
    """A mask has all that is true in another, and nothing that is farther than some pixels from it."""
    grown = truth
    for _ in range(within):
        padded = np.pad(grown, 1)
        grown = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:] | grown
    assert truth.any()
    assert np.count_nonzero(truth & ~mask) <= 0.02 * np.count_nonzero(truth), "some of the ink is not outlined"
    assert not (mask & ~grown).any(), "something that is not ink is outlined"


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_an_outline_encloses_its_mask_and_nothing_else(rows: int, columns: int, seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((rows, columns)) < share
    assert (inside(outline_of(mask), mask.shape) == mask).all()
    upright = re.sub(r"M(\d+) (\d+)h(\d+)", r"M\2 \1v\3", outline_of(mask).replace("v", "x"))
    assert (inside(upright, mask.T.shape) == mask.T).all(), "the level lines say the same"


@settings(max_examples=30, deadline=None)
@given(drawings(), st.integers(0, 200), st.integers(0, 200))
def test_the_outline_lies_on_what_is_drawn(strokes: Strokes, x: int, y: int) -> None:
    sheet = painted(strokes, 400, 14, 1.5, (20 + x, 20 + y))
    preview, mask = seen(sheet)
    expect_on(mask, shrunk(255 - sheet, preview))


@settings(max_examples=30, deadline=None)
@given(drawings())
def test_what_is_outlined_is_what_the_frame_was_made_of(strokes: Strokes) -> None:
    ink = find_ink(painted(strokes))
    _, mask = seen(painted(strokes))
    rows, columns = ink.pixels.shape
    assert (mask[ink.top :, ink.left :][:rows, :columns] == drawn(ink.pixels)).all()
    assert np.count_nonzero(mask) == np.count_nonzero(drawn(ink.pixels))
    assert (from_ink(ink).frame == frame_pixels(painted(strokes))).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_s_outline_lies_on_the_upright_picture(orientation: int) -> None:
    sheet = np.full((300, 420), 255, np.uint8)
    sheet[:280, 120:400] = painted(THREE)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image = decode(encoded(Image.fromarray(sheet).convert("RGB"), "JPEG", exif=exif))
    preview, mask = seen(image)
    assert (preview.width > preview.height) == (orientation < 5)
    upright = 255 - np.asarray(image.convert("L"))
    expect_on(mask, shrunk(upright, preview), 4)
    shown = np.asarray(Image.open(io.BytesIO(preview.picture)).convert("L"))
    assert (shown[mask] < 128).mean() > 0.8, "the picture that is shown is turned the same way"


@pytest.mark.parametrize("size", [28, 300, 1100, 2900])
def test_the_preview_is_small_and_the_outline_lies_on_it_whatever_the_picture_s_size(size: int) -> None:
    sheet = painted(THREE, size, size / 20, size / 240, (size / 2, size / 3))
    preview, mask = seen(Image.fromarray(sheet).convert("RGB"))
    assert max(preview.width, preview.height) == min(size, SIDE)
    expect_on(mask, shrunk(255 - sheet, preview))


def test_a_photograph_s_outline_lies_on_its_strokes() -> None:
    sheet = painted(THREE, 1501, 50, 6, (700, 400))
    light = np.linspace(110, 220, 1501)[None, :] * (0.3 + 0.7 * sheet / 255.0)
    grain = np.random.default_rng(0).normal(0, 4, sheet.shape)
    preview, mask = seen(np.clip(light + grain, 0, 255).astype(np.uint8)[:1203])
    assert (preview.width, preview.height) == (480, 385)
    expect_on(mask, shrunk(255 - sheet[:1203], preview), 4)


def test_the_outline_is_placed_on_a_transparent_ground_and_on_a_sheet_on_one() -> None:
    ink = 255 - painted(THREE)
    pixels = np.zeros((400, 450, 4), np.uint8)
    pixels[60:340, 90:370, 3] = ink
    whole = np.zeros((400, 450), np.uint8)
    whole[60:340, 90:370] = ink
    preview, mask = seen(pixels)
    expect_on(mask, shrunk(whole, preview))
    assert Image.open(io.BytesIO(preview.picture)).mode == "RGBA"
    pixels[60:340, 90:370, 3] = 255
    pixels[60:340, 90:370, :3] = 255 - ink[..., None]
    preview, mask = seen(pixels)
    expect_on(mask, shrunk(whole, preview))


def test_a_preview_is_bounded_whatever_the_picture() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    noise[:60] = noise[-60:] = noise[:, :60] = noise[:, -60:] = 255
    preview = preview_of(find_ink(noise))
    assert len(preview.picture) < 150_000
    assert preview.outline.count("M") <= MAX_LINES
    dots = np.random.default_rng(0).random((SIDE, SIDE)) < 0.3
    assert outline_of(dots).count("M") <= MAX_LINES
    assert inside(outline_of(dots), dots.shape)[dots].all(), "what is too fine is drawn coarser"
