"""Bands along the border are taken out of ink; strokes that reach the border are not."""

from __future__ import annotations

import numpy as np
import pytest

from frames.edges import without_edges
from frames.masks import Pixels
from support.sketches import THREE, painted

LOW = 25
INK: Pixels = 255 - painted(THREE)


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("slope", [0.0, 0.05, -0.03])
def test_a_dark_band_along_a_side_goes(turn: int, slope: float) -> None:
    depth = 9 + slope * (np.arange(280) - 140)
    band = np.rot90(np.arange(280)[:, None] < depth[None, :], turn)
    found = without_edges(np.where(band, np.uint8(200), INK), LOW)
    assert found.sides == 1
    assert np.array_equal(found.ink, INK)


def test_a_frame_on_the_border_goes_and_a_digit_that_touches_it_stays() -> None:
    framed = INK.copy()
    framed[:3] = framed[-3:] = 255
    framed[:, :3] = framed[:, -3:] = 255
    framed[:80, 140:156] = 255  # a stroke from the frame into the digit
    found = without_edges(framed, LOW)
    assert found.sides == 4
    assert found.ink[6:78, 141:155].all()
    assert not found.ink[0].any()
    assert not found.ink[:, -1].any()


def test_ink_that_ends_at_the_border_is_no_band() -> None:
    cut = INK[70:, 90:]
    found = without_edges(cut, LOW)
    assert found.sides == 0
    assert np.array_equal(found.ink, cut)
