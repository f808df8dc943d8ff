"""A label can be taken back by whoever gave it: nothing of it counts any more, and the trace keeps both steps."""

from __future__ import annotations

from uuid import UUID

import pytest

import logger
from learning.classes import NOT_A_DIGIT
from storage import hands, review, withdrawal
from storage.database import Database
from storage.writer import Writer
from support.labelling import say
from support.rows import ME, YOU


def label_of(database: Database, drawing: UUID) -> tuple[object, ...]:
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT true_label, not_a_digit, review, labelled_at IS NULL FROM predictions WHERE drawing_id = %s",
            (drawing,),
        )
        return cursor.fetchone() or ()


def trace(database: Database, drawing: UUID) -> list[tuple[int | None, int | None]]:
    with database.transaction() as cursor:
        cursor.execute("SELECT old_label, new_label FROM label_events WHERE drawing_id = %s ORDER BY id", (drawing,))
        return list(cursor.fetchall())


@pytest.mark.parametrize("label", [4, NOT_A_DIGIT])
def test_a_label_is_taken_back_and_another_can_be_given(database: Database, writer: Writer, label: int) -> None:
    drawing, _ = say(writer, label)
    assert withdrawal.withdraw(writer, drawing, ME).result(20).row == (1,)
    assert label_of(database, drawing) == (None, False, "unlabelled", True)
    assert hands.hands(database, [ME])[ME].labels == []
    assert logger.log_label(writer, drawing, 7, ME).result(20).row[0] == 1  # type: ignore[index]
    assert trace(database, drawing) == [(None, label), (label, None), (None, 7)]


def test_it_is_done_once(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 4)
    rows = [withdrawal.withdraw(writer, drawing, ME).result(20).row for _ in range(2)]
    assert rows == [(1,), (0,)]
    assert trace(database, drawing) == [(None, 4), (4, None)]


def test_nobody_takes_back_anothers_label(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 4)
    assert withdrawal.withdraw(writer, drawing, YOU).result(20).row == (0,)
    assert label_of(database, drawing)[0] == 4


def test_what_an_administrator_has_decided_stays(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 4)
    review.approve(database, [drawing])
    assert withdrawal.withdraw(writer, drawing, ME).result(20).row == (0,)
    assert label_of(database, drawing)[0] == 4
