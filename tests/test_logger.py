"""One row per drawing, a trace of every label, and nobody touches another's: against a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from learning.classes import NOT_A_DIGIT
from logger import log_again, log_label, log_prediction, recent, remove
from storage.database import Database
from storage.writer import NotWritten, Writer
from support.rows import ME, YOU, everything, row


def test_a_reading_is_kept_whole(database: Database, writer: Writer) -> None:
    drawing = row()
    log_prediction(writer, drawing).result(10)
    kept = everything(
        database,
        "drawing_id, predicted_digit, confidence, probabilities, digit_score, image, source, visitor, model, "
        "model_version, elapsed_ms, true_label, review, labelled_at, trained_into",
    )
    assert kept == [
        (
            *(
                drawing.drawing_id,
                4,
                0.75,
                [0, 0, 0, 0.25, 0.75, 0, 0, 0, 0, 0],
                pytest.approx(0.9),
                b"\x89PNG picture",
            ),
            *("canvas", ME, "cnn", 1, 1.5, None, "unlabelled", None, None),
        )
    ]


def test_every_stroke_replaces_the_reading_and_the_row_stays_one(database: Database, writer: Writer) -> None:
    drawing = row()
    log_prediction(writer, drawing).result(10)
    log_label(writer, drawing.drawing_id, 9, ME).result(10)
    before = everything(database, "id, created_at, true_label, labelled_at")
    log_prediction(writer, replace(drawing, predicted_digit=9, model="linear", image=b"more")).result(10)
    assert everything(database, "predicted_digit, model, image") == [(9, "linear", b"more")]
    assert everything(database, "id, created_at, true_label, labelled_at") == before


def test_a_strangers_drawing_is_left_as_it_is(database: Database, writer: Writer) -> None:
    drawing = row()
    log_prediction(writer, drawing).result(10)
    log_prediction(writer, replace(drawing, visitor=YOU, predicted_digit=1)).result(10)
    assert everything(database, "visitor, predicted_digit") == [(ME, 4)]


def test_a_label_leaves_a_trace_and_the_same_label_again_none(database: Database, writer: Writer) -> None:
    drawing = row()
    log_prediction(writer, drawing).result(10)
    assert log_label(writer, drawing.drawing_id, 4, ME).result(10).row == (1, "approved", ME, True)
    assert log_label(writer, drawing.drawing_id, 4, ME).result(10).row == (1, "approved", ME, True)
    assert log_label(writer, drawing.drawing_id, 9, "admin").result(10).row == (1, "pending", ME, True)
    assert everything(database, "true_label, review") == [(9, "pending")]
    assert everything(database, "drawing_id, who, old_label, new_label", "label_events") == [
        (drawing.drawing_id, ME, None, 4),
        (drawing.drawing_id, "admin", 4, 9),
    ]


def test_a_label_for_nothing_or_for_anothers_drawing_is_not_written(database: Database, writer: Writer) -> None:
    drawing = row()
    log_prediction(writer, drawing).result(10)
    assert log_label(writer, uuid4(), 4, ME).result(10).row == (0, None, None, None)
    assert log_label(writer, drawing.drawing_id, 4, YOU, owner=YOU).result(10).row == (0, None, None, None)
    assert everything(database, "true_label") == [(None,)]
    assert everything(database, "id", "label_events") == []


def test_only_its_owner_deletes_a_drawing_and_its_trace_goes_too(database: Database, writer: Writer) -> None:
    drawing = row()
    log_prediction(writer, drawing).result(10)
    log_label(writer, drawing.drawing_id, 4, ME).result(10)
    assert remove(writer, drawing.drawing_id, YOU).result(10).row == (0, None)
    count, removed = remove(writer, drawing.drawing_id, ME).result(10).row or (0, None)
    assert (count, removed["row"]["drawing_id"]) == (1, str(drawing.drawing_id))
    assert remove(writer, drawing.drawing_id, ME).result(10).row == (0, None)
    assert everything(database, "id") == everything(database, "id", "label_events") == []


def test_reading_again_changes_the_answer_alone_and_brings_nothing_back(database: Database, writer: Writer) -> None:
    drawing = row(source="upload")
    log_prediction(writer, drawing).result(10)
    log_label(writer, drawing.drawing_id, 4, ME).result(10)
    anew = replace(drawing, predicted_digit=9, model="linear", source="canvas")
    assert log_again(writer, anew).result(10).row == (1,)
    assert everything(database, "predicted_digit, model, source, true_label") == [(9, "linear", "upload", 4)]
    assert log_again(writer, replace(anew, visitor=YOU)).result(10).row == (0,)
    remove(writer, drawing.drawing_id, ME).result(10)
    assert log_again(writer, anew).result(10).row == (0,)
    assert everything(database, "id") == []


def test_not_a_digit_is_a_label_of_its_own_and_changing_ones_mind_leaves_a_trace(
    database: Database, writer: Writer
) -> None:
    drawing = row(digit_score=0.01)
    log_prediction(writer, drawing).result(10)
    kept = []
    for label in (4, NOT_A_DIGIT, 4):
        log_label(writer, drawing.drawing_id, label, ME).result(10)
        kept += everything(database, "true_label, not_a_digit, labelled_at IS NOT NULL")
        assert recent(database, ME)[0].true_label == label
    assert kept == [(4, False, True), (None, True, True), (4, False, True)]
    assert everything(database, "who, old_label, new_label", "label_events") == [
        (ME, None, 4),
        (ME, 4, NOT_A_DIGIT),
        (ME, NOT_A_DIGIT, 4),
    ]


def test_a_changed_label_teaches_again(database: Database, writer: Writer) -> None:
    drawing = row()
    log_prediction(writer, drawing).result(10)
    log_label(writer, drawing.drawing_id, 4, ME).result(10)
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET trained_into = 2")
    log_label(writer, drawing.drawing_id, 4, ME).result(10)
    assert everything(database, "trained_into") == [(2,)], "the same label again is no news"
    log_label(writer, drawing.drawing_id, 9, ME).result(10)
    assert everything(database, "trained_into") == [(None,)]


def test_recent_drawings_are_ones_own_and_the_newest_come_first(database: Database, writer: Writer) -> None:
    mine = [row() for _ in range(5)]
    for drawing in (mine[0], mine[1], row(visitor=YOU), row(visitor=None), *mine[2:]):
        log_prediction(writer, drawing).result(10)
    log_label(writer, mine[4].drawing_id, 7, ME).result(10)
    listed = recent(database, ME, limit=3)
    assert [drawing.drawing_id for drawing in listed] == [drawing.drawing_id for drawing in (mine[4], mine[3], mine[2])]
    assert (listed[0].true_label, listed[0].predicted_digit, listed[0].image) == (7, 4, b"\x89PNG picture")
    assert isinstance(listed[0].drawing_id, UUID)


@pytest.mark.parametrize(
    "wrong",
    [
        {"predicted_digit": 10},
        {"predicted_digit": -1},
        {"confidence": 1.5},
        {"confidence": float("nan")},
        {"probabilities": (0.1,) * 9},
        {"probabilities": (0.1,) * 9 + (-0.1,)},
        {"probabilities": (0.1,) * 9 + (float("nan"),)},
        {"probabilities": (0.1,) * 9 + (None,)},
        {"digit_score": 2.0},
        {"image": b""},
        {"image": b"x" * 5000},
        {"source": "telepathy"},
        {"visitor": "Alice"},
        {"model": "Oracle!"},
        {"model": ""},
        {"model_version": 0},
        {"elapsed_ms": -1.0},
    ],
)
def test_the_table_refuses_what_cannot_be(database: Database, writer: Writer, wrong: dict[str, Any]) -> None:
    with pytest.raises(NotWritten):
        log_prediction(writer, row(**wrong)).result(10)
    assert everything(database, "id") == []


def test_the_table_refuses_what_is_no_label(database: Database, writer: Writer) -> None:
    drawing = row()
    log_prediction(writer, drawing).result(10)
    for label in (-1, 11):
        with pytest.raises(NotWritten):
            log_label(writer, drawing.drawing_id, label, ME).result(10)
    assert everything(database, "true_label") == [(None,)]
