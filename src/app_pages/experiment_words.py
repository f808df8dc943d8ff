"""What the Experiments page says of trainings: their names, how each ended, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from learning.card import ModelCard, RetrainedCard
from learning.registry import display_name
from percentages import percent
from storage.experiments import Experiment

WHO = {"command": "command line", "admin": "an administrator", "auto": "the app itself"}
RESULTS = {
    "running": "runs now",
    "trained": "trained from scratch",
    "promoted": "promoted by the gate",
    "rejected": "refused by the gate",
    "dry run": "dry run: not kept",
    "failed": "failed",
    "interrupted": "interrupted",
}
DIGEST = 8  # digits of a digest that are shown: enough to tell a few trainings apart
ABSENT = "–"


def name_of(experiment: Experiment) -> str:
    """The name of a training, which no other one has."""
    made = experiment.key if experiment.version is None else f"version {experiment.version}"
    return f"{display_name(experiment.model)}, {made}"


def result_of(experiment: Experiment) -> str:
    """How a training ended, and whether its version serves."""
    result = RESULTS.get(experiment.stage, experiment.stage)
    if (experiment.stage, experiment.status) == ("rejected", "candidate"):
        result = "passed, but its parent no longer served"  # its row says that it was not promoted, and no more
    if experiment.status == "active":
        return f"{result}; serves now"
    return f"{result}; waits for an administrator" if experiment.status == "candidate" else result


def who_of(experiment: Experiment) -> str:
    """Who started it."""
    return WHO.get(experiment.who, "not noted")


def duration_of(seconds: float | None) -> str:
    """A duration; nothing where there is none yet."""
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def labels_of(card: ModelCard | None) -> str:
    """The labels that a training used: how many, and the beginning of their digest."""
    if not isinstance(card, RetrainedCard):
        return ""
    counted = f"{card.labels_used:,} new, {card.labels_replayed:,} earlier"
    return f"{counted} · {_digest(card.labels_sha256)}" if card.labels_sha256 else counted


def _digest(sha256: str | None) -> str:
    return sha256[:DIGEST] if sha256 else ABSENT


# --- A comparison -----------------------------------------------------------------------------------------------------

Row = tuple[str, ...]
"""A heading, and a cell for each training."""


def differing_knobs(cards: Sequence[ModelCard]) -> list[Row]:
    """The knobs, by their names in learning/recipes.py, that are not the same in all trainings."""
    flat = [_flat(card.knobs) for card in cards]
    names = list(dict.fromkeys(name for knobs in flat for name in knobs))
    rows = [(name, *(knobs.get(name, ABSENT) for knobs in flat)) for name in names]
    return [row for row in rows if len(set(row[1:])) > 1]


def _flat(knobs: Mapping[str, Any], within: str = "") -> dict[str, str]:
    """Nested knobs as lines, such as `augmentation.rotation`."""
    found: dict[str, str] = {}
    for name, value in knobs.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{within}{name}.")
        else:
            found[within + name] = "none" if value is None else f"{value}"
    return found


def figures(cards: Sequence[ModelCard]) -> list[Row]:
    """What was measured of each training, side by side; what is known of none of them is left out."""
    columns = [_figures(card) for card in cards]
    names = list(dict.fromkeys(name for column in columns for name in column))
    return [
        (name, *(column.get(name, ABSENT) for column in columns))
        for name in names
        if any(column.get(name, ABSENT) != ABSENT for column in columns)
    ]


def _figures(card: ModelCard) -> dict[str, str]:
    return {
        "MNIST validation": percent(card.validation_accuracy, 2),
        "MNIST test": percent(card.test_accuracy, 2),
        **(_learned(card) if isinstance(card, RetrainedCard) else {}),
        "negative log-likelihood": f"{card.nll:.4f}",
        "calibration error": f"{card.ece:.4f}",
        "parameters": f"{card.parameters:,}",
        "duration": duration_of(card.wall_seconds),
        "processor": ", ".join(part for part in (card.cpu, card.threads and f"{card.threads} threads") if part)
        or ABSENT,
        "PyTorch": card.torch or ABSENT,
    }


def _learned(card: RetrainedCard) -> dict[str, str]:
    before, after = card.before.held_out, card.after.held_out
    both = f"{percent(before.accuracy, 2)} → {percent(after.accuracy, 2)}" if before and after else ABSENT
    return {
        "held-out labels, before → after": both,
        "mixing coefficient": f"{card.mixing_coefficient:g}",
        "labels trained on": f"{card.labels_used + card.labels_replayed:,}",
        "their digest": _digest(card.labels_sha256),
        "labels held out": f"{card.labels_held_out:,}",
        "digest of those": _digest(card.held_out_sha256),
    }


def least_shown(runs: Sequence[Sequence[float]]) -> float | None:
    """Where the axis of accuracies begins, so that their last epochs can be told apart; None for an axis of all.

    A training from scratch begins far below where it ends: its first half is cut off if it is worse than all the rest.
    """
    lasting = [value for run in runs for value in run[len(run) // 2 :]]
    if not lasting:
        return None
    low, high = min(lasting), max(lasting)
    floor = max(0.0, low - max(0.1 * (high - low), 0.0005))
    return floor if any(value < floor for run in runs for value in run) else None
