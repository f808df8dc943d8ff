"""Accuracy, calibration, and how well digits are distinguished from other drawings."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Generator, Tensor, nn

from learning import synthetic
from learning.augmentation import augment
from learning.card import DigitScore, Evaluation, ReliabilityBin
from learning.classes import DIGITS
from learning.dataset import Digits, as_input
from learning.networks import digit_evidence, digit_logits
from learning.recipes import Augmentation
from learning.training import predict

BINS = 15  # of the reliability diagram and of the expected calibration error
MAX_REFUSED = 0.015  # the fraction of digits that the threshold may call "not a digit"


class NotFinite(ArithmeticError):
    """A network's outputs are not finite numbers."""


def evaluate(network: nn.Module, digits: Digits, temperature: float = 1.0) -> Evaluation:
    """How well `network` reads `digits` (labels 0-9); probabilities are softmax(logits / temperature).

    Raises NotFinite for a network whose training has diverged.
    """
    logits = _finite(digit_logits(predict(network, digits.images)))
    probabilities = (logits / temperature).softmax(1)
    confusion = torch.bincount(digits.labels * DIGITS + logits.argmax(1), minlength=DIGITS**2).view(DIGITS, DIGITS)
    bins = reliability(probabilities, digits.labels)
    return Evaluation(
        n=len(digits.labels),
        accuracy=confusion.diag().sum().item() / len(digits.labels),
        per_digit=tuple((confusion.diag() / confusion.sum(1).clamp(min=1)).tolist()),
        nll=F.cross_entropy(logits / temperature, digits.labels).item(),
        ece=sum(b.fraction * abs(b.accuracy - b.confidence) for b in bins),
        confusion=tuple(map(tuple, confusion.tolist())),
        reliability=bins,
    )


def _finite(values: Tensor) -> Tensor:
    if not bool(values.isfinite().all()):
        raise NotFinite("The training diverged: its outputs are no longer finite numbers. Try a smaller learning rate.")
    return values


def reliability(probabilities: Tensor, labels: Tensor) -> tuple[ReliabilityBin, ...]:
    """Confidence against accuracy, in 15 equal bins of the confidence, empty ones left out.

    The mean gap, weighted by the bins' fractions, is the expected calibration error (Guo et al. 2017,
    https://arxiv.org/abs/1706.04599).
    """
    confidence, guesses = probabilities.max(1)
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    right = (guesses == labels).float()
    return tuple(
        ReliabilityBin(
            fraction=(bins == b).float().mean().item(),
            confidence=confidence[bins == b].mean().item(),
            accuracy=right[bins == b].mean().item(),
        )
        for b in torch.unique(bins).tolist()
    )


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
    """The digit score, from held-out digits and synthetic drawings.

    Digits: the held-out ones, augmented, and as many synthetic ones. Non-digits: synthetic letters, symbols, scribbles,
    several digits at once. Scale and bias are a logistic regression between the two (Platt 1999); the threshold refuses
    MAX_REFUSED of the digits. Raises NotFinite, as evaluate() does.
    """
    generator = Generator().manual_seed(seed)
    augmented = (augment(as_input(held_out.images), Augmentation(), generator) * 255).to(torch.uint8)
    real = torch.cat([augmented, synthetic.digits(len(augmented), generator).images])
    others = synthetic.non_digits(len(augmented), generator).images
    inside, outside = (_finite(digit_evidence(predict(network, images))).double() for images in (real, others))
    scale, bias = fit_logistic(inside, outside)
    threshold = digit_scores(inside, scale, bias).quantile(MAX_REFUSED).item()
    return DigitScore(scale=scale, bias=bias, threshold=threshold)


def digit_scores(evidence: Tensor, scale: float, bias: float) -> Tensor:
    """The digit scores, 0-1, of evidence (networks.digit_evidence) of any shape."""
    return torch.sigmoid(scale * evidence + bias)


def fit_logistic(inside: Tensor, outside: Tensor) -> tuple[float, float]:
    """Scale and bias of the logistic regression between `inside` and `outside`, both weighted alike."""
    spread = torch.cat([inside, outside]).std().item() or 1.0
    weights = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        margins = [sign * (weights[0] * side / spread + weights[1]) for sign, side in ((1, inside), (-1, outside))]
        # The small penalty keeps the scale finite where the two sides do not overlap.
        value = sum((F.softplus(-m).mean() for m in margins), 1e-4 * weights.square().sum())
        value.backward()  # type: ignore[no-untyped-call]
        return value

    solver.step(loss)  # type: ignore[no-untyped-call]
    return weights[0].item() / spread, weights[1].item()


def auroc(inside: Tensor, outside: Tensor) -> float:
    """The probability (0-1) that a value of `inside` is above one of `outside`; ties count half."""
    both = torch.cat([inside, outside]).double()
    _, place, count = torch.unique(both, return_inverse=True, return_counts=True)
    ranks = (count.cumsum(0) - (count - 1) / 2)[place]
    n, m = len(inside), len(outside)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
