"""The card of a version that was made of people's labels, as the gate would fill it in."""

from __future__ import annotations

from learning.card import Evaluation, Exchanged, GateMeasurement, LabelAccount, RetrainedCard
from support.shipped import card


def evaluation(accuracy: float, ece: float, n: int) -> Evaluation:
    return Evaluation(
        n=n, accuracy=accuracy, per_digit=(accuracy,) * 10, nll=0.05, ece=ece, confusion=((0,) * 10,) * 10
    )


def measured(accuracy: float, held_out: float, sevens: float, ece: float, **others: float) -> GateMeasurement:
    per_digit = (*[0.99] * 7, sevens, 0.99, 0.99)
    return GateMeasurement(
        validation=evaluation(accuracy, ece, 5000),
        held_out=evaluation(held_out, ece, 50),
        per_digit=per_digit,
        digit_auroc=0.98,
        **others,
    )


def retrained_card(model: str = "linear") -> RetrainedCard:
    """A little is gained, a little is lost, all of it within the tolerances."""
    values = card(model).to_json() | {
        "labels_used": 53,
        "labels_held_out": 14,
        "account": LabelAccount(approved=72, duplicates=2, dropped=3, held_out=14, trained=53),
        "held_out_exchanged": Exchanged(labels=50, gained=3, lost=1),
        "before": measured(0.99, 0.90, sevens=0.990, ece=0.002, version=1, test_accuracy=0.92),
        "after": measured(0.9904, 0.94, sevens=0.988, ece=0.003),
    }
    return RetrainedCard.model_validate(values)
