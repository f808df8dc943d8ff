"""How good a network is, how well it knows that itself, and figures of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor, nn

from learning import synthetic
from learning.augmentation import Augmentation, augment
from learning.dataset import Digits, as_input
from learning.networks import DIGITS, digit_evidence, digit_logits
from learning.training import predict

BINS = 15  # of the reliability diagram and of the expected calibration error
REFUSED = 0.015  # the share of digits that the threshold may call "not a digit"


class DigitScore(NamedTuple):
    """digit_score = sigmoid(scale * digit_evidence + offset); it is a digit from `threshold` (0..1) upwards."""

    scale: float
    offset: float
    threshold: float

    def of(self, evidence: Tensor) -> Tensor:
        """The scores, 0..1, of evidence of any shape."""
        return torch.sigmoid(self.scale * evidence + self.offset)


def evaluate(network: nn.Module, digits: Digits, temperature: float = 1.0) -> dict[str, Any]:
    """Metrics of `network` on `digits` (labels 0-9), as plain numbers and lists, ready for a json.

    n; accuracy, per_digit (ten), ece: shares 0..1; nll: nats per digit; confusion: 10 x 10 counts, row = true digit;
    reliability: see reliability(). Probabilities are softmax(logits / temperature) over the ten digits.
    """
    logits = digit_logits(predict(network, digits.images))
    probabilities = (logits / temperature).softmax(1)
    guesses = logits.argmax(1)
    confusion = torch.bincount(digits.labels * DIGITS + guesses, minlength=DIGITS**2).view(DIGITS, DIGITS)
    bins = reliability(probabilities, digits.labels)
    return {
        "n": len(digits.labels),
        "accuracy": confusion.diag().sum().item() / len(digits.labels),
        "per_digit": (confusion.diag() / confusion.sum(1).clamp(min=1)).tolist(),
        "nll": F.cross_entropy(logits / temperature, digits.labels).item(),
        "ece": sum(b["share"] * abs(b["accuracy"] - b["confidence"]) for b in bins),
        "confusion": confusion.tolist(),
        "reliability": bins,
    }


def reliability(probabilities: Tensor, labels: Tensor) -> list[dict[str, float]]:
    """What the confidence promises against what comes true, in 15 equal bins of the confidence, empty ones left out.

    Each bin: share of all digits, their mean confidence, and their accuracy (all 0..1). The mean gap, weighted by
    share, is the expected calibration error (Guo et al. 2017, https://arxiv.org/abs/1706.04599).
    """
    confidence, guesses = probabilities.max(1)
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    right = (guesses == labels).float()
    return [
        {
            "share": (bins == b).float().mean().item(),
            "confidence": confidence[bins == b].mean().item(),
            "accuracy": right[bins == b].mean().item(),
        }
        for b in torch.unique(bins).tolist()
    ]


def fit_temperature(network: nn.Module, held_out: Digits) -> float:
    """The temperature (0.05 to 20) at which the network's probabilities fit held-out digits best (least NLL).

    Temperature scaling, Guo et al. 2017. The NLL is convex in 1 / temperature, so a golden-section search finds it.
    """
    logits = digit_logits(predict(network, held_out.images)).double()

    def nll(inverse: float) -> float:
        return F.cross_entropy(logits * inverse, held_out.labels).item()

    low, high, golden = 0.05, 20.0, (5**0.5 - 1) / 2
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if nll(left) < nll(right) else (left, high)
    return 2 / (low + high)


def fit_digit_score(network: nn.Module, held_out: Digits, seed: int = 1) -> DigitScore:
    """Scale, offset and threshold of the digit score, from held-out digits and drawings of our own generator.

    Digits: the held-out ones, changed as people's hands change them, and as many generated ones. Non-digits: generated
    letters, symbols, scribbles, several digits at once. Scale and offset are a logistic regression between the two
    (Platt 1999); the threshold refuses REFUSED of the digits.
    """
    generator = Generator().manual_seed(seed)
    changed = (augment(as_input(held_out.images), Augmentation(), generator) * 255).to(torch.uint8)
    real = torch.cat([changed, synthetic.digits(len(changed), generator).images])
    others = synthetic.non_digits(len(changed), generator).images
    inside, outside = (digit_evidence(predict(network, images)).double() for images in (real, others))
    scale, offset = _logistic(inside, outside)
    score = DigitScore(scale, offset, 0.0)
    return score._replace(threshold=score.of(inside).quantile(REFUSED).item())


def _logistic(inside: Tensor, outside: Tensor) -> tuple[float, float]:
    """Scale and offset of the logistic regression that tells `inside` from `outside`, both sides weighing the same."""
    spread = torch.cat([inside, outside]).std().item() or 1.0
    weights = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        margins = [sign * (weights[0] * side / spread + weights[1]) for sign, side in ((1, inside), (-1, outside))]
        # The small square keeps the scale finite where the two sides do not overlap.
        value = sum((F.softplus(-m).mean() for m in margins), 1e-4 * weights.square().sum())
        value.backward()  # type: ignore[no-untyped-call]
        return value

    solver.step(loss)  # type: ignore[no-untyped-call]
    return weights[0].item() / spread, weights[1].item()


def auroc(inside: Tensor, outside: Tensor) -> float:
    """The chance (0..1) that a value of `inside` is above one of `outside`; ties count half."""
    both = torch.cat([inside, outside]).double()
    _, place, count = torch.unique(both, return_inverse=True, return_counts=True)
    ranks = (count.cumsum(0) - (count - 1) / 2)[place]
    n, m = len(inside), len(outside)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def confusion_figure(confusion: list[list[int]], path: str | Path | None = None) -> Any:
    """The confusion matrix as a matplotlib figure, written to `path` if given; the diagonal is left uncoloured."""
    from matplotlib.figure import Figure

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


def reliability_figure(bins: dict[str, list[dict[str, float]]], path: str | Path | None = None) -> Any:
    """Accuracy against confidence, a line per name in `bins` (each as of reliability()); written to `path` if given."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as good as its word")
    for name, rows in bins.items():
        axes.plot([b["confidence"] for b in rows], [b["accuracy"] for b in rows], marker="o", label=name)
    axes.legend()
    if path:
        figure.savefig(path, dpi=120)
    return figure
