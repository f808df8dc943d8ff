"""The insights' figures: what their tables say of a small overview, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app_pages import history_words
from app_pages import insight_figures as figures
from app_pages.insight_figures import Change
from app_pages.insight_numbers import Comparison
from storage import insights
from storage.insights import Tally
from storage.overview import Overview, Own, Point
from storage.promotions import Promotion

START = datetime(2026, 3, 1, tzinfo=UTC)


def day(number: int, version: int, tally: Tally) -> Point:
    return Point(START + timedelta(days=number), "cnn", version, tally)


def found() -> Overview:
    confusion = [[0] * 10 for _ in range(10)]
    confusion[7][7], confusion[7][1], confusion[1][1] = 18, 2, 10
    points = [day(0, 1, Tally(30, 20, 18)), day(1, 1, Tally(4, 4, 4)), day(1, 2, Tally(20, 10, 10))]
    confidence = {1: {19: 20, 10: 5}, 0: {10: 5, 3: 1}, -1: {19: 7}}
    return Overview(
        "day", Tally(54, 30, 28), points, confusion, [0, 12, 0, 0, 0, 0, 0, 42, 0, 0], {"canvas": 50, "api": 4}, Own(),
        confidence, {}, {},
    )  # fmt: skip


def change(at: datetime, kind: str, version: int) -> Change:
    return Change("cnn", Promotion(version, 1, at, kind, "gate"))


def test_accuracy_has_a_column_for_each_version_and_leaves_days_of_few_labels_out() -> None:
    figure = figures.accuracy_over_time(found(), [], None)
    assert figure.heads == ("time (UTC)", "CNN 1", "CNN 2")
    assert figure.rows == (
        ("2026-03-01 00:00", "90.0 % (69.9 % to 97.2 %)", ""),
        ("2026-03-02 00:00", "", "100.0 % (72.2 % to 100.0 %)"),
    )


def test_versions_that_went_live_in_this_time_are_marked() -> None:
    changes = [
        change(START + timedelta(hours=30), "promotion", 2),
        change(START + timedelta(hours=40), "rollback", 1),
        change(START + timedelta(hours=1), "shipped", 1),
        change(START - timedelta(days=9), "promotion", 3),
    ]
    spec = str(figures.accuracy_over_time(found(), changes, START).spec)
    assert "CNN 2 live" in spec
    assert "'CNN 1 live'" in spec
    assert spec.count("CNN 1 live") == spec.count("CNN 2 live"), "the shipped one was there from the beginning"
    assert "CNN 3" not in spec


def test_each_digit_and_what_it_is_taken_for() -> None:
    rows = {row[0]: row[1:] for row in figures.each_digit(found()).rows}
    assert rows["7"][0].startswith("90.0 % (69.9 % to 97.2 %)")
    assert rows["0"][0] in ("", "no label yet")
    taken = {row[0]: row[1:] for row in figures.confusion(found()).rows}
    assert (taken["7"][7], taken["7"][1], taken["1"][1], taken["0"][0]) == ("18", "2", "10", "")
    assert {row[0]: row[1] for row in figures.volume(found()).rows}["7"] == "42"
    assert [row[:2] for row in figures.sources(found()).rows] == [("drawn here", "50"), ("sent to the API", "4")]


def test_every_way_in_has_its_words() -> None:
    assert set(history_words.SOURCES) == set(insights.SOURCES)


def test_reliability_sets_what_was_right_against_the_confidence() -> None:
    figure = figures.reliability(found())
    rows = {row[0]: row[1] for row in figure.rows}
    assert rows["52.5 %"].startswith("50.0 % (")
    assert rows["97.5 %"].startswith("100.0 % (")
    assert "17.5 %" not in rows, "a single label says nothing"


def test_ink_is_shown_where_there_is_some() -> None:
    today = [0.0] * 20
    today[4], today[6] = 0.25, 0.75
    figure = figures.ink(Comparison("size", today, None, None))
    assert figure.heads[1:] == ("today",)
    assert [row[1] for row in figure.rows] == ["25.0 %", "0.0 %", "75.0 %"]
