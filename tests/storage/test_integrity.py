"""The self-check: everything that can be wrong is found, slice by slice, one check at a time, every night.

Covers src/storage: check_log, locks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import self_check
from frames.preprocessing import to_png
from storage import check_log, integrity
from storage.check_log import CheckUnderWay, Known, Reached, Result, SelfCheck, is_due
from storage.database import Database
from storage.integrity import EVERYTHING, NIGHTLY, Limits, check
from support.classroom import person, register
from support.rows import insert

PICTURE = to_png(np.full((28, 28), 200, np.uint8))
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def none_before(database: Database) -> None:
    execute(database, "TRUNCATE self_checks")


def execute(database: Database, statement: str, *given: object) -> None:
    with database.transaction() as cursor:
        cursor.execute(statement, given or None)


@pytest.fixture
def whole(database: Database) -> Database:
    """A database with nothing wrong: versions, drawings of three days, some with labels, and imported ones."""
    for model in ("cnn", "linear"):
        register(database, model)
    for day in range(3):
        insert(database, 10, image=PICTURE, created_at=AT + timedelta(days=day), confidence=0.1 * day + 0.5)
    insert(database, 2, image=PICTURE, source="import", created_at=AT)
    labelled = insert(database, 2, image=PICTURE, true_label=7, labelled_at=AT, review="approved", visitor=person("A"))
    for drawing in labelled:
        execute(
            database,
            "INSERT INTO label_events (drawing_id, who, new_label, new_review) VALUES (%s, 'api', 7, 'approved')",
            drawing,
        )
    execute(database, "SELECT fold_tallies()")
    return database


def test_where_nothing_is_wrong_nothing_is_found(whole: Database) -> None:
    for limits in (NIGHTLY, EVERYTHING):
        result = check(whole, limits, Reached())
        assert result.findings == []
        assert (result.drawings, result.days, result.versions) == (34, 4, 2)
        assert result.reached == Reached(), "all of it was looked at: the next check begins again"


ROWS = {
    "UPDATE predictions SET image = 'x' WHERE id = (SELECT min(id) FROM predictions)": "1 pictures cannot be decoded",
    "UPDATE label_events SET new_label = 3 WHERE id = (SELECT min(id) FROM label_events)": (
        "3 labels are not what their last event says"
    ),
    "UPDATE label_events SET new_review = 'rejected' WHERE id = (SELECT max(id) FROM label_events)": "3 labels are not",
    "UPDATE predictions SET true_label = 1, labelled_at = now(), review = 'pending' WHERE id = (SELECT min(id) FROM "
    "predictions)": "3 labels are not",
    "UPDATE predictions SET trained_into = 9 WHERE true_label = 7": "2 labels were trained into a version",
    "INSERT INTO label_events (drawing_id, who) VALUES (gen_random_uuid(), 'api')": "1 events of labels belong to no",
}
VERSIONS = {
    "UPDATE tallies SET version = 5 WHERE predicted = 7 AND start < '2026-03-02'": "drawings of version 5 of cnn",
    "INSERT INTO retrainings (model, who, version) VALUES ('cnn', 'auto', 8)": "trainings of version 8 of cnn, which",
    "UPDATE model_versions SET sha256 = repeat('0', 64) WHERE model = 'cnn'": (
        "The weights of version 1 of cnn do not have their checksum."
    ),
    "UPDATE model_versions SET weights = substr(weights, 2) WHERE model = 'linear'": (
        "The weights of version 1 of linear do not have their checksum."
    ),
    """UPDATE model_versions SET metrics = metrics || '{"temperature": -1}' WHERE model = 'linear'""": (
        "The card of version 1 of linear is damaged. The model card's temperature is wrong"
    ),
}
COUNTS = {
    "DELETE FROM tallies WHERE step = 'month'": "tallies of months are not the sum of their days",
    "UPDATE distributions SET drawings = drawings + 1 WHERE step = 'day' AND measure = 'elapsed'": (
        "distributions do not have as many drawings as the tallies"
    ),
    "UPDATE tallies SET predicted = 1 WHERE step = 'hour'": "tallies of hours and days are not what the rows say",
    "UPDATE tallies SET drawings = drawings + 1 WHERE step = 'day'": "There are 32 drawings, and the tallies say",
}


@pytest.mark.parametrize("wrong", [ROWS, VERSIONS, COUNTS], ids=["rows", "versions", "counts"])
def test_what_is_wrong_is_found_and_said(whole: Database, wrong: dict[str, str]) -> None:
    for damage in wrong:
        execute(whole, "SET LOCAL session_replication_role = replica; " + damage)  # no triggers, no foreign keys
    findings = check(whole, NIGHTLY, Reached()).findings
    for said in wrong.values():
        assert any(said in finding for finding in findings), (said, findings)


def test_each_check_goes_on_where_the_one_before_ended_until_all_was_looked_at(whole: Database) -> None:
    execute(whole, "UPDATE predictions SET image = 'x' WHERE id = (SELECT max(id) FROM predictions)")
    limits = Limits(drawings=15, events=1, counted=10, batch=10, pause=0)
    reached, seen = Reached(), list[Result]()
    for _ in range(4):
        seen.append(check(whole, limits, reached))
        reached = seen[-1].reached
    assert [each.drawings for each in seen] == [15, 15, 4, 15]
    assert [each.days for each in seen] == [1, 1, 1, 1]
    assert [bool(each.findings) for each in seen] == [False, False, True, False]
    assert [each.reached.day is None for each in seen] == [False, False, False, True]


def test_a_part_that_takes_too_long_is_said_and_the_others_go_on(
    whole: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "_TOTALS", "SELECT 1, count(pg_sleep(9)) FROM predictions")
    monkeypatch.setattr(integrity, "STATEMENT_SECONDS", 1)
    result = check(whole, NIGHTLY, Reached())
    (finding,) = result.findings
    assert finding.startswith("The counts could not be looked at to the end: ")
    assert result.drawings == 34


# --- When, and by whom ------------------------------------------------------------------------------------------------


def made(started: datetime, minutes: float | None = 1, running: bool = False) -> SelfCheck:
    finished = None if minutes is None else started + timedelta(minutes=minutes)
    return SelfCheck(started, finished, "nightly", (), 0, 0, 0, running)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        (at(1, 12), None, True),
        (at(2, 3, 59), made(at(1, 4)), False),
        (at(2, 4), made(at(1, 4)), True),
        (at(2, 9), made(at(1, 4)), True),  # nothing ran in the night
        (at(9, 17), made(at(1, 4)), True),
        (at(2, 4), made(at(1, 15)), True),  # by hand, in the afternoon
        (at(2, 4), made(at(1, 17)), False),  # by hand, in the evening: it counts for this night
        (at(3, 4), made(at(1, 17)), True),
        (at(1, 4, 30), made(at(1, 4), minutes=None), False),  # it was ended
        (at(1, 5), made(at(1, 4), minutes=None), True),
        (at(1, 9), made(at(1, 4), minutes=None, running=True), False),
        (at(1, 12), made(at(2, 12)), True),  # a clock was a day ahead
    ],
)
def test_it_is_time_once_every_night(now: datetime, last: SelfCheck | None, due: bool) -> None:
    assert is_due(now, last) == due
    assert Known(now, last, None).due == due


def test_a_check_is_noted_with_where_it_came_to_and_the_next_goes_on(whole: Database) -> None:
    assert check_log.known(whole).due
    result = self_check.run(whole, everything=False, who="nightly")
    assert result is not None
    known = check_log.known(whole)
    assert known.ended is not None
    assert (known.ended.who, known.ended.drawings, known.ended.findings, known.last) == ("nightly", 34, (), known.ended)
    assert known.ended.started_at.utcoffset() == timedelta(0)
    assert not known.due
    assert self_check.run(whole, everything=False, who="nightly") is None, "another replica had it already"
    number, reached = check_log.begin(whole, "admin")
    assert reached == Reached()
    stop = Result(["Something is wrong."], 5, 6, 7, Reached(8, 9, AT))
    check_log.end(whole, number, stop)
    assert check_log.begin(whole, "admin")[1] == Reached(8, 9, AT)
    ended = check_log.known(whole).ended
    assert ended is not None
    assert (ended.findings, ended.drawings, ended.days, ended.versions) == (("Something is wrong.",), 5, 6, 7)


def test_one_check_runs_at_a_time_and_a_killed_one_is_in_nobodys_way(database: Database) -> None:
    with check_log.only_check(database):
        check_log.begin(database, "nightly")
        last = check_log.known(database).last
        assert last is not None
        assert last.running
        with pytest.raises(CheckUnderWay):
            self_check.run(database, everything=False, who="admin")
    last = check_log.known(database).last
    assert last is not None
    assert not last.running
    assert last == replace(made(last.started_at, minutes=None))
    assert self_check.run(database, everything=False, who="admin") is not None


def test_old_checks_are_forgotten(database: Database) -> None:
    execute(database, "INSERT INTO self_checks (who) SELECT 'nightly' FROM generate_series(1, 410)")
    check_log.begin(database, "command")
    with database.transaction() as cursor:
        cursor.execute("SELECT count(*) FROM self_checks")
        assert cursor.fetchone() == (check_log.KEPT,)
