"""Paper is told from ink: whatever is added to a drawing that is read right leaves the answer."""

from __future__ import annotations

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
SQUARES = np.full((280, 280), 255, np.uint8)
SQUARES[::40] = SQUARES[:, ::40] = 0


@pytest.fixture(scope="module")
def read():
    """Reads a picture as the app does."""
    model = load_model(SHIPPED_DIR, "cnn")
    return lambda image: read_drawings(model.predict_all, [from_picture(image)])[0].prediction.predicted_digit


@pytest.mark.parametrize("kind", KINDS)
def test_paper_of_any_kind_leaves_the_answer(kind: str, read) -> None:
    seed = 1000 * list(KINDS).index(kind)
    changed = []
    for number in range(4):
        digit, strokes = EXAMPLES[(5 * number + seed // 1000) % len(EXAMPLES)]
        if read(picture(strokes, kind, seed + number, marked=False)) == digit:
            changed.append(read(picture(strokes, kind, seed + number)) != digit)
    assert sum(changed) <= 1, "more than the rare digit whose stroke lies along a line"


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plain_drawing_leaves_no_choice(name: str) -> None:
    ink = 255 - painted(DRAWINGS[name])
    assert len(versions(ink, 25)) == 1
    assert np.array_equal(versions(ink, 25)[0], ink)
    assert len(versions(np.maximum(ink, 255 - SQUARES), 25)) <= MAX_VERSIONS


def test_what_may_be_more_than_a_digit_is_doubtful() -> None:
    mask = 255 - painted(THREE) > 25
    rows, columns = bounding_box(mask)
    framed = np.pad(mask[rows, columns], 9)
    assert not is_doubtful(mask[rows, columns])
    framed[[0, 1, -2, -1]] = True
    assert is_doubtful(framed)
    framed[:, [0, 1, -2, -1]] = framed[90, :60] = True  # one piece with the digit
    assert is_doubtful(framed)


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
