"""Trainings: one at a time, each with a row that says how far it is and how it ended."""

from __future__ import annotations

import pytest

from storage import trainings
from storage.database import Database
from storage.trainings import TrainingUnderWay


def test_there_is_one_training_at_a_time_and_a_killed_one_is_called_interrupted(database: Database) -> None:
    with trainings.only_training(database):
        killed = trainings.begin(database, "linear", "admin")
        trainings.note(database, killed, "training", 0.5, "Half.")
        (shown,) = trainings.newest(database)
        assert (shown.running, shown.stage, shown.progress, shown.message) == (True, "training", 0.5, "Half.")
        with pytest.raises(TrainingUnderWay), trainings.only_training(database):
            pass
    assert not trainings.newest(database)[0].running
    with trainings.only_training(database):
        done = trainings.begin(database, "linear", "auto")
        trainings.end(database, done, "promoted", "Better.", 2)
    assert [(each.stage, each.version, each.running) for each in trainings.newest(database)] == [
        ("promoted", 2, False),
        ("interrupted", None, False),
    ]
