"""The review by people: the queue, and decisions that can be undone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from storage import labels, review
from storage.database import Database
from storage.labels import Reason
from storage.review import Filters
from storage.writer import Writer
from support.labelling import say
from support.rows import YOU


def test_the_queue_begins_with_the_most_suspicious_and_can_be_filtered(database: Database, writer: Writer) -> None:
    doubtful, _ = say(writer, 4, digit_score=0.01)
    wrong, _ = say(writer, 7, YOU)
    unlikely, _ = say(writer, 3)
    say(writer, 4)
    queue = review.queue(database)
    assert [each.drawing_id for each in queue] == [wrong, unlikely, doubtful]
    assert (queue[0].true_label, queue[0].predicted_digit, queue[0].person, queue[0].reason) == (
        7,
        4,
        YOU,
        Reason.UNLIKELY,
    )

    def found(limit: int = 60, offset: int = 0, **filters: Any) -> list[UUID]:
        return [each.drawing_id for each in review.queue(database, Filters(**filters), limit, offset)]

    assert found(label=3) == [unlikely]
    assert found(person=YOU) == [wrong]
    assert found(source="api") == []
    assert found(predicted_digit=4, reason=Reason.UNLIKELY) == [wrong, unlikely, doubtful]
    assert found(limit=1, offset=1) == [unlikely]
    assert len(found(review="approved")) == 1
    assert labels.counts(database) == (3, 1, 0, 0)


def test_many_are_decided_by_one_click_and_one_click_takes_it_back(database: Database, writer: Writer) -> None:
    ids = [say(writer, 3)[0] for _ in range(5)]
    first = review.approve(database, ids)
    second = review.relabel(database, ids[:2], 8)
    third = review.reject(database, ids[2:])
    with database.transaction() as cursor:
        cursor.execute("SELECT true_label, review, reviewer FROM predictions ORDER BY id")
        assert cursor.fetchall() == [(8, "approved", "admin")] * 2 + [(3, "rejected", "admin")] * 3
    assert review.undo(database, first) == 0, "newer decisions stand on this one"
    assert (review.undo(database, third), review.undo(database, second)) == (3, 2)
    assert review.undo(database, second) == 0, "what was taken back cannot be taken back again"
    with database.transaction() as cursor:
        cursor.execute("SELECT DISTINCT true_label, review, reviewer FROM predictions")
        assert cursor.fetchall() == [(3, "approved", "admin")]
    assert review.undo(database, first) == 5
    assert labels.counts(database).pending == 5


def test_a_relabelled_drawing_teaches_again(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 4)
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET trained_into = 2")
    review.approve(database, [drawing])
    assert labels.counts(database).used == 1
    review.relabel(database, [drawing], 9)
    assert labels.counts(database) == (0, 1, 0, 0)
