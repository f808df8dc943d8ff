"""The gate: what a candidate has to pass before it serves, measured on digits that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from feedback.tolerances import (
    ANCHOR_SLACK,
    AUROC_TOLERANCE,
    DIGIT_REFUSED_TOLERANCE,
    DIGIT_TOLERANCE,
    ECE_TOLERANCE,
    LEAST_LOGITS,
    LEAST_MARGIN,
    REFUSED_TOLERANCE,
    SIGNIFICANCE,
    SURE_LOGITS,
    TOLERANCE,
)
from learning import synthetic
from learning.card import DigitScore, Evaluation, Exchanged, GateMeasurement, ModelCard, PerDigit
from learning.classes import DIGITS
from learning.dataset import Digits, Mnist, concatenate, rows
from learning.evaluation import auroc, evaluate, fit_digit_score, fit_temperature
from learning.networks import digit_evidence, digit_logits
from learning.training import predict
from percentages import percent

NON_DIGITS = 1_000  # synthetic ones, and as many synthetic digits, on which that is measured

ROUNDING = 1e-9


class Verdict(NamedTuple):
    """Whether the candidate may serve, why, and the candidate's measurements beside those of the active version.

    `exchanged`: the held-out labels that it gains and loses; None where there are none.
    """

    passed: bool
    reason: str
    temperature: float
    digit_score: DigitScore
    before: GateMeasurement
    after: GateMeasurement
    exchanged: Exchanged | None = None


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
        exchange = compare_labels(self._active.network, candidate, self._held_out)
        faults = [*find_faults(before, after), *exchange.faults, *self._lost_scores(candidate, digit_score)]
        if self._anchor and not faults:
            version, anchored = self._anchor
            name = f"version {version}, the last that was not the gate's choice,"
            faults = list(find_faults(anchored, after, name, ANCHOR_SLACK))
        reason = " ".join(faults) or _summary(before, after, exchange.exchanged)
        return Verdict(not faults, reason, temperature, digit_score, before, after, exchange.exchanged)

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
        "held_out_exchanged": verdict.exchanged,
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
        yield f"It reads {_exact(new.accuracy)} of MNIST's validation digits, {other} {_exact(old.accuracy)}."
    for digit in range(DIGITS):
        was, now = before.per_digit[digit], after.per_digit[digit]
        if now < was - slack * DIGIT_TOLERANCE - ROUNDING:
            yield f"It reads {_exact(now)} of the {digit}s, {other} {_exact(was)}."
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


class Exchange(NamedTuple):
    """The held-out labels that a candidate gains and loses, and the sentence against it, if there is one."""

    exchanged: Exchanged | None
    faults: list[str]


def compare_labels(active: nn.Module, candidate: nn.Module, held_out: Digits) -> Exchange:
    """The same for held-out labels: those that are lost may not outweigh those gained by more than chance explains."""
    if not len(held_out.labels):
        return Exchange(None, [])
    probabilities = digit_logits(predict(active, held_out.images)).softmax(1)
    first, second = probabilities.topk(2, dim=1).values.unbind(1)
    weights = ((first - second - LEAST_MARGIN) / (1 - LEAST_MARGIN)).clamp(0, 1)
    was = probabilities.argmax(1) == held_out.labels
    now = digit_logits(predict(candidate, held_out.images)).argmax(1) == held_out.labels
    exchanged = Exchanged(labels=len(held_out.labels), gained=int((~was & now).sum()), lost=int((was & ~now).sum()))
    if not _outweighs(weights, was, now):
        return Exchange(exchanged, [])
    fault = (
        f"Of {exchanged.labels} held-out labels it loses {exchanged.lost} that the active version reads, and gains "
        f"{exchanged.gained}."
    )
    return Exchange(exchanged, [fault])


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


def _summary(before: GateMeasurement, after: GateMeasurement, exchanged: Exchanged | None) -> str:
    text = (
        f"MNIST's validation digits: {_exact(before.validation.accuracy)} before, "
        f"{_exact(after.validation.accuracy)} now"
    )
    if before.held_out and after.held_out and exchanged:
        text += (
            f"; {exchanged.labels} held-out labels: {_exact(before.held_out.accuracy)} before, "
            f"{_exact(after.held_out.accuracy)} now ({exchanged.gained} gained, {exchanged.lost} lost)"
        )
    return f"{text}; nothing is lost beyond the tolerances."


def _exact(fraction: float) -> str:
    return percent(fraction, 2)
