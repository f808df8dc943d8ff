"""The gate: every measure has its tolerance, held-out labels that of chance, and no tolerance is granted twice."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from feedback import gate
from feedback.gate import Compared, Gate, compare_labels, find_faults
from learning.card import Evaluation, GateMeasurement
from learning.dataset import Digits, Mnist, rows
from learning.networks import digit_logits
from learning.training import predict
from support.shipped import card, network


def measured(accuracy: float = 0.99, nines: float = 0.99, ece: float = 0.002, auroc: float = 0.98) -> GateMeasurement:
    """Measurements of the gate, all good but for the changes."""
    per_digit = (*[0.99] * 9, nines)
    validation = Evaluation(
        n=5000, accuracy=accuracy, per_digit=per_digit, nll=0.05, ece=ece, confusion=((0,) * 10,) * 10
    )
    return GateMeasurement(validation=validation, per_digit=per_digit, digit_auroc=auroc)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"accuracy": 0.9896}, None),
        ({"accuracy": 0.9894}, "validation digits"),
        ({"nines": 0.986}, None),
        ({"nines": 0.98}, "of the 9s"),
        ({"ece": 0.006}, None),
        ({"ece": 0.009}, "calibration error"),
        ({"auroc": 0.975}, None),
        ({"auroc": 0.95}, "AUROC"),
    ],
)
def test_the_gate_checks_everything_that_could_get_worse(changes: dict[str, float], fault: str | None) -> None:
    faults = list(find_faults(measured(), measured(**changes)))
    assert len(faults) == (fault is not None)
    assert fault is None or fault in faults[0]


def test_held_out_labels_that_are_lost_stop_a_candidate(mnist: Mnist) -> None:
    before, digits = network("linear"), rows(mnist.test, torch.arange(500))
    worse = less_sure_of_threes(5)
    nobody = Digits(digits.images[:0], digits.labels[:0])
    assert compare_labels(before, before, digits).faults == compare_labels(before, worse, nobody).faults == []
    assert compare_labels(before, worse, nobody).exchanged is None
    assert compare_labels(worse, before, digits).faults == []
    exchanged, (fault,) = compare_labels(before, worse, digits)
    assert "held-out labels" in fault
    assert exchanged is not None
    right = [
        int((digit_logits(predict(each, digits.images)).argmax(1) == digits.labels).sum()) for each in (before, worse)
    ]
    assert exchanged.gained - exchanged.lost == right[1] - right[0] < 0
    assert exchanged.labels == 500


def sure(before: nn.Module, digits: Digits) -> Tensor:
    """Which digits a network reads right, and is sure of."""
    probabilities = digit_logits(predict(before, digits.images)).softmax(1)
    return (probabilities.argmax(1) == digits.labels) & (probabilities.max(1).values > 0.97)


def test_a_loss_that_chance_explains_stops_nobody(mnist: Mnist) -> None:
    before, digits = network("linear"), rows(mnist.test, torch.arange(2000))
    worse = less_sure_of_threes(5)
    now = digit_logits(predict(worse, digits.images)).argmax(1) == digits.labels
    lost, kept = ((sure(before, digits) & each).nonzero()[:, 0] for each in (~now, now))
    for count, faults in ((1, 0), (2, 0), (3, 1), (8, 1)):
        some = rows(digits, torch.cat([lost[:count], kept[:100]]))
        assert len(compare_labels(before, worse, some).faults) == faults, f"{count} lost, none gained"


def test_drawings_between_two_digits_weigh_nothing_however_many_they_are(mnist: Mnist) -> None:
    """Somebody bisects between two digits, and labels each drawing as it is read, to freeze the model for ever."""
    before = network("linear")
    honest = deepcopy(before)
    with torch.no_grad():
        list(honest.parameters())[-1].add_(torch.linspace(-0.2, 0.2, 10))
    ones, sevens = (mnist.test.images[mnist.test.labels == digit][:40].float() for digit in (1, 7))
    between = []
    for one, seven in zip(ones, sevens, strict=True):
        low, high = 0.0, 1.0
        for _ in range(12):
            middle = (low + high) / 2
            image = (one + middle * (seven - one)).round().to(torch.uint8)[None]
            read = int(digit_logits(predict(before, image)).argmax(1))
            low, high = (middle, high) if read == 1 else (low, middle)
        between.append(image)
    images = torch.cat(between)
    labels = digit_logits(predict(before, images)).argmax(1)
    lost = int((digit_logits(predict(honest, images)).argmax(1) != labels).sum())
    assert lost >= 10, "the candidate reads many of them otherwise"
    assert compare_labels(before, honest, Digits(images, labels)).faults == []


@pytest.mark.parametrize(("before", "after", "passes"), [(0.0, 0.1, True), (0.3, 0.4, False)])
def test_small_losses_do_not_add_up_from_version_to_version(
    mnist: Mnist, monkeypatch: pytest.MonkeyPatch, before: float, after: float, passes: bool
) -> None:
    """Every version sees 3s a little less than its parent, within the tolerances: the anchor ends it."""
    monkeypatch.setattr(gate, "NON_DIGITS", 100)
    monkeypatch.setattr(gate, "ECE_TOLERANCE", 1)
    nobody = Digits(mnist.test.images[:0], mnist.test.labels[:0])
    parent, candidate = (Compared(less_sure_of_threes(by), card("linear"), 9) for by in (before, after))
    anchor = Compared(network("linear"), card("linear"), 1)
    by_parent, by_both = (Gate(parent, each, nobody, mnist).judge(candidate.network) for each in (None, anchor))
    assert by_parent.passed, by_parent.reason
    assert by_both.passed is passes, by_both.reason
    assert passes or "version 1, the last that was not the gate's choice" in by_both.reason


def less_sure_of_threes(by: float) -> nn.Module:
    less = deepcopy(network("linear"))
    with torch.no_grad():
        list(less.parameters())[-1][3] -= by
    return less
