"""python tests/support/measured_training.py DSN: screen the labels there and train an epoch on them.

It prints the peak of its memory in MiB: before, after the screening, and in the end. Needs src/ and tests/ on the path.
"""
# ruff: noqa: T201 - it is what the test reads

import resource
import sys
from dataclasses import replace

import numpy as np

from feedback import screening
from feedback.gate import Compared, Gate, complete_card
from feedback.retraining import Plan, as_digits, fine_tune, select
from learning.dataset import load_mnist
from learning.registry import MODELS
from learning.weights import load_network
from settings import ROOT
from storage.database import Database
from support.outage import Known
from support.shipped import shipped


def peak() -> float:
    """The most resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 2**20)


def main() -> None:
    weights = shipped("cnn")
    active = load_network(weights.model, weights.data, weights.sha256)
    print("before", peak(), flush=True)
    mnist = load_mnist(ROOT / "data")
    database = Database(Known(sys.argv[1]), pool_size=2)
    database.open()
    assert database.wait_until_ready(60)
    training_set = select(database, mnist, Plan(dry_run=True))
    print("screened", peak(), flush=True)
    assert len(training_set.new) + len(training_set.held_out) > screening.MAX_LABELS / 2
    config = replace(MODELS["cnn"].fine_tuning, epochs=1)
    tuned, _ = fine_tune(active, weights, training_set, mnist, config, lambda *_: None)
    compared = Compared(active, weights.card, weights.version)
    verdict = Gate(compared, compared, as_digits(training_set.judging), mnist).judge(tuned)
    complete_card(tuned, verdict, mnist)
    assert np.isfinite(verdict.temperature)
    print("trained", peak(), flush=True)


if __name__ == "__main__":
    main()
