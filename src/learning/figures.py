"""Figures of an evaluation: the confusion matrix and the reliability diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from learning.card import Confusion, ReliabilityBin
from learning.classes import DIGITS


def confusion_figure(confusion: Confusion, path: str | Path | None = None) -> Any:
    """The confusion matrix as a matplotlib figure, written to `path` if given; the diagonal is left uncoloured."""
    from matplotlib.figure import Figure  # imported here: only tests, reports and --log-dir have matplotlib

    counts = np.array(confusion)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="read as", ylabel="digit", xticks=range(DIGITS), yticks=range(DIGITS))
    axes.imshow(np.where(np.eye(DIGITS, dtype=bool), 0, counts), cmap="Reds")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, str(count), ha="center", va="center", fontsize=8)
    if path:
        figure.savefig(path, dpi=120)
    return figure


def reliability_figure(bins: Mapping[str, Sequence[ReliabilityBin]], path: str | Path | None = None) -> Any:
    """Accuracy against confidence, a line per name in `bins`; written to `path` if given."""
    from matplotlib.figure import Figure  # as above

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfectly calibrated")
    for name, rows in bins.items():
        axes.plot([b.confidence for b in rows], [b.accuracy for b in rows], marker="o", label=name)
    axes.legend()
    if path:
        figure.savefig(path, dpi=120)
    return figure
