"""The gate: what a candidate has to pass before it serves, measured on digits that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from learning import synthetic
from learning.card import DigitScore, Evaluation, GateMeasurement, ModelCard, PerDigit
from learning.classes import DIGITS
from learning.dataset import Digits, Mnist, concatenate, rows
from learning.evaluation import auroc, evaluate, fit_digit_score, fit_temperature
from learning.networks import digit_evidence, digit_logits
from learning.training import predict

TOLERANCE = 0.0005  # fraction of MNIST's validation digits that may be lost: 0.05 points
DIGIT_TOLERANCE = 0.006  # the same for one digit, of which there are some 500: three of them
ECE_TOLERANCE = 0.005  # by which the calibration error may grow
AUROC_TOLERANCE = 0.01  # by which the digit score may get worse
REFUSED_TOLERANCE = 0.004  # fraction of all digits that it may refuse more than before: 0.4 points
DIGIT_REFUSED_TOLERANCE = 0.012  # the same for one digit: six of MNIST's 500
ANCHOR_SLACK = 1.5  # times the tolerances, for all versions since the anchor together
# A held-out label weighs nothing up to this margin of the active version's first digit over its second, and 1 where
# that is certain: drawings between two digits, labelled as they are read, could otherwise stop every candidate.
LEAST_MARGIN = 0.5
LEAST_LOGITS, SURE_LOGITS = 1.0, 3.0  # the same for "is it a digit?": distances of the score from its threshold
SIGNIFICANCE = 1.64  # standard deviations by which the labels that are lost must outweigh those gained: one-sided 5 %
NON_DIGITS = 1_000  # synthetic ones, and as many synthetic digits, on which that is measured

ROUNDING = 1e-9


class Verdict(NamedTuple):
    """Whether the candidate may serve, why, and the candidate's measurements beside those of the active version."""

    passed: bool
    reason: str
    temperature: float
    digit_score: DigitScore
    before: GateMeasurement
    after: GateMeasurement


class Compared(NamedTuple):
    """A version that candidates are compared with."""

    network: nn.Module
    card: ModelCard
    version: int


class Gate:
    """Compares candidates with the active version and with the anchor, both measured once.

    The anchor, None if it is the active version, is the last version that somebody has looked at: small losses must not
    add up from one version to the next. `held_out` are people's labelled drawings that no version was trained on; those
    that are not digits judge the digit score alone. `taught` are those that the candidates were trained on: no digit
    among them may be refused, which MNIST, drawn in other styles, does not tell.
    """

    def __init__(
        self, active: Compared, anchor: Compared | None, held_out: Digits, mnist: Mnist, taught: Digits | None = None
    ) -> None:
        self._active, self._validation = active, mnist.validation
        self._held_out, self._no_digits = (_only(held_out, digits) for digits in (True, False))
        self._peoples = concatenate(self._held_out, _only(taught, True)) if taught else self._held_out
        generator = Generator().manual_seed(2)
        self._digits = synthetic.digits(NON_DIGITS, generator)
        self._non_digits = synthetic.non_digits(NON_DIGITS, generator)
        measured = self._measure(active.network, active.card.temperature, active.card.digit_score)
        figures = {"version": active.version, "test_accuracy": active.card.test_accuracy}
        self._before = measured.model_copy(update=figures)
        self._anchor = anchor and (
            anchor.version,
            self._measure(anchor.network, anchor.card.temperature, anchor.card.digit_score),
        )

    def judge(self, candidate: nn.Module) -> Verdict:
        """Compare a candidate with the active version and the anchor."""
        temperature = fit_temperature(candidate, concatenate(self._validation, self._held_out))
        digit_score = fit_digit_score(candidate, self._validation)
        before, after = self._before, self._measure(candidate, temperature, digit_score)
        faults = [
            *find_faults(before, after),
            *lost_labels(self._active.network, candidate, self._held_out),
            *self._lost_scores(candidate, digit_score),
        ]
        if self._anchor and not faults:
            version, anchored = self._anchor
            name = f"version {version}, the last that was not the gate's choice,"
            faults = list(find_faults(anchored, after, name, ANCHOR_SLACK))
        reason = " ".join(faults) or _summary(before, after)
        return Verdict(not faults, reason, temperature, digit_score, before, after)

    def _lost_scores(self, candidate: nn.Module, digit_score: DigitScore) -> Iterator[str]:
        """The faults of the digit score, digits and others apart: a gain of one makes up for no loss of the other."""
        for drawings, are_digits in ((self._peoples, True), (self._no_digits, False)):
            if len(drawings.labels):
                was = logits_over_threshold(self._active.network, self._active.card.digit_score, drawings)
                now = logits_over_threshold(candidate, digit_score, drawings)
                yield from lost_scores(was, now, are_digits)

    def _measure(self, network: nn.Module, temperature: float, digit_score: DigitScore) -> GateMeasurement:
        digits, others = (digit_evidence(predict(network, each.images)) for each in (self._digits, self._non_digits))
        held_out, validation = self._held_out, self._validation
        real = concatenate(validation, held_out)
        return GateMeasurement(
            validation=_without_bins(evaluate(network, validation, temperature)),
            held_out=_without_bins(evaluate(network, held_out, temperature)) if len(held_out.labels) else None,
            per_digit=evaluate(network, real, temperature).per_digit,
            digit_auroc=auroc(digits, others),
            refused=_refused(logits_over_threshold(network, digit_score, real) < 0, real.labels),
        )


def _only(drawings: Digits, digits: bool) -> Digits:
    """The digits among labelled drawings, or those that are none."""
    return rows(drawings, ((drawings.labels < DIGITS) == digits).nonzero()[:, 0])


def complete_card(network: nn.Module, verdict: Verdict, mnist: Mnist) -> dict[str, object]:
    """The fields of a candidate's card that are measured; the test digits are reported, and decide nothing."""
    tested = evaluate(network, mnist.test, verdict.temperature)
    return {
        "test_accuracy": tested.accuracy,
        "validation_accuracy": verdict.after.validation.accuracy,
        "per_digit_accuracy": tested.per_digit,
        "nll": tested.nll,
        "ece": tested.ece,
        "confusion": tested.confusion,
        "reliability": tested.reliability,
        "temperature": verdict.temperature,
        "digit_score": verdict.digit_score,
        "before": verdict.before,
        "after": verdict.after,
    }


def _without_bins(evaluation: Evaluation) -> Evaluation:
    return evaluation.model_copy(update={"reliability": ()})


def find_faults(
    before: GateMeasurement, after: GateMeasurement, other: str = "the active version", slack: float = 1.0
) -> Iterator[str]:
    """Everything in which the candidate is worse than its tolerance, a sentence each.

    `other` is what came `before`; the tolerances are multiplied by `slack`.
    """
    old, new = before.validation, after.validation
    if new.accuracy < old.accuracy - slack * TOLERANCE - ROUNDING:
        yield f"It reads {new.accuracy:.2%} of MNIST's validation digits, {other} {old.accuracy:.2%}."
    for digit in range(DIGITS):
        was, now = before.per_digit[digit], after.per_digit[digit]
        if now < was - slack * DIGIT_TOLERANCE - ROUNDING:
            yield f"It reads {now:.2%} of the {digit}s, {other} {was:.2%}."
    if new.ece > old.ece + slack * ECE_TOLERANCE:
        yield f"Its calibration error is {new.ece:.4f}, that of {other} {old.ece:.4f}."
    if after.digit_auroc < before.digit_auroc - slack * AUROC_TOLERANCE:
        yield f"Its digit score has an AUROC of {after.digit_auroc:.4f}, that of {other} {before.digit_auroc:.4f}."

    if before.refused and after.refused:
        yield from _refuses_more(before.refused, after.refused, other, slack)


def _refuses_more(before: PerDigit, after: PerDigit, other: str, slack: float) -> Iterator[str]:
    """As find_faults, of the fractions of the ten digits that are refused: labels may not make a digit none."""
    was, now = (sum(each) / DIGITS for each in (before, after))
    if now > was + slack * REFUSED_TOLERANCE + ROUNDING:
        yield f"It calls {now:.2%} of the digits no digits, {other} {was:.2%}."
    for digit in range(DIGITS):
        if after[digit] > before[digit] + slack * DIGIT_REFUSED_TOLERANCE + ROUNDING:
            yield f"It calls {after[digit]:.2%} of the {digit}s no digits, {other} {before[digit]:.2%}."


def _refused(refused: Tensor, labels: Tensor) -> tuple[float, ...]:
    """The fraction of each digit, 0 to 9, that is refused."""
    counts = labels.bincount(minlength=DIGITS)
    return tuple((labels[refused].bincount(minlength=DIGITS) / counts.clamp(min=1)).tolist())


def logits_over_threshold(network: nn.Module, digit_score: DigitScore, drawings: Digits) -> Tensor:
    """How far the digit score of each drawing is above its threshold, N: log odds, negative for "not a digit"."""
    threshold = torch.tensor(digit_score.threshold, dtype=torch.float64).logit(eps=1e-9)
    return digit_score.scale * digit_evidence(predict(network, drawings.images)) + digit_score.bias - threshold


def lost_labels(active: nn.Module, candidate: nn.Module, held_out: Digits) -> list[str]:
    """The same for held-out labels: those that are lost may not outweigh those gained by more than chance explains."""
    if not len(held_out.labels):
        return []
    probabilities = digit_logits(predict(active, held_out.images)).softmax(1)
    first, second = probabilities.topk(2, dim=1).values.unbind(1)
    weights = ((first - second - LEAST_MARGIN) / (1 - LEAST_MARGIN)).clamp(0, 1)
    was = probabilities.argmax(1) == held_out.labels
    now = digit_logits(predict(candidate, held_out.images)).argmax(1) == held_out.labels
    if not _outweighs(weights, was, now):
        return []
    lost, gained = int((was & ~now).sum()), int((~was & now).sum())
    return [
        f"Of {len(held_out.labels)} held-out labels it loses {lost} that the active version reads, and gains {gained}."
    ]


def lost_scores(before: Tensor, after: Tensor, are_digits: bool) -> list[str]:
    """The same for whether labelled drawings are digits: `before` and `after` as of logits_over_threshold, N."""
    weights = ((before.abs() - LEAST_LOGITS) / (SURE_LOGITS - LEAST_LOGITS)).clamp(0, 1)
    was, now = (before >= 0) == are_digits, (after >= 0) == are_digits
    if not _outweighs(weights, was, now):
        return []
    lost, gained = int((was & ~now).sum()), int((~was & now).sum())
    what, mistaken = ("digits", "no digits") if are_digits else ("drawings that are no digits", "digits")
    return [f"Of {len(before)} labelled {what} it newly takes {lost} for {mistaken}, and {gained} no longer."]


def _outweighs(weights: Tensor, was: Tensor, now: Tensor) -> bool:
    """Whether what was right, and no longer is, outweighs the opposite by more than chance explains."""
    excess = float(weights[was & ~now].sum() - weights[~was & now].sum())
    return excess > SIGNIFICANCE * float((weights[was != now] ** 2).sum().sqrt()) + ROUNDING


def _summary(before: GateMeasurement, after: GateMeasurement) -> str:
    text = f"MNIST's validation digits: {before.validation.accuracy:.2%} before, {after.validation.accuracy:.2%} now"
    if before.held_out and after.held_out:
        text += f"; held-out labels: {before.held_out.accuracy:.2%} before, {after.held_out.accuracy:.2%} now"
    return text + "."
