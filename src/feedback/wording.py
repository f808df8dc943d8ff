"""The words for a training, the same on the Models page and on the command line: progress, verdict, figures, labels."""

from __future__ import annotations

import re
from typing import NamedTuple

from feedback.tolerances import AUROC_TOLERANCE, DIGIT_TOLERANCE, ECE_TOLERANCE, REFUSED_TOLERANCE, TOLERANCE
from learning.card import LabelAccount, PerDigit, RetrainedCard
from percentages import percent

# --- Progress ---------------------------------------------------------------------------------------------------------

# What each stage is called, how much is done when it begins, and how much of the whole it is.
STAGES = {
    "starting": ("Starting", 0.0, 0.0),
    "screening": ("Screening the labels", 0.05, 0.0),
    "training": ("Training", 0.1, 0.75),
    "gate": ("Comparing the candidate with the active version", 0.88, 0.0),
    "saving": ("Saving", 0.97, 0.0),
}


def progress_of(stage: str, fraction: float, message: str) -> tuple[float, str]:
    """How much of a training is done (0-1), and the line that says so; `fraction` (0-1) is of its stage."""
    title, begin, length = STAGES.get(stage, STAGES["starting"])
    done = begin + length * fraction
    return done, f"{percent(done)} · {title}: {message}" if message else f"{percent(done)} · {title}"


# --- The verdict ------------------------------------------------------------------------------------------------------


def verdict(stage: str, version: int | None = None) -> str:
    """How a training ended, in a sentence; `stage` is that of its row."""
    if stage == "promoted":
        return f"Version {version} was trained and promoted."
    if version is not None:
        return f"Version {version} was trained and not promoted."
    if stage == "dry run":
        return "A version was trained and judged, and is not kept."
    if stage in ("refused", "failed"):
        return "Nothing was trained." if stage == "refused" else "The training failed."
    return "The training was interrupted and used no labels."


_PATH = re.compile(r"(?<![\w/.])(?:/|[A-Za-z]:\\)[\w.~-]+")


def without_paths(sentence: str) -> str:
    """A sentence that may be shown on a page: this one, unless it names a path of the server."""
    return sentence if not _PATH.search(sentence) else "It ended with an error; the app's log says why."


# --- What a version gained and lost -----------------------------------------------------------------------------------


class Measure(NamedTuple):
    """One thing that was measured before and after a training, and how much of it may be lost, in words.

    `gain` is above 0 for a gain, below 0 for a loss.
    """

    name: str
    before: str
    after: str
    change: str
    tolerance: str
    gain: float


HEADS = ("measured on", "before", "after", "change", "tolerance")
"""The columns of a table of measures."""


def measures(card: RetrainedCard) -> list[Measure]:
    """Everything that the gate compares, and accuracy on MNIST's test digits, which decides nothing."""
    before, after = card.before, card.after
    found = [
        _accuracy(
            f"MNIST validation digits ({after.validation.n:,})",
            before.validation.accuracy,
            after.validation.accuracy,
            f"may lose {TOLERANCE * 100:.2f} points",
        ),
        _hardest_digit(card),
    ]
    if before.held_out and after.held_out:
        found.append(_held_out(card, before.held_out.accuracy, after.held_out.accuracy, after.held_out.n))
    ece, auroc = after.validation.ece - before.validation.ece, after.digit_auroc - before.digit_auroc
    found += [
        Measure(
            "calibration error",
            f"{before.validation.ece:.4f}",
            f"{after.validation.ece:.4f}",
            f"{signed(ece, 4)}, {_judged(-ece)}",
            f"may grow by {ECE_TOLERANCE:.4f}",
            -ece,
        ),
        Measure(
            "digits told from other drawings (AUROC)",
            f"{before.digit_auroc:.4f}",
            f"{after.digit_auroc:.4f}",
            signed(auroc, 4),
            f"may lose {AUROC_TOLERANCE:.4f}",
            auroc,
        ),
    ]
    if before.refused and after.refused:
        found.append(_refused(before.refused, after.refused))
    if before.test_accuracy is not None:
        found.append(_accuracy("MNIST test digits", before.test_accuracy, card.test_accuracy, "decides nothing"))
    return found


def _refused(before: PerDigit, after: PerDigit) -> Measure:
    """How many digits are taken for no digits."""
    was, now = sum(before) / len(before), sum(after) / len(after)
    change = f"{signed((now - was) * 100, 2)} points, {_judged(was - now)}"
    may = f"may grow by {REFUSED_TOLERANCE * 100:.2f} points"
    return Measure("digits taken for no digits", percent(was, 2), percent(now, 2), change, may, was - now)


def _judged(gain: float) -> str:
    """A word for a change of which it is not plain whether more is better."""
    return "better" if gain > 0 else "worse" if gain < 0 else "the same"


def _accuracy(name: str, before: float, after: float, tolerance: str) -> Measure:
    return Measure(name, percent(before, 2), percent(after, 2), points(after - before), tolerance, after - before)


def _hardest_digit(card: RetrainedCard) -> Measure:
    """The digit that lost most, or gained least."""
    both = list(zip(card.before.per_digit, card.after.per_digit, strict=True))
    digit = min(range(len(both)), key=lambda each: both[each][1] - both[each][0])
    name = f"the digit that {'lost most' if both[digit][1] < both[digit][0] else 'gained least'}, {digit}"
    return _accuracy(name, *both[digit], f"each may lose {DIGIT_TOLERANCE * 100:.2f} points")


def _held_out(card: RetrainedCard, before: float, after: float, count: int) -> Measure:
    measured = _accuracy(f"held-out labels ({count:,})", before, after, "no more lost than chance explains")
    if exchanged := card.held_out_exchanged:
        return measured._replace(change=f"{exchanged.gained} gained, {exchanged.lost} lost")
    return measured


def points(fraction: float) -> str:
    """A difference of two fractions in percentage points."""
    return f"{signed(fraction * 100, 2)} points"


def signed(value: float, places: int) -> str:
    """A change with its sign; one that rounds to nothing has none."""
    text = f"{value:+.{places}f}".replace("-", "\N{MINUS SIGN}")
    return text if float(f"{value:.{places}f}") else f"{0:.{places}f}"


# --- What became of the labels ----------------------------------------------------------------------------------------


def account_lines(account: LabelAccount) -> list[tuple[str, int]]:
    """Where the new approved labels went, as names and counts; the places where none went are left out.

    The first line (and "waited ...", if there is one) is the sum of the others.
    """
    contradicted = account.held_out_contradicted
    but = f", but for {contradicted} that other people's drawings contradict a little" if contradicted else ""
    lines = [
        ("approved labels that were new", account.approved),
        ("waited, until other people's drawings corroborated them", account.corroborated),
        ("trained on", account.trained),
        (f"held out, to judge versions by{but}", account.held_out),
        *_left_out(account),
    ]
    return [line for n, line in enumerate(lines) if n == 0 or line[1]]


def not_counted(account: LabelAccount) -> str:
    """The sentence on labels that were approved and cannot be used; nothing where there are none."""
    parts = [f"{count} {name}" for name, count in _left_out(account) if count]
    return f"Not counted: {'; '.join(parts)}." if parts else ""


def _left_out(account: LabelAccount) -> list[tuple[str, int]]:
    return [
        ("the same picture with the same label again", account.duplicates),
        ("beyond one person's quota", account.beyond_quota),
        (
            "dropped in the screening, since other people's drawings contradict them: they are in Review",
            account.dropped,
        ),
    ]
