"""python tests/support/killable_training.py DSN MOMENT: a small retraining that stops at a moment.

It prints MOMENT when it has come there, and waits to be killed. Needs src/ and tests/ on the path.
"""

import sys
import time
from dataclasses import replace

import pytest

from feedback.retraining import Plan, retrain
from learning.dataset import load_mnist
from learning.registry import MODELS
from settings import ROOT
from storage.database import Database
from support.classroom import hasten, small
from support.outage import Known


def pause(moment: str) -> None:
    """Say where it is; wait there if that is the moment."""
    print(moment, flush=True)  # noqa: T201 - it is what the test waits for
    if moment == sys.argv[2]:
        time.sleep(120)


def main() -> None:
    hasten(pytest.MonkeyPatch())
    database = Database(Known(sys.argv[1]), pool_size=2)
    database.open()
    assert database.wait_until_ready(60)
    config = replace(MODELS["linear"].fine_tuning, epochs=1, lr=1e-5)
    mnist = small(load_mnist(ROOT / "data"), 2000, 500, 200)
    retrain(database, mnist, Plan("linear", 1, config=config), lambda stage, _done, _message: pause(stage))
    pause("after")


if __name__ == "__main__":
    main()
