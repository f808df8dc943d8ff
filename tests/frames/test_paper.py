"""Paper is told from ink: whatever is added to a drawing that is read right leaves the answer."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks.paper_kinds import KINDS, picture
from frames.drawing import from_picture
from frames.ink import find_ink
from frames.masks import NoInk, bounding_box
from frames.paper import MAX_VERSIONS, is_doubtful, versions
from learning.weights import SHIPPED_DIR
from serving.choosing import read_drawings
from serving.predictor import load_model
from support.digits import DIGITS
from support.sketches import DRAWINGS, THREE, painted

EXAMPLES = [(digit, [np.array(stroke, float) for stroke in strokes]) for digit, strokes in DIGITS]
Read = Callable[[Image.Image], int]
SQUARES = np.full((280, 280), 255, np.uint8)
SQUARES[::40] = SQUARES[:, ::40] = 0


@pytest.fixture(scope="module")
def read() -> Read:
    """Reads a picture as the app does."""
    model = load_model(SHIPPED_DIR, "cnn")
    return lambda image: read_drawings(model.predict_all, [from_picture(image)])[0].prediction.predicted_digit


@pytest.mark.parametrize("kind", KINDS)
def test_paper_of_any_kind_leaves_the_answer(kind: str, read: Read) -> None:
    seed = 1000 * list(KINDS).index(kind)
    changed = []
    for number in range(4):
        digit, strokes = EXAMPLES[(5 * number + seed // 1000) % len(EXAMPLES)]
        if read(picture(strokes, kind, seed + number, marked=False)) == digit:
            now = read(picture(strokes, kind, seed + number))
            changed += [(digit, now)] if now != digit else []
    assert changed == []


def test_a_one_cut_out_of_a_photograph_along_its_edges_is_found(read: Read) -> None:
    """The ink is most of the picture then."""
    random = np.random.default_rng(1)
    sheet = random.normal(225, 3, (260, 36, 3))
    sheet[8:252, 7:29] = random.normal((20, 30, 120), 3, (244, 22, 3))
    assert read(Image.fromarray(sheet.clip(0, 255).astype(np.uint8))) == 1


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plain_drawing_leaves_no_choice(name: str) -> None:
    ink = 255 - painted(DRAWINGS[name])
    assert len(versions(ink, 25)) == 1
    assert np.array_equal(versions(ink, 25)[0], ink)
    assert len(versions(np.maximum(ink, 255 - SQUARES), 25)) <= MAX_VERSIONS


@pytest.mark.parametrize("name", DRAWINGS)
def test_two_sides_of_a_frame_are_no_version_by_themselves(name: str) -> None:
    """They look like a 7, and surely like a digit."""
    ink = 255 - painted(DRAWINGS[name])
    sides = np.zeros_like(ink)
    sides[4:8, 10:270] = sides[4:270, 266:270] = 255
    found = versions(np.maximum(ink, sides), 25)
    assert np.count_nonzero(found[0] & sides) == 0
    assert all(np.count_nonzero(version & ink) > 0.9 * np.count_nonzero(ink) for version in found)


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("at", [0, 1])
def test_a_line_that_touches_a_zero_and_runs_past_it_makes_no_other_digit_of_it(upright: bool, at: int) -> None:
    ink = np.zeros((200, 200), np.uint8)
    cv2.ellipse(ink, (100, 100), (34, 40), 0, 0, 360, 255, 8)
    lined = ink.T.copy() if upright else ink.copy()
    place = (lined.max(1) > 0).nonzero()[0][(0, -1)[at]]
    lined[place - 1 : place + 2] = 255
    found = versions(lined.T if upright else lined, 25)
    assert len(found) == 1
    assert np.abs(found[0].astype(int) - ink).sum() < 0.1 * ink.sum()


def test_what_may_be_more_than_a_digit_is_doubtful() -> None:
    ink = 255 - painted(THREE)
    ink = ink[bounding_box(ink > 25)]
    framed = np.pad(ink, 9)
    assert not is_doubtful(ink, 25)
    framed[[0, 1, -2, -1]] = 255
    assert is_doubtful(framed, 25)
    framed[:, [0, 1, -2, -1]] = framed[90, :60] = 255  # one piece with the digit
    assert is_doubtful(framed, 25)


@pytest.mark.parametrize("colour", [(0, 0, 0), (200, 200, 205), (30, 90, 200)])
def test_the_papers_colour_is_taken_inside_a_frame(colour: tuple[int, int, int]) -> None:
    sheet = np.asarray(Image.fromarray(painted(THREE)).convert("RGB")).copy()
    clean = find_ink(sheet)
    sheet[:4] = sheet[-4:] = colour
    sheet[:, :4] = sheet[:, -4:] = colour
    framed = find_ink(sheet)
    assert (framed.top, framed.left) == (clean.top, clean.left)
    assert np.array_equal(framed.pixels > 127, clean.pixels > 127)
    assert framed.others


def test_nothing_has_no_versions() -> None:
    with pytest.raises(NoInk):
        versions(np.zeros((40, 40), np.uint8), 25)
