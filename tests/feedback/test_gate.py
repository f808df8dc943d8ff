"""The gate: every measure has its tolerance, and held-out labels none."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from feedback.gate import find_faults, lost_labels
from learning.card import Evaluation, GateMeasurement
from learning.dataset import Digits, Mnist, rows
from learning.networks import digit_logits
from learning.training import predict
from support.shipped import network


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
    worse = deepcopy(before)
    with torch.no_grad():
        list(worse.parameters())[-1][3] -= 5  # it hardly sees a 3 any more
    nobody = Digits(digits.images[:0], digits.labels[:0])
    assert lost_labels(before, before, digits) == lost_labels(before, worse, nobody) == []
    assert lost_labels(worse, before, digits) == []
    (fault,) = lost_labels(before, worse, digits)
    assert "held-out labels" in fault
    was, now = (digit_logits(predict(each, digits.images)).argmax(1) == digits.labels for each in (before, worse))
    one_lost = torch.cat([(was & ~now).nonzero()[:1, 0], (was & now).nonzero()[:100, 0]])
    assert lost_labels(before, worse, rows(digits, one_lost)), "one in a hundred is enough"
