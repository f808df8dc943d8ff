"""A large picture is reduced strip by strip to what the whole would be reduced to, in every mode."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from frames.ink import find_ink
from frames.reducing import WORK_SIDE, reduced, reduction
from support.pictures import zero

WHOLE = Image.effect_noise((2 * WORK_SIDE + 7, 601), 60).convert("RGB")
AS = {"1": "L", "P": "RGBA", "La": "LA", "I;16": "I"}  # what becomes of modes that have no means


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "LA", "F"])
def test_strips_make_the_same_picture_as_the_whole(mode: str) -> None:
    whole = WHOLE.convert("L").convert(mode) if mode == "F" else WHOLE.convert(mode)
    small = reduced(whole)
    assert small.mode == mode
    assert max(small.size) <= WORK_SIDE
    assert np.array_equal(np.asarray(small), np.asarray(whole.reduce(reduction(whole.size))))


@pytest.mark.parametrize("mode", AS)
def test_a_mode_without_means_becomes_one_that_has_them(mode: str) -> None:
    grey = WHOLE.convert("L")
    if mode == "I;16":
        whole = Image.fromarray(np.asarray(grey, np.uint16) * 257)
    else:
        whole = grey.convert("LA").convert("La") if mode == "La" else grey.convert(mode)
    small = reduced(whole)
    assert small.mode == AS[mode]
    levels = np.asarray(small.convert("L") if mode != "I;16" else small, np.float32)
    wanted = np.asarray(grey.reduce(reduction(grey.size)), np.float32) * (257 if mode == "I;16" else 1)
    assert np.abs(levels - wanted).mean() < (300 if mode == "I;16" else 25)


def test_a_small_picture_comes_back_as_it_is() -> None:
    small = Image.new("P", (WORK_SIDE, 3))
    assert reduced(small) is small


def test_a_colour_that_is_declared_transparent_stays_so() -> None:
    whole = Image.new("RGB", (5000, 40), "red")
    whole.info["transparency"] = (255, 0, 0)
    assert np.asarray(reduced(whole))[..., 3].max() == 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_the_ink_of_a_large_picture_is_that_of_the_small_one(mode: str) -> None:
    large = zero().resize((4200, 4200))
    picture = Image.fromarray(np.asarray(large, np.uint16) * 257) if mode == "I;16" else large.convert(mode)
    ink = find_ink(picture)
    assert max(ink.picture.shape) <= WORK_SIDE
    small = find_ink(zero().resize((1400, 1400)))
    assert np.subtract(ink.pixels.shape, small.pixels.shape) == pytest.approx((0, 0), abs=3)
