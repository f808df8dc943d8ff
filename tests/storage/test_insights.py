"""The figures are those of the rows: each number is counted once more here, by hand."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from storage.database import Database, DatabaseAway
from storage.embedded import EmbeddedServer
from storage.insights import DAYS, Figures, Insights, Tally, figures

TODAY = date(2026, 3, 1)

# What was read, its label, the label's review, the way it came in, model, version, and how many days ago.
ROWS: list[tuple[int, int | None, str, str, str, int, int]] = [
    (7, 7, "pending", "canvas", "cnn", 1, 0),
    (7, 1, "approved", "canvas", "cnn", 1, 0),
    (1, 1, "approved", "upload", "cnn", 2, 1),
    (1, None, "unlabelled", "api", "cnn", 2, 29),
    (3, 8, "rejected", "api", "linear", 1, 29),
    (0, 0, "pending", "camera", "linear", 1, 30),
]


def fill(database: Database) -> None:
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    with database.transaction() as cursor:
        for predicted, label, review, source, model, version, ago in ROWS:
            at = noon - timedelta(days=ago)
            cursor.execute(
                "INSERT INTO predictions (drawing_id, created_at, predicted_digit, true_label, labelled_at, review,"
                " confidence, probabilities, digit_score, image, source, model, model_version, elapsed_ms)"
                " VALUES (%s, %s, %s, %s, %s, %s, 1, array_fill(0.1::real, ARRAY[10]), 1, 'x', %s, %s, %s, 1)",
                (uuid4(), at, predicted, label, None if label is None else at, review, source, model, version),
            )


def test_the_figures_are_those_of_the_rows(database: Database) -> None:
    fill(database)
    counted = figures(database, TODAY)
    assert counted.total == Tally(predictions=6, labelled=4, right=3), "a rejected label counts as none"
    assert counted.total.accuracy == pytest.approx(3 / 4)
    assert counted.predicted == [1, 2, 0, 1, 0, 0, 0, 2, 0, 0]
    assert counted.labels == [1, 2, 0, 0, 0, 0, 0, 1, 0, 0]
    assert {(label, read): n for label, row in enumerate(counted.confusion) for read, n in enumerate(row) if n} == {
        (7, 7): 1,
        (1, 7): 1,
        (1, 1): 1,
        (0, 0): 1,
    }
    assert counted.versions == {("cnn", 1): Tally(2, 2, 1), ("cnn", 2): Tally(2, 1, 1), ("linear", 1): Tally(2, 1, 1)}
    assert counted.sources == {"canvas": 2, "upload": 1, "camera": 1, "api": 2}


def test_the_last_thirty_days_are_there_with_their_empty_ones(database: Database) -> None:
    fill(database)
    days = figures(database, TODAY).days
    assert list(days) == [TODAY - timedelta(days=ago) for ago in reversed(range(DAYS))]
    assert {day: tally for day, tally in days.items() if tally != Tally()} == {
        TODAY: Tally(2, 2, 1),
        TODAY - timedelta(days=1): Tally(1, 1, 1),
        TODAY - timedelta(days=29): Tally(2, 0, 0),
    }


def test_of_nothing_there_is_nothing_to_count(database: Database) -> None:
    counted = figures(database)
    assert counted.total == Tally(0, 0, 0)
    assert counted.total.accuracy is None
    assert counted.versions == {}
    assert set(counted.sources.values()) == set(counted.predicted) == {0}


def test_however_many_ask_they_are_counted_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Database] = []

    def counting(database: Database) -> Figures:
        asked.append(database)
        return figures(database)

    monkeypatch.setattr("storage.insights.figures", counting)
    monkeypatch.setattr("storage.insights.FRESH", 60)
    insights = Insights(database)
    threads = [threading.Thread(target=insights.figures) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    monkeypatch.setattr("storage.insights.FRESH", 0)
    fill(database)
    assert insights.figures().total.predictions == len(ROWS)


def test_a_database_that_is_away_is_said(server: EmbeddedServer) -> None:
    with pytest.raises(DatabaseAway):
        Insights(Database(server)).figures()
