"""What the insights page shows is what the rows say: each figure is counted once more here, by hand."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from psycopg2.extras import execute_values

from learning.classes import NOT_A_DIGIT
from storage.database import Database
from storage.insights import Tally
from storage.overview import Own, Scope, Span, overview

NOW = datetime(2026, 3, 31, 14, 40, tzinfo=UTC)
BEGINS = {
    Span.DAY: datetime(2026, 3, 30, 15, tzinfo=UTC),
    Span.WEEK: datetime(2026, 3, 25, tzinfo=UTC),
    Span.MONTH: datetime(2026, 3, 2, tzinfo=UTC),
    Span.YEAR: datetime(2025, 4, 1, tzinfo=UTC),
    Span.ALL: datetime(1970, 1, 1, tzinfo=UTC),
}
COLUMNS = (
    "created_at", "model", "model_version", "source", "shared_digit", "predicted_digit", "true_label", "not_a_digit",
    "review", "labelled_at", "confidence", "shared_probabilities", "elapsed_ms", "pen_width",
)  # fmt: skip
CONSTANT = "probabilities, digit_score, image, drawing_id"


class Row:
    """A made-up drawing, as it is stored and as it is to be counted."""

    def __init__(self, dice: random.Random) -> None:
        self.at = NOW - timedelta(days=400 * dice.random() ** 4)
        self.model, self.version = dice.choice([("cnn", 1), ("cnn", 2), ("linear", 1)])
        self.source = dice.choice(["canvas", "canvas", "upload", "api"])
        self.read, self.answer = dice.randrange(3), dice.randrange(3)
        self.personal = dice.random() < 0.3
        self.label = dice.choice([None, 0, 1, 2, NOT_A_DIGIT])
        self.rejected = self.label is not None and dice.random() < 0.2
        self.confidence, self.elapsed = dice.random(), 0.2 + dice.random()

    def stored(self) -> tuple[object, ...]:
        review = "unlabelled" if self.label is None else "rejected" if self.rejected else "approved"
        digit = None if self.label == NOT_A_DIGIT else self.label
        others = [self.confidence if n == self.read else 0.0 for n in range(10)]
        return (
            self.at, self.model, self.version, self.source, self.read if self.personal else None,
            self.answer if self.personal else self.read, digit, self.label == NOT_A_DIGIT, review,
            None if self.label is None else NOW, self.confidence, others if self.personal else None,
            self.elapsed, 0.105,
        )  # fmt: skip

    @property
    def said(self) -> int | None:
        return None if self.rejected else self.label

    @property
    def tally(self) -> Tally:
        digit = self.said is not None and self.said < 10
        return Tally(1, int(digit), int(self.said == self.read), int(self.said == NOT_A_DIGIT))


@pytest.fixture
def rows(database: Database) -> list[Row]:
    dice = random.Random(3)
    made = [Row(dice) for _ in range(600)]
    statement = f"INSERT INTO predictions ({', '.join(COLUMNS)}, {CONSTANT}) VALUES %s"  # noqa: S608 - the names above
    template = f"({', '.join(['%s'] * len(COLUMNS))}, array_fill(0.1::real, ARRAY[10]), 1, 'x', gen_random_uuid())"
    with database.transaction() as cursor:
        execute_values(cursor, statement, [row.stored() for row in made], template)
    return made


@pytest.mark.parametrize("span", list(Span))
@pytest.mark.parametrize(("model", "version"), [(None, None), ("cnn", None), ("cnn", 2)])
def test_every_figure_is_that_of_the_rows(
    database: Database, rows: list[Row], span: Span, model: str | None, version: int | None
) -> None:
    found = overview(database, Scope(span, model, version), NOW)
    chosen = [row for row in rows if model in (None, row.model) and version in (None, row.version)]
    inside = [row for row in chosen if row.at >= BEGINS[span]]
    assert inside
    assert found.total == sum((row.tally for row in inside), Tally())
    assert found.sources == Counter(row.source for row in inside)
    assert found.read == [sum(row.read == digit for row in inside) for digit in range(10)]
    right = Counter((row.said, row.read) for row in inside)
    assert found.confusion == [[right[label, read] for read in range(10)] for label in range(10)]
    own = [row for row in inside if row.personal]
    assert found.own == Own(
        len(own),
        sum(row.tally.labelled for row in own),
        sum(row.said == row.answer for row in own),
        sum(row.tally.right for row in own),
    )
    assert sum((point.tally for point in found.points), Tally()) == found.total
    assert {(point.model, point.version) for point in found.points} == {(row.model, row.version) for row in inside}
    assert all(BEGINS[span] <= point.start <= NOW for point in found.points)
    outcomes = {1: (row for row in inside if row.tally.right)}
    assert found.confidence[1] == Counter(min(19, int(20 * row.confidence)) for row in outcomes[1])
    assert sum(map(sum, (each.values() for each in found.confidence.values()))) == len(inside)
    assert sum(found.elapsed.values()) == len(inside)
    today = [row for row in chosen if row.at >= NOW.replace(hour=0, minute=0)]
    assert sum(found.today.get("confidence", {}).values()) == len(today)
    month = [
        row for row in chosen if NOW.replace(hour=0, minute=0) > row.at >= NOW.replace(hour=0, minute=0) - timedelta(30)
    ]
    assert found.month["pen_width"] == {10: len(month)}


def test_of_nothing_there_is_nothing(database: Database) -> None:
    found = overview(database, Scope(Span.ALL))
    assert (found.total, found.points, found.sources, found.own) == (Tally(), [], {}, Own())
    assert found.elapsed == {}
