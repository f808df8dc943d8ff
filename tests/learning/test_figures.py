"""Figures are written as pictures."""

from pathlib import Path

import torch

from learning.evaluation import reliability
from learning.figures import confusion_figure, reliability_figure


def test_figures_are_written(tmp_path: Path) -> None:
    confusion = tuple(tuple(90 if row == column else 1 for column in range(10)) for row in range(10))
    confusion_figure(confusion, tmp_path / "confusion.png")
    torch.manual_seed(0)
    bins = reliability((torch.randn(400, 10) * 3).softmax(1), torch.randint(10, (400,)))
    reliability_figure({"a network": bins}, tmp_path / "reliability.png")
    for name in ("confusion", "reliability"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
