"""A person's own labels: which of them count, whom a change is announced to, and what the person has said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import logger
from logger import log_label, log_prediction, remove
from storage import hands, review
from storage.database import Database
from storage.hands import Hand
from storage.labels import Rules
from storage.spool import Entry
from storage.statements import Statements
from storage.writer import Writer
from support.labelling import say
from support.rows import ME, YOU, row

NOBODY = "c" * 64


def known(database: Database, visitor: str = ME) -> Hand:
    return hands.hands(database, [visitor])[visitor]


def digits(database: Database, visitor: str = ME) -> list[int]:
    """The labels that count, the newest first."""
    return [each.label for each in known(database, visitor).labels]


def test_every_label_counts_pending_or_approved_the_newest_first(database: Database, writer: Writer) -> None:
    assert say(writer, 4)[1] == "approved"
    assert say(writer, 3)[1] == "pending"
    say(writer, 9, YOU)
    found = hands.hands(database, [ME, YOU, NOBODY])
    assert {visitor: [each.label for each in hand.labels] for visitor, hand in found.items()} == {
        ME: [3, 4],
        YOU: [9],
        NOBODY: [],
    }
    assert all(hand.enabled for hand in found.values())


def test_a_label_that_was_rejected_or_whose_drawing_is_gone_counts_no_more(database: Database, writer: Writer) -> None:
    (first, _), (second, _) = say(writer, 4), say(writer, 9)
    action = review.reject(database, [first])
    assert digits(database) == [9]
    review.undo(database, action)
    assert digits(database) == [9, 4]
    remove(writer, second, ME).result(20)
    assert digits(database) == [4]


def test_only_the_newest_are_looked_at(database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands, "MAX_LABELS", 3)
    for label in (4, 9, 4, 9, 9):
        say(writer, label)
    assert digits(database) == [9, 9, 4]


def test_what_was_forgotten_does_not_count_and_what_is_said_after_does(database: Database, writer: Writer) -> None:
    say(writer, 4)
    say(writer, 4, YOU)
    hands.forget(writer, ME).result(20)
    assert (digits(database), digits(database, YOU)) == ([], [4])
    say(writer, 9)
    assert digits(database) == [9]


def test_what_is_said_after_forgetting_counts_even_if_both_arrive_in_one_transaction(
    database: Database, writer: Writer
) -> None:
    """As the spool delivers them after an outage."""
    before, after = row(), row()
    for drawing in (before, after):
        log_prediction(writer, drawing).result(20)
    known = Statements(database, logger.statements(Rules()) | hands.statements())
    said = [
        Entry("label", {"drawing_id": each.drawing_id, "label": 4, "who": ME, "owner": None})
        for each in (before, after)
    ]
    known.commit([said[0], Entry("hand-forgotten", {"visitor": ME}), said[1]])
    assert digits(database) == [4]


def test_a_switch_holds_until_it_is_switched_again(database: Database, writer: Writer) -> None:
    say(writer, 4)
    hands.enable(writer, ME, False).result(20)
    hands.forget(writer, ME).result(20)
    assert known(database) == Hand([], enabled=False)
    hands.enable(writer, ME, True).result(20)
    assert known(database) == Hand([], enabled=True)


@pytest.fixture
def heard(database: Database) -> Iterator[Iterator[list[str]]]:
    """The changes that are announced from now on."""
    changes = hands.changes(database, every=0.3)
    assert next(changes) == []
    yield changes
    changes.close()


def test_every_change_of_a_persons_labels_is_announced(
    database: Database, writer: Writer, heard: Iterator[list[str]]
) -> None:
    drawing, _ = say(writer, 3)
    assert next(heard) == [ME], "a label"
    log_label(writer, drawing, 9, ME).result(20)
    assert next(heard) == [ME], "another one"
    action = review.reject(database, [drawing])
    assert next(heard) == [ME], "a rejection"
    review.undo(database, action)
    assert next(heard) == [ME], "an undo"
    hands.enable(writer, ME, False).result(20)
    assert next(heard) == [ME], "a switch"
    log_prediction(writer, row(drawing_id=drawing, image=b"more strokes")).result(20)
    assert next(heard) == [ME], "a labelled drawing that goes on"
    remove(writer, drawing, ME).result(20)
    assert next(heard) == [ME], "a deletion"


def test_nothing_else_is_announced(database: Database, writer: Writer, heard: Iterator[list[str]]) -> None:
    anonymous = row(visitor=None)
    log_prediction(writer, anonymous).result(20)
    log_label(writer, anonymous.drawing_id, 4, "api").result(20)
    unlabelled = row()
    log_prediction(writer, unlabelled).result(20)
    log_prediction(writer, unlabelled).result(20)
    remove(writer, unlabelled.drawing_id, ME).result(20)
    assert next(heard) == []
    drawing, _ = say(writer, 3)
    assert next(heard) == [ME]
    review.approve(database, [drawing])
    log_label(writer, drawing, 3, ME).result(20)
    assert next(heard) == []
