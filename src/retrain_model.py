"""python src/retrain_model.py [--min-labels 50] [--dry-run] [--json]: learn from the labels that people gave.

Fine-tunes the active CNN on the approved labels and promotes the result if it is not worse; every running app swaps by
itself. --dry-run keeps nothing. --json prints one object on stdout: promoted, version, reason, labels_used, metrics.
Exits with 0 also where the result is refused, and with 2 and one sentence when something is amiss.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from contextlib import redirect_stdout
from typing import Any

from command_line import command, number
from feedback.retraining import Outcome, Plan, TooFewLabels, retrain
from learning.dataset import MnistMissing, load_mnist
from serving.app_state import weights_folder
from serving.prediction import ModelMissing, read_card
from settings import Settings, SettingsError, load_settings
from storage import model_store
from storage.database import Database, DatabaseAway, open_database
from storage.model_store import NoSuchVersion, TrainingUnderWay

WAIT = 60.0  # seconds for the database to start

# ---------------------------------------------------------------------------------------------------------------------
# The command line. Who wanted the training is noted beside it in the database: the app tells its button from its own
# counting by --who.
# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The flags of this command."""
    made = command("retrain_model.py", __doc__)
    made.add_argument("--min-labels", type=number(int, 1, 1_000_000), default=50, help="do nothing with fewer new ones")
    made.add_argument("--dry-run", action="store_true", help="train and judge, but keep nothing")
    made.add_argument("--json", action="store_true", help="one JSON object on stdout")
    made.add_argument("--who", choices=["command", "admin", "auto"], default="command", help=argparse.SUPPRESS)
    return made


# ---------------------------------------------------------------------------------------------------------------------
# The run: everything that can be missing is asked for first, and said in a sentence.
# ---------------------------------------------------------------------------------------------------------------------


def run(asked: argparse.Namespace) -> Outcome:
    """Open the database and MNIST, and retrain; progress goes to stderr."""
    settings = load_settings()
    mnist = load_mnist(settings.data_dir)
    database = open_database(settings)
    try:
        if not database.wait_until_ready(WAIT):
            raise DatabaseAway(database.away)
        store_own(settings, database, "cnn")
        plan = Plan(min_labels=asked.min_labels, dry_run=asked.dry_run, who=asked.who)
        return retrain(database, mnist, plan, Lines())
    finally:
        database.close()


def store_own(settings: Settings, database: Database, model: str) -> None:
    """Store the weights that the project brings, as the app does when it starts: there is something to begin from."""
    folder = weights_folder(settings, model)
    if (folder / f"{model}.pt").exists():
        card = read_card(folder, model)
        model_store.register_shipped(database, model, (folder / f"{model}.pt").read_bytes(), card)


class Lines:
    """Progress as lines on stderr: one for each stage, and one for each tenth of the training."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    def __call__(self, stage: str, progress: float, message: str) -> None:
        """Print a line, unless it would say nothing new."""
        now = stage, int(progress * 10)
        if now != self._last:
            self._last = now
            print(f"{stage} {progress:4.0%}: {message}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------------------------------------------
# The answer.
# ---------------------------------------------------------------------------------------------------------------------


def answer(outcome: Outcome) -> dict[str, Any]:
    """What --json prints."""
    return vars(outcome)


def main(arguments: list[str] | None = None) -> int:
    """Retrain; the exit code."""
    asked = parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("retrain_model.py: ended from outside; no label is used."))
    try:
        with redirect_stdout(sys.stderr):  # whatever else wants to be said
            outcome, code = run(asked), 0
    except TooFewLabels as error:
        outcome, code = Outcome(False, None, str(error), 0, {}), 0
    except (MnistMissing, ModelMissing, NoSuchVersion, TrainingUnderWay, DatabaseAway, SettingsError, OSError) as error:
        outcome, code = Outcome(False, None, str(error), 0, {}), 2
    if asked.json:
        print(json.dumps(answer(outcome)))
    elif code == 0:
        verdict = f"Version {outcome.version} serves." if outcome.promoted else "Nothing was promoted."
        print(f"{verdict} {outcome.reason}")
    if code:
        print(f"retrain_model.py: {outcome.reason}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
