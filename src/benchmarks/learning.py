"""Retraining: how much better people who gave no label are read, once others have labelled so many drawings.

Some people draw and correct; the active version is fine-tuned on what they say, as the app does it, screening and gate
included, and reads other people's drawings. Each run is a line of JSON in a file, so that a measurement that was ended
goes on where it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np
import torch
from torch import nn

from benchmarks.drawings import Drawn, canvases, frames
from feedback import screening
from feedback.gate import Verdict
from feedback.retraining import TrainingSet, label_probabilities, train_candidate
from learning.dataset import Digits, Mnist
from learning.evaluation import evaluate
from learning.recipes import TrainingConfig
from learning.training import accuracy
from learning.weights import Weights, load_network
from storage.labels import MIN_PROBABILITY, Label, Reason

HELD_OUT = 0.2  # of the labels judge, as in the app
RESAMPLES = 1000  # of the runs, for the interval


class Case(NamedTuple):
    """How many labels are given, in which order of chance, and who gives them: one run of a measurement."""

    labels: int
    seed: int
    fold: str


@dataclass(frozen=True)
class Outcome:
    """Fractions misread (0-1) before and after, of the others' drawings and of MNIST's test digits.

    The negative log-likelihood of the others' drawings (nats per drawing) says more where few are misread.
    """

    labels: int
    seed: int
    fold: str
    before: float
    nll_before: float
    mnist_before: float
    after: float
    nll_after: float
    mnist_after: float
    promoted: bool
    seconds: float


@dataclass(frozen=True)
class Fold:
    """The people whose labels are learned from, and the others, who are read."""

    name: str
    teachers: dict[str, Drawn]
    others: dict[str, Drawn]


def folds(people: dict[str, Drawn], count: int) -> list[Fold]:
    """People in `count` parts, each of which is read once while all the others teach."""
    names = list(people)
    parts = [names[n::count] for n in range(count)]
    return [
        Fold(
            f"{n + 1} of {count}",
            {name: people[name] for name in names if name not in part},
            {name: people[name] for name in part},
        )
        for n, part in enumerate(parts)
    ]


class Lessons(NamedTuple):
    """Labelled drawings in the order in which they are given, and who gives each."""

    digits: Digits
    people: list[str]


def lessons(teachers: dict[str, Drawn], count: int, seed: int) -> Lessons:
    """`count` of the teachers' drawings in an order of chance, the same ones for a larger count and more.

    Where there are fewer, they are drawn again, in other sizes and at other places of the canvas.
    """
    everything = [(name, drawn, n) for name, drawn in teachers.items() for n in range(len(drawn.labels))]
    random = np.random.default_rng(seed)
    rounds = -(-count // len(everything))
    order = np.concatenate([random.permutation(len(everything)) for _ in range(rounds)])[:count]
    chosen = [everything[n] for n in order]
    labels = torch.tensor([int(drawn.labels[n]) for _, drawn, n in chosen])
    images = frames(canvases(Drawn([drawn.drawings[n] for _, drawn, n in chosen], labels), seed))
    return Lessons(Digits(images, labels), [name for name, _, _ in chosen])


def seen(people: dict[str, Drawn]) -> Digits:
    """All drawings of these people, on canvases."""
    parts = [frames(canvases(drawn, seed)) for seed, drawn in enumerate(people.values())]
    return Digits(torch.cat(parts), torch.cat([drawn.labels for drawn in people.values()]))


class Classroom:
    """What every run begins with: the active weights, MNIST, and the recipe of the fine-tuning."""

    def __init__(self, weights: Weights, mnist: Mnist, config: TrainingConfig) -> None:
        self._weights, self._mnist, self._config = weights, mnist, config
        self._active = load_network(weights.model, weights.data, weights.sha256)
        chosen = torch.from_numpy(np.random.default_rng(0).permutation(len(mnist.train.labels))[: screening.TRUSTED])
        self._trusted = mnist.train.images[chosen, 0].numpy(), mnist.train.labels[chosen].numpy()

    def run(self, case: Case, fold: Fold) -> Outcome:
        """Learn from the teachers' labels, and read the others' drawings."""
        start = time.perf_counter()
        candidate, verdict = self._learn(lessons(fold.teachers, case.labels, case.seed), case.seed)
        before = after = self._errors(self._active, self._weights.card.temperature, fold)
        if verdict.passed:
            after = self._errors(candidate, verdict.temperature, fold)
        return Outcome(*case, *before, *after, verdict.passed, time.perf_counter() - start)

    def _learn(self, given: Lessons, seed: int) -> tuple[nn.Module, Verdict]:
        """What the app makes of the labels, and whether the gate lets it serve."""
        screened = screening.screen(self._labels(given, seed), *self._trusted)
        parts = ([each for each in screened.approved if each.held_out is held_out] for held_out in (False, True))
        new, held_out = parts
        made = train_candidate(
            self._weights,
            self._weights,
            TrainingSet(new, [], held_out, screened),
            self._mnist,
            replace(self._config, seed=seed),
            lambda *_: None,
        )
        return made.network, made.verdict

    def _labels(self, given: Lessons, seed: int) -> list[Label]:
        """Labels as the app keeps them: those that the active version finds unlikely wait for the screening."""
        held_out = np.random.default_rng(seed).random(len(given.people)) < HELD_OUT
        unlikely = label_probabilities(self._active, given.digits) < MIN_PROBABILITY
        return [
            Label(
                drawing_id=UUID(int=n),
                label=int(given.digits.labels[n]),
                person=person,
                frame=given.digits.images[n, 0].numpy(),
                review="pending" if unlikely[n] else "approved",
                reviewer="trust",
                reason=Reason.UNLIKELY if unlikely[n] else "",
                used=False,
                held_out=bool(held_out[n]),
            )
            for n, person in enumerate(given.people)
        ]

    def _errors(self, network: nn.Module, temperature: float, fold: Fold) -> tuple[float, float, float]:
        others = evaluate(network, seen(fold.others), temperature)
        return 1 - others.accuracy, others.nll, 1 - accuracy(network, self._mnist.test)


def measure(
    folds_: Sequence[Fold], counts: Sequence[int], seeds: int, run: Callable[[Case, Fold], Outcome], file: Path
) -> Iterator[Outcome]:
    """Every run that `file` does not have yet, and those that it has; each new one is a line of it at once."""
    known = {(each.labels, each.seed, each.fold): each for each in read(file)}
    file.parent.mkdir(parents=True, exist_ok=True)
    for seed, count, fold in ((s, c, f) for s in range(seeds) for c in counts for f in folds_):
        case = Case(count, seed, fold.name)
        if case not in known:
            known[case] = run(case, fold)
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(known[case])) + "\n")
        yield known[case]


def read(file: Path) -> list[Outcome]:
    """The runs in a file; a line that was cut off when the measurement was ended is left out."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        with suppress(ValueError, TypeError):
            found.append(Outcome(**json.loads(line)))
    return found


class Summary(NamedTuple):
    """Means over runs: fractions misread, 0-1, and how those of the others and their NLL changed, as fractions."""

    before: float
    after: float
    change: float
    interval: tuple[float, float]
    """Of the change: 95 %."""
    nll_change: float
    mnist_change: float
    promoted: int
    runs: int


def summarize(outcomes: Sequence[Outcome]) -> Summary:
    """The runs of one number of labels; the interval comes from resampled runs."""
    before, after = (np.array([getattr(each, name) for each in outcomes]) for name in ("before", "after"))
    drawn = np.random.default_rng(0).integers(0, len(outcomes), (RESAMPLES, len(outcomes)))
    changes = after[drawn].mean(1) / np.maximum(before[drawn].mean(1), 1e-9) - 1
    low, high = np.percentile(changes, (2.5, 97.5))
    return Summary(
        float(before.mean()),
        float(after.mean()),
        float(after.mean() / max(before.mean(), 1e-9) - 1),
        (float(low), float(high)),
        sum(each.nll_after for each in outcomes) / max(sum(each.nll_before for each in outcomes), 1e-9) - 1,
        float(np.mean([each.mnist_after - each.mnist_before for each in outcomes])),
        sum(each.promoted for each in outcomes),
        len(outcomes),
    )
