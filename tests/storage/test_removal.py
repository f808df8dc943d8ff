"""A deleted drawing can be brought back as it was, by the page that has its row, and its label counts again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

import logger
from learning.classes import NOT_A_DIGIT
from storage import hands
from storage.database import Database
from storage.removal import bring_back
from storage.writer import Writer
from support.labelling import reading, say
from support.rows import ME, everything, row


def removed(writer: Writer, drawing: UUID) -> dict[str, Any]:
    done = logger.remove(writer, drawing, ME).result(20).row or (0, None)
    assert done[0] == 1
    return dict(done[1])


@pytest.mark.parametrize("label", [4, NOT_A_DIGIT])
def test_it_comes_back_whole(database: Database, writer: Writer, label: int) -> None:
    changes: dict[str, Any] = {"strokes": "[[[1.5, 2.0], [3.25, 4.0]]]", "pen_width": 0.1, "shared_digit": 9}
    drawing, _ = say(writer, label, **changes, shared_probabilities=(0,) * 9 + (1.0,))
    logger.log_label(writer, drawing, 5, ME).result(20)
    say(writer, 4)
    rows, events = everything(database, "*"), everything(database, "*", "label_events")
    kept = removed(writer, drawing)
    assert len(everything(database, "id")) == 1
    assert bring_back(database, kept).result().row == (1,)
    assert everything(database, "*") == rows
    assert everything(database, "*", "label_events") == events
    assert len(hands.hands(database, [ME])[ME].labels) == 2


def test_it_comes_back_once_and_never_over_a_drawing_that_is_there(database: Database, writer: Writer) -> None:
    drawing = reading()
    logger.log_prediction(writer, drawing).result(20)
    logger.log_label(writer, drawing.drawing_id, 4, ME).result(20)
    kept = removed(writer, drawing.drawing_id)
    logger.log_prediction(writer, drawing).result(20)
    assert bring_back(database, kept).result().row == (0,)
    assert everything(database, "true_label") == [(None,)]
    assert everything(database, "id", "label_events") == []


def test_every_replica_hears_of_the_label_that_comes_back(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 4)
    unlabelled = row()
    logger.log_prediction(writer, unlabelled).result(20)
    kept, other = removed(writer, drawing), removed(writer, unlabelled.drawing_id)
    changes = hands.changes(database, 0.2)
    next(changes)  # listens from now on
    bring_back(database, other)
    assert next(changes) == []
    bring_back(database, kept)
    assert list(next(changes)) == [ME]
