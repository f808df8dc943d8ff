"""Canvases as people draw on them, and the ways to bring them into a frame."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import drawings
from learning.dataset import Digits
from learning.training import accuracy
from support import shipped


def ink(image: object) -> np.ndarray:
    return np.asarray(image) < 128


def test_a_canvas_holds_the_digit_in_its_size_at_its_place() -> None:
    drawing = drawings.generated(1).drawings[0]
    for place, edges in {(0.0, 0.0): (0, 0), (1.0, 1.0): (1, 1)}.items():
        black = ink(drawings.canvas(drawing, pen=10, size=0.5, place=place))
        ys, xs = black.nonzero()
        height, width = np.ptp(ys) + 1, np.ptp(xs) + 1
        assert max(height, width) == pytest.approx(0.5 * 280 + 10, abs=2)
        ends = [(ys.min(), xs.min()), (279 - ys.max(), 279 - xs.max())][edges[0]]
        assert max(ends) <= 4


def test_a_wider_pen_leaves_more_ink() -> None:
    drawing = drawings.generated(1).drawings[0]
    thin, wide = (ink(drawings.canvas(drawing, pen=pen)).sum() for pen in (8, 24))
    assert 2 < wide / thin < 4


def test_the_shipped_networks_read_generated_canvases() -> None:
    drawn = drawings.generated(100)
    images = drawings.frames(drawings.canvas(d) for d in drawn.drawings)
    assert images.shape == (100, 1, 28, 28)
    assert accuracy(shipped.network("cnn"), Digits(images, drawn.labels)) > 0.95
    shrunk = drawings.frames((drawings.canvas(d, size=0.3, place=(0.1, 0.9)) for d in drawn.drawings), drawings.naive)
    assert accuracy(shipped.network("cnn"), Digits(shrunk, drawn.labels)) < 0.7


def test_framers_all_give_frames() -> None:
    image = drawings.canvas(drawings.generated(1).drawings[0])
    for framer in drawings.FRAMERS.values():
        frame = framer(image)
        assert frame.shape == (28, 28)
        assert frame.dtype == np.uint8
        assert frame.max() > 128
        assert frame[0, 0] == 0


def test_drawings_of_people_are_spread_over_the_file(tmp_path: Path) -> None:
    lines = [json.dumps({"label": i % 10, "strokes": [[[i, 0], [0, 9]]]}) for i in range(100)]
    (tmp_path / "drawn.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    drawn = drawings.people(tmp_path / "drawn.jsonl.gz", 20)
    assert drawn.labels.tolist() == [0, 5] * 10
    assert drawn.drawings[1][0].tolist() == [[5, 0], [0, 9]]
