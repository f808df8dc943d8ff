"""Pictures to measure with, and how many of them are read right.

Covers src/benchmarks: paper_kinds, sheets, printing, staining.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import pictures
from benchmarks.drawings import generated
from benchmarks.paper_kinds import KINDS, picture
from learning.dataset import Digits
from learning.weights import SHIPPED_DIR
from serving.predictor import ServingModel, load_model
from support.pictures import png, zero


@pytest.fixture(scope="module")
def model() -> ServingModel:
    return load_model(SHIPPED_DIR, "cnn")


@pytest.mark.parametrize("kind", KINDS)
def test_the_mark_is_all_that_tells_two_sheets_apart(kind: str) -> None:
    strokes = generated(1).drawings[0]
    marked, plain = (np.asarray(picture(strokes, kind, 5, each).convert("L"), int) for each in (True, False))
    assert not np.array_equal(marked, plain)
    assert np.array_equal(plain, np.asarray(picture(strokes, kind, 5, False).convert("L")))
    longest = KINDS[kind].sides[1]
    assert max(plain.shape) <= longest + 1


def test_the_tables_have_a_row_for_each_kind_size_and_folder(model: ServingModel, tmp_path: Path) -> None:
    zero().save(tmp_path / "round_0.png")
    (tmp_path / "hard-wrong_7.png").write_bytes(png(zero()))
    Image.new("L", (50, 50), 255).save(tmp_path / "blank_3.png")
    (tmp_path / "README.md").write_text("no picture")
    drawn = generated(10)
    test = Digits(*(part[:4] for part in _frames()))
    kinds, sizes, folder = pictures.tables(model, [drawn], 1, test, tmp_path)
    assert [row[0] for row in kinds[1:]] == [*KINDS, "mean"]
    assert [row[0] for row in sizes[1:]] == list(pictures.ENLARGED)
    assert folder[1:3] == [["all but hard-", "1 of 2"], ["hard-", "0 of 1"]]
    assert folder[3:] == [["blank_3.png", "no ink"], ["hard-wrong_7.png", "0"]]


def _frames() -> tuple:
    from benchmarks.drawings import canvases, frames

    drawn = generated(4)
    return frames(canvases(drawn)), drawn.labels


def test_enlarged_digits_are_black_on_white_and_so_many_times_as_large() -> None:
    digits = _frames()[0][:, 0].numpy()
    large = list(pictures.enlarged(digits, [5], [0.0, 0.3]))
    assert {each.size for each in large} == {(140, 140)}
    assert all(each.getpixel((0, 0)) == 255 for each in large)
