"""A filter leaves the drawings that are left when each is looked at in plain Python."""

from __future__ import annotations

import random

from storage.database import Database
from support.past_drawings import SELECTIONS, fits, log, past


def test_each_filter_leaves_what_it_names(database: Database) -> None:
    chance = random.Random(2)
    drawings = [past(chance, number) for number in range(300)]
    log(database, drawings)
    for name, selection in SELECTIONS.items():
        conditions, given = selection.where()
        with database.transaction() as cursor:
            cursor.execute(f"SELECT drawing_id FROM predictions WHERE {conditions}", given)  # noqa: S608 - ours
            found = {drawing_id for (drawing_id,) in cursor.fetchall()}
        assert found == {each.drawing_id for each in drawings if fits(each, selection)}, name
        assert bool(found) == ("absent" not in name), f"nothing is left of {name}, so nothing is tested"
        assert all(each.percent in selection.percents for each in drawings if fits(each, selection)), name


def test_what_a_filter_is_given_is_never_part_of_the_statement(database: Database) -> None:
    for hostile in ("'; DROP TABLE predictions; --", "%s", "\\"):
        conditions, given = SELECTIONS["all"].__class__(source=hostile, model=hostile).where()
        assert hostile not in conditions
        with database.transaction() as cursor:
            cursor.execute(f"SELECT count(*) FROM predictions WHERE {conditions}", given)  # noqa: S608 - ours
            assert cursor.fetchone() == (0,)
