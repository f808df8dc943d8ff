"""From labels to a better version: screening, fine-tuning with fit(), and the gate that only lets better ones through.

Fine-tuning is no different from training: the same fit(), from the active weights instead of random ones, on approved
labels mixed with rehearsal on MNIST, so that what was known is not forgotten. A candidate serves only if it is not
worse in any way that is measured here; otherwise it is kept with its figures and the reason.
"""

from __future__ import annotations

import io
import logging
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor, nn

from learning import synthetic
from learning.dataset import Digits, Mnist, rows
from learning.evaluation import auroc, evaluate, fit_digit_score, fit_temperature
from learning.networks import DIGITS, digit_evidence, digit_logits
from learning.training import RECIPES, Step, TrainingConfig, fit, predict
from serving.predictor import checked_network
from storage import labels, model_store
from storage.database import Database, DatabaseAway
from storage.labels import Label
from storage.model_store import Candidate, Taken, Version

log = logging.getLogger(__name__)

# --- Every knob of a retraining ---------------------------------------------------------------------------------------

FINE_TUNING = {
    "cnn": replace(RECIPES["cnn"], epochs=4, lr=0.003, synthetic_digits=8_000, non_digits=500, pool=2, averaging=0.3),
    "linear": replace(RECIPES["linear"], epochs=3, lr=0.001),
}
TRUSTED = 3_000  # digits of MNIST that labels are compared with
# Digits of MNIST that are rehearsed: all but those of the gate. The fine-tuned weights then come to rest once more, on
# all that was known and what is new, and what lies between two such places reads better than either.
REHEARSAL = 55_000
LABEL_ROWS = 12_000  # an epoch's rows of labels, copies included, at most
COPIES = ((0.9, 128), (0.99, 64), (1.0, 16))  # of a label whose probability is below the first number
SHARES = (0.5, 0.25)  # of the way from the active weights to the fine-tuned ones, until the gate lets one through

TOLERANCE = 0.0005  # share of MNIST's validation digits that may be lost: 0.05 points
DIGIT_TOLERANCE = 0.006  # the same for one digit, of which there are some 500: three of them
ECE_TOLERANCE = 0.005  # by which the calibration error may grow
AUROC_TOLERANCE = 0.01  # by which "is this a digit at all" may get worse
NON_DIGITS = 1_000  # generated ones, on which that is measured


@dataclass(frozen=True)
class Plan:
    """What is asked for: the network, the least number of new labels, and whether nothing is to be kept."""

    model: str = "cnn"
    min_labels: int = 50
    dry_run: bool = False
    who: str = "command"
    config: TrainingConfig | None = None
    """Other knobs than FINE_TUNING's."""


@dataclass(frozen=True)
class Outcome:
    """How it ended. `version` is None where none was kept; `labels_used`: labels trained on for the first time."""

    promoted: bool
    version: int | None
    reason: str
    labels_used: int
    metrics: dict[str, Any]


class TooFewLabels(RuntimeError):
    """There is not enough to learn from; the message says how much there is."""


Say = Callable[[str, float, str], None]
"""Is told the stage, the share done (0-1), and a sentence."""


def retrain(database: Database, mnist: Mnist, plan: Plan, say: Say = lambda *_: None) -> Outcome:
    """Screen the labels, fine-tune the active version on them, and let the gate decide.

    Raises TooFewLabels, model_store.TrainingUnderWay, model_store.NoSuchVersion and DatabaseAway; nothing has changed
    then, and no label is used.
    """
    with model_store.only_training(database):
        diary = _Diary(database, plan, say)
        try:
            outcome = _retrain(database, mnist, plan, diary.note)
        except BaseException as error:
            diary.end("refused" if isinstance(error, TooFewLabels) else "failed", str(error) or type(error).__name__)
            raise
        ending = "promoted" if outcome.promoted else "rejected"
        diary.end(ending, outcome.reason, outcome.version)
    return outcome


def _retrain(database: Database, mnist: Mnist, plan: Plan, say: Say) -> Outcome:
    start = time.perf_counter()
    say("screening", 0.0, "Looking at the labels.")
    parent = model_store.active(database, plan.model)
    weights, _, _ = model_store.weights(database, plan.model, parent.version)
    before = checked_network(plan.model, weights, parent.sha256)
    lessons = choose(database, mnist, plan)
    say("training", 0.0, f"Learning from {len(lessons.fresh)} new labels.")
    config = plan.config or FINE_TUNING[plan.model]
    tuned = fine_tune(before, plan.model, weights, lessons, mnist, config, say)
    gate = Gate(before, parent, lessons, mnist)
    for share in SHARES:
        say("gate", 0.0, f"Comparing the active version with a candidate {share:.0%} of the way to what was learned.")
        after = blend(before, tuned, share)
        judged = gate.judge(after)
        if judged.good:
            break
    figures = judged.figures | {
        "share": share,
        "architecture": plan.model,
        "parameters": sum(p.numel() for p in after.parameters()),
        "labels_used": len(lessons.fresh),
        "labels_replayed": len(lessons.replayed),
        "labels_held_out": len(lessons.held_out),
        "labels_corroborated": lessons.released,
        "labels_dropped": lessons.dropped,
        "data": f"version {parent.version}, fine-tuned on {len(lessons.fresh)} new and {len(lessons.replayed)} earlier "
        f"labels; for rehearsal {REHEARSAL} digits of MNIST and {config.synthetic_digits} generated ones",
        "knobs": config.as_dict(),
        "wall_seconds": round(time.perf_counter() - start, 1),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if plan.dry_run:
        return Outcome(False, None, f"Dry run: {judged.reason}", len(lessons.fresh), figures)
    say("saving", 0.0, judged.reason)
    candidate = Candidate(
        plan.model, _packed(after), figures, parent.version, _taken(lessons.fresh), _taken(lessons.held_out)
    )
    version, status = model_store.save(database, candidate, judged.good, judged.reason)
    reason = judged.reason
    if status == "candidate":
        reason = f"Kept, not promoted: version {parent.version}, that it was measured against, no longer serves."
    return Outcome(status == "active", version, reason, len(lessons.fresh), figures)


class _Diary:
    """Keeps the training's row up to date; a database that is away for a moment is no reason to stop."""

    def __init__(self, database: Database, plan: Plan, say: Say) -> None:
        self._database, self._say, self._heard, self._stage = database, say, 0.0, ""
        self._training = None if plan.dry_run else model_store.begin_training(database, plan.model, plan.who)

    def note(self, stage: str, progress: float, message: str) -> None:
        """Pass it on, and write it down: every change of stage, and otherwise once a second."""
        self._say(stage, progress, message)
        if self._training is None or (stage == self._stage and time.monotonic() - self._heard < 1):
            return
        self._heard, self._stage = time.monotonic(), stage
        with suppress(DatabaseAway):
            model_store.note_training(self._database, self._training, stage, progress, message)

    def end(self, stage: str, message: str, version: int | None = None) -> None:
        """Write down how it ended."""
        if self._training is not None:
            with suppress(DatabaseAway):
                model_store.end_training(self._database, self._training, stage, message, version)


# --- The labels -------------------------------------------------------------------------------------------------------


class Lessons(NamedTuple):
    """The labels of a retraining: to train on for the first time and again, and to judge by, never trained on."""

    fresh: list[Label]
    replayed: list[Label]
    held_out: list[Label]
    dropped: list[dict[str, Any]]
    released: int


def choose(database: Database, mnist: Mnist, plan: Plan) -> Lessons:
    """The labels that may teach and judge, after all were compared with each other. Raises TooFewLabels.

    What that comparison decides is kept, unless it is a dry run.
    """
    index = torch.randperm(len(mnist.train.labels), generator=Generator().manual_seed(0))[:TRUSTED]
    trusted = rows(mnist.train, index)
    screening = labels.corroborate(labels.labels(database), trusted.images[:, 0].numpy(), trusted.labels.numpy())
    if not plan.dry_run:
        labels.write(database, screening)
    new = [each for each in screening.approved if not each.trained]
    fresh = [each for each in new if not each.held_out]
    if len(new) < plan.min_labels or not fresh:
        raise TooFewLabels(f"There are {len(new)} new approved labels; {max(1, plan.min_labels)} are needed.")
    return Lessons(
        fresh,
        [each for each in screening.approved if each.trained and not each.held_out],
        [each for each in screening.approved if each.held_out],
        screening.dropped,
        screening.released,
    )


def digits_of(labels: Sequence[Label]) -> Digits:
    """Labels as images and digits."""
    if not labels:
        return Digits(torch.zeros(0, 1, 28, 28, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64))
    images = torch.from_numpy(np.stack([each.frame for each in labels])).unsqueeze(1)
    return Digits(images, torch.tensor([each.label for each in labels]))


def _taken(labels: Sequence[Label]) -> list[Taken]:
    return [Taken(each.drawing_id, each.label) for each in labels if not each.trained]


# --- The training -----------------------------------------------------------------------------------------------------


def fine_tune(
    before: nn.Module, model: str, weights: bytes, lessons: Lessons, mnist: Mnist, config: TrainingConfig, say: Say
) -> nn.Module:
    """A new network, trained from `before`, whose weights are given, on what the labels say."""
    after = checked_network(model, weights, dropout=config.dropout)
    batches = 0

    def show(step: Step) -> None:
        nonlocal batches
        batches += 1
        done = batches / (step.steps * config.epochs)
        say("training", done, f"Epoch {step.epoch} of {config.epochs}, {step.accuracy:.1%} of the last batch right.")

    fit(after, material(before, lessons, mnist, config.seed), rows(mnist.validation, torch.arange(500)), config, show)
    return after


def material(network: nn.Module, lessons: Lessons, mnist: Mnist, seed: int) -> Digits:
    """An epoch's rows: labels, copied the more often the less `network` expects them, and rehearsal.

    What `network` knows already teaches little; of a confident mistake there are few, and they must not drown.
    """
    generator = Generator().manual_seed(seed)
    taught = digits_of([*lessons.fresh, *lessons.replayed])
    expected = likelihood(network, taught)
    copies = torch.full_like(expected, COPIES[-1][1])
    for below, times in reversed(COPIES):
        copies[expected < below] = times
    copies = (copies * min(1.0, LABEL_ROWS / copies.sum().item())).round().clamp(min=1).long()
    rehearsal = rows(mnist.train, torch.randperm(len(mnist.train.labels), generator=generator)[:REHEARSAL])
    labelled = rows(taught, torch.arange(len(taught.labels)).repeat_interleave(copies))
    return _together(labelled, rehearsal)


def likelihood(network: nn.Module, digits: Digits) -> Tensor:
    """The probability (0-1, N) that `network` gives to each label."""
    if not len(digits.labels):
        return torch.zeros(0)
    probabilities = digit_logits(predict(network, digits.images)).softmax(1)
    return probabilities.gather(1, digits.labels[:, None])[:, 0]


def blend(before: nn.Module, after: nn.Module, share: float) -> nn.Module:
    """A new network whose weights lie `share` (0-1) of the way from `before`'s to `after`'s.

    The straight line between weights and their fine-tuning keeps more of both than its ends do: what is gained stays,
    what is forgotten is less (Wortsman et al. 2022, https://arxiv.org/abs/2109.01903).
    """
    old, new = before.state_dict(), after.state_dict()
    between = deepcopy(after)
    between.load_state_dict(
        {
            name: old[name] + share * (new[name] - old[name]) if new[name].is_floating_point() else new[name]
            for name in new
        }
    )
    return between.eval()


def _together(*parts: Digits) -> Digits:
    return Digits(torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts]))


def _packed(network: nn.Module) -> bytes:
    buffer = io.BytesIO()
    torch.save({name: value.contiguous() for name, value in network.state_dict().items()}, buffer)
    return buffer.getvalue()


# --- The gate ---------------------------------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """Whether the candidate may serve, why, and all figures."""

    good: bool
    reason: str
    figures: dict[str, Any]


class Gate:
    """What every candidate has to pass, measured on what it was not trained on; the active version is measured once."""

    def __init__(self, before: nn.Module, parent: Version, lessons: Lessons, mnist: Mnist) -> None:
        self._before, self._parent, self._mnist = before, parent, mnist
        self._held_out = digits_of(lessons.held_out)
        generator = Generator().manual_seed(2)
        self._digits = synthetic.digits(NON_DIGITS, generator)
        self._others = synthetic.non_digits(NON_DIGITS, generator)
        self._old = self._measure(before, float(parent.metrics["temperature"]))

    def judge(self, after: nn.Module) -> Verdict:
        """Compare a candidate with the active version; the test digits are only reported."""
        old, temperature = self._old, fit_temperature(after, _together(self._mnist.validation, self._held_out))
        new = self._measure(after, temperature)
        tested = evaluate(after, self._mnist.test, temperature)
        figures = {
            "test_accuracy": tested["accuracy"],
            "validation_accuracy": new["validation"]["accuracy"],
            "per_digit_accuracy": tested["per_digit"],
            "nll": tested["nll"],
            "ece": tested["ece"],
            "confusion": tested["confusion"],
            "reliability": tested["reliability"],
            "temperature": temperature,
            "digit_score": fit_digit_score(after, self._mnist.validation)._asdict(),
            "before": old
            | {"version": self._parent.version, "test_accuracy": self._parent.metrics.get("test_accuracy")},
            "after": new,
        }
        faults = [*_faults(old, new), *_lost(self._before, after, self._held_out)]
        return Verdict(not faults, " ".join(faults) or _praise(old, new), figures)

    def _measure(self, network: nn.Module, temperature: float) -> dict[str, Any]:
        """What is compared, as plain values for a json."""
        inside, outside = (digit_evidence(predict(network, part.images)) for part in (self._digits, self._others))
        validation, held_out = self._mnist.validation, self._held_out
        return {
            "validation": _kept(evaluate(network, validation, temperature)),
            "held_out": _kept(evaluate(network, held_out, temperature)) if len(held_out.labels) else None,
            "per_digit": _kept(evaluate(network, _together(validation, held_out), temperature))["per_digit"],
            "digit_auroc": auroc(inside, outside),
        }


def _kept(measured: dict[str, Any]) -> dict[str, Any]:
    return {name: measured[name] for name in ("n", "accuracy", "per_digit", "nll", "ece", "confusion")}


def _faults(old: dict[str, Any], new: dict[str, Any]) -> Sequence[str]:
    """Everything that speaks against the candidate, a sentence each."""
    faults = []
    a, b = old["validation"]["accuracy"], new["validation"]["accuracy"]
    if b < a - TOLERANCE - 1e-9:
        faults.append(f"It reads {b:.2%} of MNIST's validation digits, the active version {a:.2%}.")
    for digit in range(DIGITS):
        a, b = old["per_digit"][digit], new["per_digit"][digit]
        if b < a - DIGIT_TOLERANCE - 1e-9:
            faults.append(f"It reads {b:.2%} of the {digit}s, the active version {a:.2%}.")
    a, b = old["validation"]["ece"], new["validation"]["ece"]
    if b > a + ECE_TOLERANCE:
        faults.append(f"Its calibration error is {b:.4f}, the active version's {a:.4f}.")
    a, b = old["digit_auroc"], new["digit_auroc"]
    if b < a - AUROC_TOLERANCE:
        faults.append(f"It tells digits from others with {b:.4f}, the active version with {a:.4f}.")
    return faults


def _lost(before: nn.Module, after: nn.Module, held_out: Digits) -> Sequence[str]:
    """The same for held-out labels, with no tolerance: a candidate that reads one fewer of them does not serve."""
    if not len(held_out.labels):
        return []
    was, now = (digit_logits(predict(each, held_out.images)).argmax(1) == held_out.labels for each in (before, after))
    lost, gained = int((was & ~now).sum()), int((~was & now).sum())
    if lost <= gained:
        return []
    return [
        f"Of {len(held_out.labels)} held-out labels it loses {lost} that the active version reads, and gains {gained}."
    ]


def _praise(old: dict[str, Any], new: dict[str, Any]) -> str:
    a, b = old["validation"]["accuracy"], new["validation"]["accuracy"]
    text = f"MNIST's validation digits: {a:.2%} before, {b:.2%} now"
    if new["held_out"]:
        a, b = old["held_out"]["accuracy"], new["held_out"]["accuracy"]
        text += f"; held-out labels: {a:.2%} before, {b:.2%} now"
    return text + "."
