"""python src/retrain_model.py [--min-labels 50] [--dry-run] [--json]: learn from people's labels.

Fine-tunes the active CNN on the approved labels and promotes the result if it is not worse; every running app swaps to
it. --dry-run keeps figures only. --json prints one object on stdout: promoted, version, reason, labels_used, metrics.
Exits with 0 even if the result is refused, and with 2 and one sentence if something is wrong.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from contextlib import redirect_stdout, suppress

from command_line import command, number
from feedback.memory import TooLittleMemory, require_memory
from feedback.retraining import Outcome, Plan, TooFewLabels, retrain
from feedback.wording import HEADS, account_lines, measures, progress_of, verdict
from learning.dataset import MnistMissing, load_mnist
from learning.evaluation import NotFinite
from learning.registry import DEFAULT_MODEL
from learning.weights import ModelMissing, WeightsMissing, find_folder, read_weights
from settings import Settings, SettingsError, load_settings
from storage import model_store
from storage.database import Database, DatabaseAway, ready_database
from storage.model_store import NoSuchVersion
from storage.trainings import TrainingUnderWay

REFUSALS = (
    *(MnistMissing, NotFinite, ModelMissing, NoSuchVersion, TrainingUnderWay),
    *(DatabaseAway, SettingsError, TooLittleMemory, OSError),
)

# ---------------------------------------------------------------------------------------------------------------------
# The command line. --who is noted beside the training in the database: an administrator's button, or the app itself.
# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The flags of this command."""
    made = command("retrain_model.py", __doc__)
    made.add_argument("--min-labels", type=number(int, 1, 1_000_000), default=50, help="do nothing with fewer new ones")
    made.add_argument("--dry-run", action="store_true", help="train and evaluate, but keep no version")
    made.add_argument("--json", action="store_true", help="one JSON object on stdout")
    made.add_argument("--who", choices=["command", "admin", "auto"], default="command", help=argparse.SUPPRESS)
    return made


# ---------------------------------------------------------------------------------------------------------------------
# The run: everything that can be missing is checked first, and reported in a sentence.
# ---------------------------------------------------------------------------------------------------------------------


def run(asked: argparse.Namespace) -> Outcome:
    """Open the database and MNIST, and retrain; progress goes to stderr."""
    require_memory()
    settings = load_settings()
    mnist = load_mnist(settings.data_dir)
    with ready_database(settings) as database:
        store_shipped(settings, database)
        plan = Plan(min_labels=asked.min_labels, dry_run=asked.dry_run, who=asked.who)
        return retrain(database, mnist, plan, ProgressLines())


def store_shipped(settings: Settings, database: Database) -> None:
    """Store the project's own weights, as the app does when it starts: a retraining begins from a stored version."""
    with suppress(WeightsMissing):
        weights = read_weights(find_folder(DEFAULT_MODEL, settings.data_dir), DEFAULT_MODEL)
        model_store.register_shipped(database, weights)


class ProgressLines:
    """Progress as lines on stderr: one for each stage, and one for each tenth of the training."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    def __call__(self, stage: str, progress: float, message: str) -> None:
        """Print a line, unless it would say nothing new."""
        now = stage, int(progress * 10)
        if now != self._last:
            self._last = now
            print(progress_of(stage, progress, message)[1], file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------------------------------------------
# The answer.
# ---------------------------------------------------------------------------------------------------------------------


def as_json(outcome: Outcome) -> str:
    """What --json prints."""
    values = {name: value for name, value in vars(outcome).items() if name != "card"}
    return json.dumps(values | {"metrics": outcome.card.to_json() if outcome.card else {}})


def as_text(outcome: Outcome, dry_run: bool) -> str:
    """What is printed without --json: the verdict and its figures, in the words of the Models page."""
    if outcome.card is None:
        return f"{verdict('refused')} {outcome.reason}"
    stage = "dry run" if dry_run else "promoted" if outcome.promoted else "rejected"
    lines = [f"{verdict(stage, outcome.version)} {outcome.reason}", ""]
    found = measures(outcome.card)
    rows = [HEADS, *((each.name, each.before, each.after, each.change, each.tolerance) for each in found)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADS))]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if outcome.card.account:
        lines += ["", *(f"{count:>6,}  {name}" for name, count in account_lines(outcome.card.account))]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Retrain; returns the exit code."""
    asked = parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("retrain_model.py: ended from outside; no label is used."))
    try:
        with redirect_stdout(sys.stderr):  # stdout is for the result alone
            outcome, code = run(asked), 0
    except TooFewLabels as error:
        outcome, code = Outcome(False, None, str(error), 0), 0
    except REFUSALS as error:
        outcome, code = Outcome(False, None, str(error), 0), 2
    if asked.json:
        print(as_json(outcome))
    elif code == 0:
        print(as_text(outcome, asked.dry_run))
    if code:
        print(f"retrain_model.py: {outcome.reason}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
