"""Ink and pen strokes are put in MNIST's own frame, whatever they were drawn with and wherever."""

from __future__ import annotations

import math
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from frames.images import NotAnImage
from frames.ink import BOX
from frames.masks import NoInk, Pixels
from frames.preprocessing import (
    CENTRE,
    MAX_POINTS,
    MNIST_PEN,
    SOFTNESS,
    frame_pixels,
    frame_strokes,
    from_png,
    to_png,
    to_tensor,
)
from learning.dataset import Mnist
from settings import ROOT
from support.pictures import encoded
from support.sketches import (
    DRAWINGS,
    FOUR,
    SEVEN,
    THREE,
    THREE_FRAME,
    Strokes,
    box_size,
    centre_of_mass,
    difference,
    drawings,
    painted,
)

# --- MNIST's frame ----------------------------------------------------------------------------------------------------


def test_the_ink_is_20_pixels_long_and_its_mass_at_the_centre() -> None:
    for strokes in DRAWINGS.values():
        frame = frame_pixels(painted(strokes), softness=0)
        assert frame.shape == (28, 28)
        assert frame.dtype == np.uint8
        assert frame.max() == 255
        assert max(box_size(frame)) == BOX
        assert centre_of_mass(frame) == pytest.approx((CENTRE, CENTRE), abs=0.51)


def test_the_frame_follows_mnist(mnist: Mnist) -> None:
    images = mnist.train.images[:2000, 0].numpy()
    boxes = [max(box_size(image)) for image in images]
    assert np.mean(np.equal(boxes, BOX)) > 0.99
    centres = np.array([centre_of_mass(image) for image in images])
    assert np.abs(centres - CENTRE).max() <= 0.51


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_mnist_digit_pasted_anywhere_is_unchanged(mnist: Mnist, data: st.DataObject) -> None:
    """Within one grey level of 255 in every pixel: MNIST's few digits that end at 254 stay at 254."""
    images = mnist.test.images
    digit = images[data.draw(st.integers(0, len(images) - 1)), 0].numpy()
    height, width = data.draw(st.integers(40, 400)), data.draw(st.integers(40, 400))
    top, left = data.draw(st.integers(0, height - 28)), data.draw(st.integers(0, width - 28))
    sheet = np.zeros((height, width), np.uint8)
    sheet[top : top + 28, left : left + 28] = digit
    if data.draw(st.booleans()):
        sheet = 255 - sheet
    assert np.abs(frame_pixels(sheet).astype(int) - digit).max() <= 1


def test_enlarged_mnist_digits_are_nearly_unchanged(mnist: Mnist) -> None:
    distances = []
    for digit in mnist.test.images[:300, 0].numpy():
        large = Image.fromarray(255 - digit).resize((224, 224), Image.Resampling.BICUBIC)
        sheet = Image.new("L", (280, 280), 255)
        sheet.paste(large, (28, 13))
        distances.append(difference(frame_pixels(sheet, softness=0), digit))
    assert np.median(distances) < 0.17  # 0.20 where its edges' outer halves take a part of the box


def test_the_canvas_is_not_simply_resized_to_28x28(mnist: Mnist) -> None:
    """A common mistake: a digit small in a corner, resized with its canvas, is a smudge in a corner."""
    digit = mnist.test.images[0, 0].numpy()
    sheet = np.zeros((280, 280), np.uint8)
    sheet[10:66, 10:66] = digit.repeat(2, 0).repeat(2, 1)
    naive = np.asarray(Image.fromarray(sheet).resize((28, 28)))
    assert difference(naive, digit) > 1.5
    assert difference(frame_pixels(sheet), digit) < 0.25


@settings(max_examples=60, deadline=None)
@given(drawings(), st.integers(-40, 60), st.integers(-40, 60))
def test_moving_the_drawing_changes_nothing(strokes: Strokes, right: int, down: int) -> None:
    here = painted(strokes, at=(60, 60))
    there = np.roll(here, (down, right), (0, 1))  # painted anew, it may differ by a pixel
    assert np.array_equal(frame_pixels(here), frame_pixels(there))


@settings(max_examples=60, deadline=None)
@given(drawings(), st.floats(0.7, 5), st.integers(8, 30))
def test_scaling_the_drawing_hardly_changes_it(strokes: Strokes, scale: float, pen: int) -> None:
    small = painted(strokes, 200, pen * 0.8, 0.8, (50, 50))
    large = painted(strokes, round(200 * scale), pen * 0.8 * scale, 0.8 * scale, (50 * scale, 50 * scale))
    assert difference(frame_pixels(small), frame_pixels(large)) < 0.35


@settings(max_examples=60, deadline=None)
@given(drawings(), st.integers(2, 30))
def test_dark_on_light_and_light_on_dark_give_the_same_frame(strokes: Strokes, pen: int) -> None:
    """A common mistake: ink inverted twice, or not at all."""
    sheet = painted(strokes, pen=pen)
    assert np.array_equal(frame_pixels(sheet), frame_pixels(255 - sheet))


@settings(max_examples=60, deadline=None)
@given(drawings(), st.sampled_from([1, 2, 3, 5, 8, 14, 20]))
def test_pens_thinner_than_mnists_hardly_matter(strokes: Strokes, pen: int) -> None:
    # A plain 1 has no width but the pen's, so there the pen is the drawing.
    assume(np.ptp(np.concatenate(strokes), axis=0).min() >= 30)
    own = MNIST_PEN / (BOX - MNIST_PEN) * float(np.ptp(np.concatenate(strokes), axis=0).max()) * 3
    thin = frame_pixels(painted(strokes, 400, min(pen, own), 3, (50, 50)))
    usual = frame_pixels(painted(strokes, 400, own, 3, (50, 50)))
    assert difference(thin, usual) < 1.1
    assert thin.sum() > 0.4 * usual.sum()


def test_turning_a_picture_by_a_quarter_turns_its_frame() -> None:
    sheet = painted(THREE)
    turned = np.rot90(frame_pixels(sheet))
    assert difference(frame_pixels(np.rot90(sheet)), turned) < 0.5


def test_a_large_canvas_is_framed_like_a_small_one() -> None:
    large = Image.fromarray(painted(THREE)).resize((4200, 4200), Image.Resampling.BICUBIC)
    assert difference(frame_pixels(large), THREE_FRAME) < 0.1


def softened(frame: Pixels, softness: float) -> NDArray[np.float64]:
    """A frame with so much of each pixel's ink given to its neighbours, along each axis."""
    row = np.array([softness / 2, 1 - softness, softness / 2])
    around, expected = np.pad(frame.astype(float), 1), np.zeros((28, 28))
    for y, x in np.ndindex(3, 3):
        expected += row[y] * row[x] * around[y : y + 28, x : x + 28]
    peak = int(expected.max() + 0.5)
    return expected * (1 if peak >= 250 else 255 / peak)


TWO_ROUNDINGS = 1.3  # levels, where the frame was made stronger in between


def misses(sharp: Pixels, soft: Pixels, softness: float) -> float:
    """By how many levels a frame is at most away from another one softened by `softness`."""
    return float(np.abs(soft - softened(sharp, softness)).max())


@settings(max_examples=60, deadline=None)
@given(drawings())
def test_softening_gives_a_fraction_of_each_pixel_to_its_neighbours_and_keeps_full_ink(strokes: Strokes) -> None:
    sharp, soft = frame_strokes(strokes, softness=0), frame_strokes(strokes)
    assert misses(sharp, soft, SOFTNESS) <= TWO_ROUNDINGS
    pixels = painted(strokes)
    sharp, soft = frame_pixels(pixels, softness=0), frame_pixels(pixels)
    measured = min(np.linspace(0, SOFTNESS, 141), key=lambda softness: misses(sharp, soft, softness))
    assert misses(sharp, soft, measured) <= 2 * TWO_ROUNDINGS, "softened by a part of SOFTNESS"
    assert measured > SOFTNESS / 2, "a canvas is sharp"
    assert soft.max() >= 250
    assert soft.sum() >= 0.99 * sharp.sum()


def test_a_canvas_is_softened_whole() -> None:
    sharp, soft = frame_pixels(painted(THREE), softness=0), frame_pixels(painted(THREE))
    assert misses(sharp, soft, SOFTNESS) <= TWO_ROUNDINGS


# --- thin ink and dots ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [40, 280, 1000])
def test_a_one_pixel_wide_1_is_ink(size: int) -> None:
    """A common mistake: a thin 1 rejected as blank."""
    sheet = np.full((size, size), 255, np.uint8)
    sheet[size // 10 : -size // 10, size // 2] = 0
    frame = frame_pixels(sheet, softness=0)
    assert frame.max() == 255
    assert box_size(frame)[0] == BOX
    assert 1 <= box_size(frame)[1] <= 4
    assert frame.sum() / 255 / BOX == pytest.approx(2.0, abs=0.7)


def test_a_one_pixel_line_is_read_like_a_thick_one() -> None:
    sheet = Image.new("L", (1000, 1000), 255)
    for stroke in THREE:
        ImageDraw.Draw(sheet).line([tuple(p) for p in (stroke * 8 + 90).tolist()], fill=0, width=1)
    assert difference(frame_pixels(sheet), frame_strokes(THREE)) < 0.45


def test_a_dash_lying_flat_is_ink() -> None:
    sheet = np.full((280, 280), 255, np.uint8)
    sheet[140, 40:240] = 0
    assert box_size(frame_pixels(sheet, softness=0))[1] == BOX


def test_one_dot_is_ink() -> None:
    sheet = np.asarray(painted([np.array([[50.0, 50.0]])]))
    assert frame_pixels(sheet).max() == 255


def test_a_single_dark_pixel_in_all_is_ink() -> None:
    sheet = np.full((28, 28), 255, np.uint8)
    sheet[3, 4] = 0
    assert frame_pixels(sheet).max() == 255


def test_the_dot_of_an_open_stroke_is_ink() -> None:
    with_dot = [*SEVEN, np.array([[95.0, 100.0]])]
    assert box_size(frame_pixels(painted(with_dot)))[1] > box_size(frame_pixels(painted(SEVEN)))[1] + 2


def test_a_dotted_line_is_ink() -> None:
    sheet = np.full((300, 300), 255, np.uint8)
    places = np.arange(30, 270, 12)
    sheet[places, places] = 0
    rows, columns = box_size(frame_pixels(sheet, softness=0))
    assert rows == columns == BOX


# --- pen strokes ------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(drawings(), st.floats(0.2, 20), st.floats(-500, 500), st.floats(-500, 500))
def test_moving_and_scaling_strokes_hardly_changes_their_frame(
    strokes: Strokes, scale: float, right: float, down: float
) -> None:
    moved = [stroke * scale + (right, down) for stroke in strokes]
    assert difference(frame_strokes(strokes), frame_strokes(moved)) < 0.1


@settings(max_examples=60, deadline=None)
@given(drawings())
def test_strokes_and_pixels_give_nearly_the_same_frame(strokes: Strokes) -> None:
    size = float(np.ptp(np.concatenate(strokes), axis=0).max())
    pen = MNIST_PEN / (BOX - MNIST_PEN) * size * 3
    pixels = frame_pixels(painted(strokes, 420, pen, 3, (60, 60)))
    assert difference(frame_strokes(strokes), pixels) < 0.3


def test_strokes_are_as_wide_as_mnists(mnist: Mnist) -> None:
    """Ink per pixel of a straight line: the pen's width, and about what MNIST's upright ones have."""
    line = frame_strokes([np.array([[0.0, 0.0], [0.0, 100.0]])], softness=0)
    assert line[10:18].sum() / 255 / 8 == pytest.approx(MNIST_PEN, abs=0.1)
    images = mnist.test.images[mnist.test.labels == 1][:, 0, 10:18].numpy()
    assert np.median(images.sum((1, 2)) / 255 / 8) == pytest.approx(MNIST_PEN, abs=0.8)


def test_stroke_order_and_direction_do_not_matter() -> None:
    assert np.array_equal(frame_strokes(FOUR), frame_strokes(FOUR[::-1]))
    assert difference(frame_strokes(FOUR), frame_strokes([s[::-1] for s in FOUR])) < 0.01


def test_a_wider_pen_leaves_more_ink_in_the_same_box() -> None:
    thin, wide = (frame_strokes(FOUR, pen=pen, softness=0) for pen in (1.5, 4))
    assert wide.sum() > 1.8 * thin.sum()
    assert max(box_size(thin)) == max(box_size(wide)) == BOX


@pytest.mark.parametrize("points", [[[5, 5]], [[5, 5], [5, 5]], [[5, 5], [5.02, 5]]])
def test_a_click_is_a_dot_and_not_a_bar(points: list[list[float]]) -> None:
    frame = frame_strokes([np.array(points, float)], softness=0)
    assert frame.max() >= 250
    assert max(box_size(frame)) <= math.ceil(MNIST_PEN) + 1


@pytest.mark.parametrize("strokes", [[], [np.zeros((0, 2))], [np.full((3, 2), np.nan)], [np.full((1, 2), np.inf)]])
def test_no_strokes_are_no_ink(strokes: Strokes) -> None:
    with pytest.raises(NoInk):
        frame_strokes(strokes)


def test_strokes_of_another_shape_or_pen_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        frame_strokes([np.zeros((4, 3))])
    for pen in (0, -1, 21, math.nan):
        with pytest.raises(ValueError, match="pen"):
            frame_strokes(THREE, pen=pen)


def test_a_scribble_of_very_many_points_takes_bounded_time() -> None:
    scribble = np.random.default_rng(0).uniform(0, 280, (200_000, 2))
    start = time.thread_time()
    assert frame_strokes([scribble]).max() == 255
    assert time.thread_time() - start < 2
    with pytest.raises(ValueError, match="too many points"):
        frame_strokes([np.zeros((MAX_POINTS + 1, 2))])


# --- the frame, in and out --------------------------------------------------------------------------------------------


def test_the_tensor_is_the_frame_between_0_and_1() -> None:
    frame = frame_pixels(painted(THREE), softness=0)
    tensor = to_tensor(frame)
    assert tuple(tensor.shape) == (1, 1, 28, 28)
    assert str(tensor.dtype) == "torch.float32"
    assert float(tensor.max()) == 1.0
    np.testing.assert_allclose(tensor[0, 0].numpy() * 255, frame, atol=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=784, max_size=784))
def test_a_frame_survives_its_png(pixels: bytes) -> None:
    frame = np.frombuffer(pixels, np.uint8).reshape(28, 28)
    assert np.array_equal(from_png(to_png(frame)), frame)


@pytest.mark.parametrize(
    "image", [Image.new("L", (27, 28)), Image.new("RGB", (28, 28)), Image.new("L", (1, 784))], ids=["27", "RGB", "row"]
)
def test_another_picture_is_not_a_frame(image: Image.Image) -> None:
    with pytest.raises(NotAnImage, match="28x28"):
        from_png(encoded(image))


def test_importing_preprocessing_does_not_import_torch() -> None:
    code = "import sys; sys.path.insert(0, 'src'); import frames.preprocessing; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("times", [2, 5, 8])
def test_what_is_as_soft_as_mnist_is_not_softened_again(times: int) -> None:
    digit = frame_strokes(THREE)  # as soft as MNIST's digits are
    sheet = Image.fromarray(255 - digit).resize((28 * times, 28 * times), Image.Resampling.BICUBIC)
    assert np.array_equal(frame_pixels(sheet), frame_pixels(sheet, softness=0))


@pytest.mark.parametrize("times", [3, 5, 8])
def test_what_is_as_soft_as_mnist_comes_back_at_its_own_size(times: int) -> None:
    digits = [frame_strokes(strokes) for strokes in (THREE, FOUR, SEVEN)]
    sheets = [
        Image.fromarray(255 - digit).resize((28 * times, 28 * times), Image.Resampling.BICUBIC) for digit in digits
    ]
    distances = [difference(frame_pixels(sheet), digit) for sheet, digit in zip(sheets, digits, strict=True)]
    assert np.mean(distances) < 0.15  # 0.23 where its edges' outer halves take a part of the box


@pytest.mark.parametrize("darkness", [0.2, 0.35, 0.5])
def test_a_fainter_stroke_of_soft_ink_is_no_edge(darkness: float) -> None:
    sheet = np.full((280, 280), 255.0)
    sheet[60:90, 60:200] -= 255 * darkness  # the bar of a 7
    sheet[60:230, 170:200] = 0
    soft = Image.fromarray(sheet.astype(np.uint8)).filter(ImageFilter.GaussianBlur(8))
    frame = frame_pixels(soft)
    assert box_size(frame)[1] >= 14
    assert frame[:, 8:18].max() >= 255 * darkness / 2


def test_the_softer_the_less_is_softened() -> None:
    sharp = Image.fromarray(painted(THREE))
    changed = []
    for radius in (0, 1.5, 3, 5):
        blurred = sharp.filter(ImageFilter.GaussianBlur(radius))
        changed.append(difference(frame_pixels(blurred), frame_pixels(blurred, softness=0)))
    assert changed == sorted(changed, reverse=True)
    assert changed[0] > 0.1
    assert changed[-1] < 0.05
