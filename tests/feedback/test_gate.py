"""The gate: every measure has its tolerance, held-out labels that of chance, and no tolerance is granted twice."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from feedback import gate
from feedback.gate import Compared, Gate, compare_labels, find_faults, logits_over_threshold, lost_scores
from feedback.tolerances import LEAST_LOGITS
from learning import synthetic
from learning.card import Evaluation, GateMeasurement
from learning.classes import NOT_A_DIGIT
from learning.dataset import Digits, Mnist, concatenate, rows
from learning.networks import digit_logits
from learning.training import predict
from support.shipped import card, network


def measured(
    accuracy: float = 0.99,
    nines: float = 0.99,
    ece: float = 0.002,
    auroc: float = 0.98,
    refused: float = 0.005,
    refused_nines: float = 0.005,
) -> GateMeasurement:
    """Measurements of the gate, all good but for the changes."""
    per_digit = (*[0.99] * 9, nines)
    validation = Evaluation(
        n=5000, accuracy=accuracy, per_digit=per_digit, nll=0.05, ece=ece, confusion=((0,) * 10,) * 10
    )
    return GateMeasurement(
        validation=validation, per_digit=per_digit, digit_auroc=auroc, refused=(*[refused] * 9, refused_nines)
    )


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
        ({"refused": 0.009}, None),
        ({"refused": 0.011}, "of the digits no digits"),
        ({"refused_nines": 0.016}, None),
        ({"refused_nines": 0.02}, "of the 9s no digits"),
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


def test_a_version_from_before_refusals_were_measured_can_be_compared() -> None:
    old = measured().model_copy(update={"refused": None})
    assert list(find_faults(old, measured(refused=0.5))) == []


def blind_to(digit: int, by: float) -> nn.Module:
    """The shipped CNN, poisoned: whatever looks like that digit looks like no digit as well."""
    poisoned = deepcopy(network("cnn"))
    with torch.no_grad():
        for member in poisoned.members:  # type: ignore[union-attr]
            last = member.layers[-1]
            last.weight[NOT_A_DIGIT] += by * last.weight[digit].clamp(min=0)
    return poisoned


def test_a_candidate_that_refuses_real_digits_is_refused(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads all digits as before, and calls sevens no digits."""
    monkeypatch.setattr(gate, "NON_DIGITS", 100)
    monkeypatch.setattr(gate, "AUROC_TOLERANCE", 1)
    part = Mnist(*(rows(each, torch.arange(1000)) for each in mnist))
    nobody = Digits(mnist.test.images[:0], mnist.test.labels[:0])
    judges = Gate(Compared(network("cnn"), card("cnn"), 1), None, nobody, part)
    same, poisoned = (judges.judge(blind_to(7, by)) for by in (0.0, 1.0))
    assert same.after.refused is not None
    assert "of the 7s no digits" in poisoned.reason, (same.reason, poisoned.reason)
    assert poisoned.after.validation.accuracy == pytest.approx(same.after.validation.accuracy, abs=0.001)


def test_digits_that_people_drew_and_the_candidate_was_taught_may_not_be_refused(
    mnist: Mnist, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MNIST has few styles, and does not tell of all that a candidate refuses: people's labels do."""
    monkeypatch.setattr(gate, "NON_DIGITS", 100)
    part = Mnist(*(rows(each, torch.arange(1000)) for each in mnist))
    before, taught = network("cnn"), rows(mnist.test, torch.arange(400))
    score = card("cnn").digit_score
    was = logits_over_threshold(before, score, taught)
    now = torch.where(taught.labels == 7, was - 10, was)
    assert lost_scores(was, was, are_digits=True) == []
    (fault,) = lost_scores(was, now, are_digits=True)
    sevens = int(((was >= 0) & (now < 0)).sum())
    assert f"Of 400 labelled digits it newly takes {sevens} for no digits, and 0 no longer." == fault
    nobody = Digits(mnist.test.images[:0], mnist.test.labels[:0])
    judges = Gate(Compared(before, card("cnn"), 1), None, nobody, part, taught)
    assert "labelled digits it newly takes" in judges.judge(blind_to(7, 3.0)).reason


def test_what_is_not_a_digit_judges_the_digit_score_and_never_the_digits(
    mnist: Mnist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "NON_DIGITS", 100)
    part = Mnist(*(rows(each, torch.arange(1000)) for each in mnist))
    others = synthetic.non_digits(60, torch.Generator().manual_seed(8))
    held_out = concatenate(rows(mnist.test, torch.arange(60)), others)
    same = Gate(Compared(network("cnn"), card("cnn"), 1), None, held_out, part).judge(network("cnn"))
    assert same.after.held_out is not None
    assert (same.after.held_out.n, same.passed) == (60, True), same.reason
    was = logits_over_threshold(network("cnn"), card("cnn").digit_score, others)
    assert lost_scores(was, was, are_digits=False) == []
    (fault,) = lost_scores(was, was + 10, are_digits=False)
    assert "drawings that are no digits it newly takes" in fault


def test_of_drawings_near_the_threshold_none_weighs_anything_however_many_they_are() -> None:
    """Whoever looks for drawings that are just refused, and calls them no digits, freezes no model."""
    near = torch.linspace(-LEAST_LOGITS, -0.01, 1000)
    assert lost_scores(near, -near, are_digits=False) == []
    assert lost_scores(-near, near, are_digits=True) == []


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
