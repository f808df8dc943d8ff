"""Retraining: screen the labels, fine-tune the active version on them, and let the gate decide.

Fine-tuning is no different from training: the same fit(), from the active weights instead of random ones, on approved
labels mixed with rehearsal on MNIST, so that nothing is forgotten.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor, nn

from feedback import screening
from feedback.accounting import account_for, digest
from feedback.gate import Compared, Gate, Verdict, complete_card
from feedback.screening import Screening
from feedback.wording import not_counted, without_paths
from learning.card import LabelAccount, RetrainedCard
from learning.classes import NOT_A_DIGIT
from learning.dataset import Digits, Mnist, concatenate, rows
from learning.evaluation import NotFinite
from learning.machine import machine
from learning.networks import digit_evidence, digit_logits
from learning.recipes import TrainingConfig
from learning.registry import DEFAULT_MODEL, MODELS
from learning.training import History, Step, fit, mix, predict
from learning.weights import ModelMissing, Weights, load_network, pack
from percentages import percent
from storage import labels, model_store, trainings, unused_labels
from storage.database import Database, DatabaseAway
from storage.labels import Label
from storage.model_store import Candidate, NoSuchVersion, UsedLabel

log = logging.getLogger(__name__)

# --- Every knob of a retraining, beside the fine-tuning recipes of learning/recipes.py --------------------------------

# MNIST digits that are rehearsed: all but the gate's. The fine-tuned weights then settle once more, on all that was
# known and what is new, and what lies between two such places reads better than either.
REHEARSAL = 55_000
LABEL_ROWS = 12_000  # an epoch's rows of labels, copies included, at most
COPIES = ((0.9, 128), (0.99, 64), (1.0, 16))  # of a label whose probability is below the first number
MIXING_COEFFICIENTS = (0.5, 0.25, 0.12)  # tried in turn until the gate passes one: see training.mix()


@dataclass(frozen=True)
class Plan:
    """What is asked for: the model, the least number of new labels, and whether nothing is to be kept."""

    model: str = DEFAULT_MODEL
    min_labels: int = 50
    dry_run: bool = False
    who: str = "command"
    config: TrainingConfig | None = None
    """In place of the model's own fine-tuning recipe."""


@dataclass(frozen=True)
class Outcome:
    """How it ended. `version` and `card` are None where there are none; `labels_used` counts first uses."""

    promoted: bool
    version: int | None
    reason: str
    labels_used: int
    card: RetrainedCard | None = None


class TooFewLabels(RuntimeError):
    """There is not enough to learn from; the message says how much there is."""


Report = Callable[[str, float, str], None]
"""Is called with the stage, the fraction done (0-1), and a sentence."""


def retrain(database: Database, mnist: Mnist, plan: Plan, report: Report = lambda *_: None) -> Outcome:
    """Screen the labels, fine-tune the active version on them, and let the gate decide.

    Raises TooFewLabels, trainings.TrainingUnderWay, model_store.NoSuchVersion and DatabaseAway; nothing has changed
    then, and no label is used.
    """
    with trainings.only_training(database):
        progress = _Progress(database, plan, report)
        try:
            outcome = _retrain(database, mnist, plan, progress.note)
        except BaseException as error:
            stage = "refused" if isinstance(error, TooFewLabels) else "failed"
            progress.end(stage, _reason(error))
            raise
        progress.end(_stage(outcome, plan), outcome.reason, outcome.version, outcome.card)
    return outcome


# What these say is for people; the words of any other error are for the log.
_EXPLAINED = (TooFewLabels, NotFinite, NoSuchVersion, ModelMissing, DatabaseAway, SystemExit)


def _stage(outcome: Outcome, plan: Plan) -> str:
    return "dry run" if plan.dry_run else "promoted" if outcome.promoted else "rejected"


def _reason(error: BaseException) -> str:
    if isinstance(error, _EXPLAINED):
        return without_paths(str(error))
    log.error("the training failed", exc_info=error)
    return "The training failed; the log says why."


def _retrain(database: Database, mnist: Mnist, plan: Plan, report: Report) -> Outcome:
    start = time.perf_counter()
    report("screening", 0.0, "Screening the labels.")
    parent = model_store.load(database, plan.model, model_store.active(database, plan.model))
    anchor = model_store.load(database, plan.model, model_store.anchor(database, plan.model))
    training_set = select(database, mnist, plan)
    report("training", 0.0, f"Learning from {len(training_set.new)} new labels.")
    config = plan.config or MODELS[plan.model].fine_tuning
    made = train_candidate(parent, anchor, training_set, mnist, config, report)
    verdict = made.verdict
    card = RetrainedCard.model_validate(
        complete_card(made.network, verdict, mnist)
        | _provenance(parent, training_set, config)
        | {
            "parameters": sum(p.numel() for p in made.network.parameters()),
            "mixing_coefficient": made.mixing_coefficient,
            "history": tuple(epoch._asdict() for epoch in made.history.epochs),
            "wall_seconds": round(time.perf_counter() - start, 1),
        }
    )
    if plan.dry_run:
        return Outcome(False, None, f"Dry run: {verdict.reason}", len(training_set.new), card)
    report("saving", 0.0, verdict.reason)
    return _save(database, parent, training_set, pack(made.network), card, verdict)


class Made(NamedTuple):
    """A candidate, what the gate says of it, and how it was made. The epochs' figures are of before it was mixed."""

    network: nn.Module
    verdict: Verdict
    mixing_coefficient: float
    history: History


def train_candidate(
    parent: Weights, anchor: Weights, training_set: TrainingSet, mnist: Mnist, config: TrainingConfig, report: Report
) -> Made:
    """The first candidate that passes the gate, or the last one."""
    active = load_network(parent.model, parent.data, parent.sha256)
    tuned, history = fine_tune(active, parent, training_set, mnist, config, report)
    gate = Gate(
        Compared(active, parent.card, parent.version),
        _compared(anchor) if anchor.version != parent.version else None,
        as_digits(training_set.judging),
        mnist,
        as_digits(training_set.taught),
    )
    for coefficient in MIXING_COEFFICIENTS:
        report("gate", 0.0, f"Comparing the active version with a candidate (mixing coefficient {coefficient}).")
        candidate = mix(active, tuned, coefficient)
        verdict = gate.judge(candidate)
        if verdict.passed:
            break
    return Made(candidate, verdict, coefficient, history)


def _compared(weights: Weights) -> Compared:
    return Compared(load_network(weights.model, weights.data, weights.sha256), weights.card, weights.version)


def _provenance(parent: Weights, training_set: TrainingSet, config: TrainingConfig) -> dict[str, object]:
    """The fields of a candidate's card that say what it was made of, and where."""
    new, replayed = len(training_set.new), len(training_set.replayed)
    return {
        "architecture": parent.model,
        "labels_used": new,
        "labels_replayed": replayed,
        "labels_held_out": len(training_set.held_out),
        "labels_corroborated": training_set.screening.released,
        "labels_dropped": training_set.screening.dropped,
        "labels_sha256": digest([*training_set.new, *training_set.replayed]),
        "held_out_sha256": digest(training_set.held_out),
        "account": training_set.account,
        "data": f"version {parent.version}, fine-tuned on {new} new and {replayed} earlier labels; for rehearsal "
        f"{REHEARSAL} digits of MNIST and {config.synthetic_digits} generated ones",
        "seed": config.seed,
        "knobs": config.as_dict(),
        "trained_at": datetime.now(UTC).replace(microsecond=0),
        **machine(),
    }


def _save(
    database: Database, parent: Weights, training_set: TrainingSet, data: bytes, card: RetrainedCard, verdict: Verdict
) -> Outcome:
    candidate = Candidate(
        parent.model, data, card, parent.version, _first_used(training_set.new), _first_used(training_set.held_out)
    )
    version, status = model_store.save(database, candidate, verdict.passed, verdict.reason)
    reason = verdict.reason
    if status == "candidate":
        reason = f"Kept, not promoted: version {parent.version}, which it was compared with, no longer serves."
    return Outcome(status == "active", version, reason, len(training_set.new), card)


class _Progress:
    """Keeps the training's row up to date; a database that is unavailable for a moment is no reason to stop."""

    def __init__(self, database: Database, plan: Plan, report: Report) -> None:
        self._database, self._report, self._noted_at, self._stage = database, report, 0.0, ""
        self._training = trainings.begin(database, plan.model, plan.who)

    def note(self, stage: str, progress: float, message: str) -> None:
        """Pass it on, and write it down: every change of stage, and otherwise once a second."""
        self._report(stage, progress, message)
        if stage == self._stage and time.monotonic() - self._noted_at < 1:
            return
        self._noted_at, self._stage = time.monotonic(), stage
        with suppress(DatabaseAway):
            trainings.note(self._database, self._training, stage, progress, message)

    def end(self, stage: str, message: str, version: int | None = None, card: RetrainedCard | None = None) -> None:
        """Write down how it ended. The card of a version stands beside its weights."""
        with suppress(DatabaseAway):
            trainings.end(self._database, self._training, stage, message, version, None if version else card)


# --- The labels -------------------------------------------------------------------------------------------------------


class TrainingSet(NamedTuple):
    """The labels of a retraining: new ones and earlier ones to train on, and held-out ones that only the gate sees."""

    new: list[Label]
    replayed: list[Label]
    held_out: list[Label]
    screening: Screening
    account: LabelAccount | None = None

    @property
    def judging(self) -> list[Label]:
        """The held-out labels that the gate goes by: those that nothing contradicts."""
        return self._not_contradicted(self.held_out)

    @property
    def taught(self) -> list[Label]:
        """The labels to train on that nothing contradicts."""
        return self._not_contradicted([*self.new, *self.replayed])

    def _not_contradicted(self, some: list[Label]) -> list[Label]:
        return [each for each in some if each.drawing_id not in self.screening.contradicted]


def select(database: Database, mnist: Mnist, plan: Plan) -> TrainingSet:
    """The labels to train and to judge on, screened. Raises TooFewLabels.

    What the screening decides is kept, unless it is a dry run. A model without a column for them leaves the labels "not
    a digit" to others.
    """
    index = torch.randperm(len(mnist.train.labels), generator=Generator().manual_seed(0))[: screening.TRUSTED]
    trusted = rows(mnist.train, index)
    non_digits = MODELS[plan.model].knows_non_digits
    counted = unused_labels.count_unused(database, non_digits)
    found = labels.candidates(database, screening.MAX_LABELS)
    if not non_digits:
        found = [each for each in found if each.label != NOT_A_DIGIT]
    screened = screening.screen(found, trusted.images[:, 0].numpy(), trusted.labels.numpy())
    if not plan.dry_run:
        screening.save(database, screened)
    unused = [each for each in screened.approved if not each.used]
    new = [each for each in unused if not each.held_out]
    account = account_for(counted, found, screened)
    if len(unused) < plan.min_labels or not new:
        few = f"There are {len(unused)} new approved labels; {max(1, plan.min_labels)} are needed. "
        raise TooFewLabels((few + not_counted(account)).strip())
    replayed = [each for each in screened.approved if each.used and not each.held_out]
    held_out = [each for each in screened.approved if each.held_out]
    return TrainingSet(new, replayed, held_out, screened, account)


def as_digits(some: Sequence[Label]) -> Digits:
    """Labels as images and classes, 0-9 or NOT_A_DIGIT."""
    if not some:
        return Digits(torch.zeros(0, 1, 28, 28, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64))
    images = torch.from_numpy(np.stack([each.frame for each in some])).unsqueeze(1)
    return Digits(images, torch.tensor([each.label for each in some]))


def _first_used(some: Sequence[Label]) -> list[UsedLabel]:
    return [UsedLabel(each.drawing_id, each.label) for each in some if not each.used]


# --- The training -----------------------------------------------------------------------------------------------------


def fine_tune(
    active: nn.Module, parent: Weights, training_set: TrainingSet, mnist: Mnist, config: TrainingConfig, report: Report
) -> tuple[nn.Module, History]:
    """A new network, trained from the weights of `active`, which `parent` holds, on the training set."""
    tuned = load_network(parent.model, parent.data, parent.sha256, config.dropout)
    batches = 0

    def show(step: Step) -> None:
        nonlocal batches
        batches += 1
        done = batches / (step.steps * config.epochs)
        right = percent(step.accuracy, 1)
        report("training", done, f"Epoch {step.epoch} of {config.epochs}, {right} of the last batch right.")

    examples = training_examples(active, training_set, mnist, config.seed)
    return tuned, fit(tuned, examples, mnist.validation, config, show)


def training_examples(active: nn.Module, training_set: TrainingSet, mnist: Mnist, seed: int) -> Digits:
    """An epoch's rows: labels, the more copies of one the less `active` expects it, and rehearsal.

    The network learns little from what it already knows; its confident mistakes are few, and must not be outweighed.
    """
    generator = Generator().manual_seed(seed)
    labelled = as_digits([*training_set.new, *training_set.replayed])
    expected = label_probabilities(active, labelled)
    copies = torch.full_like(expected, COPIES[-1][1])
    for below, times in reversed(COPIES):
        copies[expected < below] = times
    copies = (copies * min(1.0, LABEL_ROWS / copies.sum().item())).round().clamp(min=1).long()
    rehearsal = rows(mnist.train, torch.randperm(len(mnist.train.labels), generator=generator)[:REHEARSAL])
    return concatenate(rows(labelled, torch.arange(len(labelled.labels)).repeat_interleave(copies)), rehearsal)


def label_probabilities(network: nn.Module, digits: Digits) -> Tensor:
    """The probability (0-1, N) that `network` gives to each label, a digit's among the ten digits."""
    if not len(digits.labels):
        return torch.zeros(0)
    logits = predict(network, digits.images)
    no_digit = torch.sigmoid(-digit_evidence(logits))
    probabilities = torch.cat([digit_logits(logits).softmax(1), no_digit[:, None]], 1)
    return probabilities.gather(1, digits.labels[:, None])[:, 0]
