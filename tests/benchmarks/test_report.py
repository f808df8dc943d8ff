"""The accuracy report: a page with every table and figure."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import benchmark
from benchmarks import report
from learning.dataset import Mnist, rows
from learning.recipes import CNN
from learning.weights import SHIPPED_DIR


def test_the_page_has_every_table_and_figure(mnist: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Mnist(*(rows(d, torch.arange(n)) for d, n in zip(mnist, (300, 50, 1000), strict=True)))
    monkeypatch.setattr(benchmark, "load_mnist", lambda _: few)
    monkeypatch.setattr(report, "CNN", replace(CNN, synthetic_digits=50, non_digits=20))
    flags = ["--model-dir", str(SHIPPED_DIR), "--output", str(tmp_path), "--count", "10", "--ablation-epochs", "1"]
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
