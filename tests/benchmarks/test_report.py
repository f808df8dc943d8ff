"""The accuracy report: canvases as people draw on them, and a page with every table and figure."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import benchmark
from benchmarks import report
from learning.dataset import Mnist, rows
from learning.training import RECIPES
from support import shipped


def ink(image: object) -> np.ndarray:
    return np.asarray(image) < 128


def test_a_canvas_holds_the_digit_in_its_size_at_its_place() -> None:
    drawing = report.generated(1).drawings[0]
    for place, edges in {(0.0, 0.0): (0, 0), (1.0, 1.0): (1, 1)}.items():
        black = ink(report.canvas(drawing, pen=10, size=0.5, place=place))
        ys, xs = black.nonzero()
        height, width = np.ptp(ys) + 1, np.ptp(xs) + 1
        assert max(height, width) == pytest.approx(0.5 * 280 + 10, abs=2)
        ends = [(ys.min(), xs.min()), (279 - ys.max(), 279 - xs.max())][edges[0]]
        assert max(ends) <= 4


def test_a_wider_pen_leaves_more_ink() -> None:
    drawing = report.generated(1).drawings[0]
    thin, wide = (ink(report.canvas(drawing, pen=pen)).sum() for pen in (8, 24))
    assert 2 < wide / thin < 4


def test_the_shipped_networks_read_generated_canvases() -> None:
    drawn = report.generated(100)
    images = report.frames(report.canvas(d) for d in drawn.drawings)
    assert images.shape == (100, 1, 28, 28)
    assert report.share_right(shipped.network("cnn"), images, drawn.labels) > 0.95
    shrunk = report.frames((report.canvas(d, size=0.3, place=(0.1, 0.9)) for d in drawn.drawings), report.naive)
    assert report.share_right(shipped.network("cnn"), shrunk, drawn.labels) < 0.7


def test_framers_all_give_frames() -> None:
    image = report.canvas(report.generated(1).drawings[0])
    for framer in report.FRAMERS.values():
        frame = framer(image)
        assert frame.shape == (28, 28)
        assert frame.dtype == np.uint8
        assert frame.max() > 128
        assert frame[0, 0] == 0


def test_drawings_of_people_are_spread_over_the_file(tmp_path: Path) -> None:
    lines = [json.dumps({"label": i % 10, "strokes": [[[i, 0], [0, 9]]]}) for i in range(100)]
    (tmp_path / "drawn.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    drawn = report.people(tmp_path / "drawn.jsonl.gz", 20)
    assert drawn.labels.tolist() == [0, 5] * 10
    assert drawn.drawings[1][0].tolist() == [[5, 0], [0, 9]]


def test_the_page_has_every_table_and_figure(mnist: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Mnist(*(rows(d, torch.arange(n)) for d, n in zip(mnist, (300, 50, 1000), strict=True)))
    monkeypatch.setattr(benchmark, "load_mnist", lambda _: few)
    small = replace(MODELS["cnn"].recipe, synthetic_digits=50, non_digits=20)
    monkeypatch.setitem(RECIPES, "cnn", small)
    flags = ["--model-dir", str(shipped.MODEL), "--output", str(tmp_path), "--count", "10", "--ablation-epochs", "1"]
    assert benchmark.main(["accuracy", *flags]) == 0
    page = (tmp_path / "README.md").read_text()
    for title in (
        "Overview",
        "By pen width",
        "By size",
        "By position",
        "Ablation: preprocessing",
        "and styles",
    ):
        assert title in page
    pictures = {p.name for p in tmp_path.glob("*.png")}
    of_each = {f"{kind}-{name}.png" for kind in ("confusion", "mistakes") for name in ("linear", "cnn")}
    assert pictures == of_each | {"reliability.png"}
    assert all(f"({name})" in page for name in pictures)
