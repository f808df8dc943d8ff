"""Metrics against sums done by hand, and calibration against networks whose over-confidence is known."""

import pytest
import torch
from torch import Tensor, nn

from learning.dataset import Digits, Mnist
from learning.evaluation import (
    MAX_REFUSED,
    NotFinite,
    auroc,
    digit_scores,
    evaluate,
    fit_digit_score,
    fit_logistic,
    fit_temperature,
    reliability,
)
from learning.networks import digit_evidence
from learning.training import predict
from support import shipped


class Parrot(nn.Module):
    """A network that answers what it was told to, in order of its images' first pixel."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, images: Tensor) -> Tensor:
        """The logits kept for each image."""
        return self.logits[(images[:, 0, 0, 0] * 255).round().long() * 256 + (images[:, 0, 0, 1] * 255).round().long()]


def told(logits: Tensor, labels: Tensor) -> tuple[Parrot, Digits]:
    """A Parrot, and numbered images for it."""
    images = torch.zeros(len(labels), 1, 28, 28, dtype=torch.uint8)
    number = torch.arange(len(labels))
    images[:, 0, 0, 0], images[:, 0, 0, 1] = number // 256, number % 256
    return Parrot(logits), Digits(images, labels)


def sure(guesses: list[int], confidence: float) -> Tensor:
    """Logits whose softmax gives `confidence` to the guess and spreads the rest evenly."""
    rest = torch.tensor((1 - confidence) / 9).log()
    return torch.full((len(guesses), 10), rest.item()).scatter(
        1, torch.tensor(guesses)[:, None], torch.tensor(confidence).log().item()
    )


def test_metrics_by_hand() -> None:
    measured = evaluate(*told(sure([1, 1, 2, 3], 0.9), torch.tensor([1, 2, 2, 3])))
    assert measured.n == 4
    assert measured.accuracy == 0.75
    assert measured.per_digit[1:4] == (1.0, 0.5, 1.0)
    assert measured.confusion[2][1] == measured.confusion[2][2] == 1
    assert sum(map(sum, measured.confusion)) == 4
    assert measured.ece == pytest.approx(0.9 - 0.75, abs=1e-5)
    assert measured.nll == pytest.approx((3 * 0.10536 + 4.49981) / 4, abs=1e-4)


def test_the_eleventh_column_has_no_say_in_the_digits() -> None:
    logits = torch.cat([sure([4, 7], 0.8), torch.full((2, 1), 50.0)], 1)
    assert evaluate(*told(logits, torch.tensor([4, 7]))).accuracy == 1


def test_reliability_bins_hold_everything_once() -> None:
    torch.manual_seed(0)
    bins = reliability((torch.randn(400, 10) * 3).softmax(1), torch.randint(10, (400,)))
    assert sum(b.fraction for b in bins) == pytest.approx(1)
    assert all(0 <= value <= 1 for b in bins for value in (b.confidence, b.accuracy))
    assert [b.confidence for b in bins] == sorted(b.confidence for b in bins)


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_over_confidence(scale: float) -> None:
    torch.manual_seed(0)
    honest = torch.randn(20_000, 10) * 2
    labels = torch.multinomial(honest.softmax(1), 1).squeeze(1)
    network, digits = told(honest * scale, labels)
    found = fit_temperature(network, digits)
    assert found == pytest.approx(scale, rel=0.05)
    assert evaluate(network, digits, found).ece < 0.02
    assert evaluate(network, digits, found).nll <= evaluate(network, digits).nll + 1e-6


def test_the_logistic_regression_finds_the_log_odds() -> None:
    torch.manual_seed(0)
    inside, outside = torch.randn(20_000).double() + 1, torch.randn(20_000).double() - 1
    scale, bias = fit_logistic(inside, outside)  # the log odds of these two normals are 2 x
    assert scale == pytest.approx(2, rel=0.05)
    assert bias == pytest.approx(0, abs=0.05)


def test_auroc_counts_pairs_and_half_the_ties() -> None:
    inside, outside = torch.tensor([3.0, 2.0, 2.0]), torch.tensor([1.0, 2.0])
    pairs = [(a > b) + 0.5 * (a == b) for a in inside.tolist() for b in outside.tolist()]
    assert auroc(inside, outside) == pytest.approx(sum(pairs) / 6)


def test_a_score_is_a_chance_that_rises_with_the_evidence() -> None:
    scores = digit_scores(torch.tensor([-50.0, 0.5, 50.0]), scale=2.0, bias=-1.0)
    assert scores.tolist() == pytest.approx([0, 0.5, 1], abs=1e-6)


def test_the_digit_score_refuses_few_digits(mnist: Mnist) -> None:
    score = fit_digit_score(shipped.network(), Digits(mnist.validation.images[:1500], mnist.validation.labels[:1500]))
    assert score.scale > 0
    assert 0 < score.threshold < 1
    evidence = digit_evidence(predict(shipped.network(), mnist.validation.images[1500:]))
    assert (digit_scores(evidence, score.scale, score.bias) < score.threshold).float().mean() < 2 * MAX_REFUSED


def test_a_diverged_network_is_said_to_be_one() -> None:
    with pytest.raises(NotFinite, match="smaller learning rate"):
        evaluate(*told(torch.full((2, 10), float("nan")), torch.tensor([1, 2])))
