"""The label "not a digit" through storage: who believes it, how it is reviewed, what counts it, and what ignores it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frames.preprocessing import to_png
from learning.classes import NOT_A_DIGIT
from logger import log_label, log_prediction, recent, statements
from storage import hands, labels, model_store, review
from storage.database import Database
from storage.delivery import Delivery
from storage.insights import Tally, figures
from storage.labels import Reason, Rules
from storage.model_store import Candidate, UsedLabel
from storage.review import Filters
from storage.spool import Entry, Spool
from storage.statements import Statements
from storage.writer import Writer
from support.classroom import register
from support.labelling import RANDOM, reading, reason, say
from support.rows import ME, YOU, everything
from support.shipped import card, shipped

SCRIBBLE = 0.01  # a digit score that no version takes for a digit


# --- What is believed at once -----------------------------------------------------------------------------------------


def test_it_is_believed_where_the_version_that_read_the_drawing_finds_no_digit_either(
    database: Database, writer: Writer
) -> None:
    register(database, "cnn")
    threshold = card("cnn").digit_score.threshold
    below, above = threshold - 0.01, threshold + 0.01
    assert say(writer, NOT_A_DIGIT, digit_score=below)[1] == "approved"
    for score in (above, 0.99):
        drawing, standing = say(writer, NOT_A_DIGIT, digit_score=score)
        assert (standing, reason(database, drawing)) == ("pending", ("pending", Reason.UNLIKELY))


def test_of_a_version_whose_threshold_is_not_known_only_what_is_hardly_a_digit_is_believed(writer: Writer) -> None:
    assert say(writer, NOT_A_DIGIT, digit_score=labels.MIN_DIGIT_SCORE - 0.01)[1] == "approved"
    assert say(writer, NOT_A_DIGIT, digit_score=labels.MIN_DIGIT_SCORE + 0.01)[1] == "pending"


def test_the_plainer_the_digit_the_earlier_it_is_reviewed(database: Database, writer: Writer) -> None:
    doubtful, plain = (say(writer, NOT_A_DIGIT, digit_score=score)[0] for score in (0.5, 0.99))
    assert [each.drawing_id for each in review.queue(database)] == [plain, doubtful]


def test_who_calls_plain_digits_no_digits_mostly_contradicts_the_model(database: Database, writer: Writer) -> None:
    for _ in range(labels.MIN_LABELS):
        say(writer, NOT_A_DIGIT, digit_score=0.99)
    drawing, _ = say(writer, 4)
    assert reason(database, drawing) == ("pending", Reason.MOSTLY_UNLIKELY)


def test_a_lie_about_a_plain_digit_draws_no_honest_label_into_a_conflict(database: Database, writer: Writer) -> None:
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    honest, _ = say(writer, 4, image=picture)
    say(writer, NOT_A_DIGIT, YOU, image=picture)
    assert reason(database, honest) == ("approved", "")


def test_a_scribble_that_is_called_a_digit_draws_no_honest_label_into_a_conflict(
    database: Database, writer: Writer
) -> None:
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    honest, _ = say(writer, NOT_A_DIGIT, image=picture, digit_score=SCRIBBLE)
    say(writer, 4, YOU, image=picture, digit_score=SCRIBBLE)
    assert reason(database, honest) == ("approved", "")


def test_two_who_may_both_be_right_about_the_same_picture_both_wait(database: Database, writer: Writer) -> None:
    register(database, "cnn")
    picture, score = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8)), 0.2
    first, standing = say(writer, 4, image=picture, digit_score=score)
    assert standing == "approved"
    second, _ = say(writer, NOT_A_DIGIT, YOU, image=picture, digit_score=score)
    assert reason(database, first) == reason(database, second) == ("pending", Reason.CONFLICT)


# --- The spool --------------------------------------------------------------------------------------------------------


def test_out_of_the_spool_it_is_the_same_label(database: Database, tmp_path: Path) -> None:
    drawing = reading(digit_score=SCRIBBLE)
    said = {"drawing_id": drawing.drawing_id, "who": ME, "owner": None}
    spool = Spool(tmp_path / "spool.sqlite")
    spool.append([Entry("prediction", vars(drawing) | {"probabilities": list(drawing.probabilities)})])
    spool.append([Entry("label", said | {"label": label}) for label in (4, NOT_A_DIGIT)])
    Delivery(database, spool, Statements(database, statements(Rules()))).deliver()
    assert (len(spool), spool.set_aside_count) == (0, 0)
    assert everything(database, "true_label, not_a_digit, review") == [(None, True, "approved")]
    assert everything(database, "old_label, new_label", "label_events") == [(None, 4), (4, NOT_A_DIGIT)]


# --- Reviewing, counting, training ------------------------------------------------------------------------------------


def test_an_administrator_finds_gives_and_takes_it_back(database: Database, writer: Writer) -> None:
    said, _ = say(writer, NOT_A_DIGIT)
    wrong, _ = say(writer, 3)
    (found,) = review.queue(database, Filters(label=NOT_A_DIGIT))
    assert (found.drawing_id, found.true_label) == (said, NOT_A_DIGIT)
    assert review.queue_length(database, Filters(label=3)) == 1
    action = review.relabel(database, [said, wrong], NOT_A_DIGIT)
    assert everything(database, "true_label, not_a_digit, review") == [(None, True, "approved")] * 2
    assert review.undo(database, action) == 2
    assert everything(database, "true_label, not_a_digit, review") == [(None, True, "pending"), (3, False, "pending")]
    review.relabel(database, [said], 7)
    assert everything(database, "true_label, not_a_digit")[0] == (7, False)
    events = everything(database, "old_label, new_label", "label_events WHERE who = 'admin'")
    given, taken_back, last = sorted(events[:2]), sorted(events[2:4]), events[4:]
    assert (given, taken_back, last) == ([(3, 10), (10, 10)], [(10, 3), (10, 10)], [(10, 7)])


def test_another_label_teaches_again_and_the_same_one_does_not(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, NOT_A_DIGIT, digit_score=SCRIBBLE)
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET trained_into = 2")
    review.relabel(database, [drawing], NOT_A_DIGIT)
    assert labels.counts(database).used == 1
    review.relabel(database, [drawing], 4)
    assert labels.counts(database) == (0, 1, 0, 0)


def test_it_may_train_and_counts_once_for_a_picture(database: Database, writer: Writer) -> None:
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    for who in (ME, YOU):
        say(writer, NOT_A_DIGIT, who, image=picture, digit_score=SCRIBBLE)
    (found,) = labels.candidates(database, 10)
    assert (found.label, found.review) == (NOT_A_DIGIT, "approved")
    assert labels.newest_approved(database, 10) == [], "versions are compared by the digits that they read"
    assert labels.counts(database) == (0, 2, 0, 0)


def test_what_was_used_is_marked_unless_it_has_changed_since(database: Database, writer: Writer) -> None:
    register(database, "cnn")
    kept, changed = (say(writer, NOT_A_DIGIT, digit_score=SCRIBBLE)[0] for _ in range(2))
    review.relabel(database, [changed], 4)
    used = [UsedLabel(each, NOT_A_DIGIT) for each in (kept, changed)]
    model_store.save(database, Candidate("cnn", b"weights", shipped("cnn").card, 1, used, []), False, "")
    assert everything(database, "trained_into") == [(2,), (None,)]


def test_the_figures_count_it_apart_and_it_is_neither_right_nor_wrong(database: Database, writer: Writer) -> None:
    say(writer, 4)
    said = [say(writer, NOT_A_DIGIT, digit_score=SCRIBBLE)[0] for _ in range(3)]
    review.reject(database, said[:1])
    counted = figures(database)
    assert counted.total == counted.versions["cnn", 1] == Tally(predictions=4, labelled=1, right=1, not_a_digit=2)
    assert counted.total.accuracy == 1
    assert sum(counted.labels) == sum(map(sum, counted.confusion)) == 1


def test_a_personal_model_is_made_of_digits_alone(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 4)
    say(writer, NOT_A_DIGIT, digit_score=SCRIBBLE)

    def mine() -> list[int]:
        return [each.label for each in hands.hands(database, [ME])[ME].labels]

    assert mine() == [4]
    log_label(writer, drawing, NOT_A_DIGIT, ME).result(20)
    assert mine() == []
    log_label(writer, drawing, 9, ME).result(20)
    assert mine() == [9]


# --- Whatever is said, in whatever order ------------------------------------------------------------------------------

LABELS = st.integers(0, NOT_A_DIGIT)
STEPS = st.lists(st.tuples(st.sampled_from(["say", "relabel", "undo"]), LABELS), min_size=1, max_size=8)


@dataclass
class Notebook:
    """What the table should hold of one drawing: its label, and the trace."""

    label: int | None
    events: list[tuple[int | None, int | None]]

    def note(self, label: int) -> None:
        self.events.append((self.label, label))
        self.label = label


@pytest.fixture
def patient(database: Database, tmp_path: Path) -> Iterator[Writer]:
    """A writer that finds nobody too fast."""
    writer = Writer(database, Spool(tmp_path / "patient.sqlite"), statements(Rules(rate=None)))
    writer.open()
    yield writer
    writer.close()


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_order_of_labels_comes_back_as_it_was_said(
    database: Database, patient: Writer, steps: list[tuple[str, int]]
) -> None:
    drawing = reading()
    log_prediction(patient, drawing).result(20)
    book, action, label_before = Notebook(None, []), None, 0
    for step, label in steps:
        if step == "say":
            log_label(patient, drawing.drawing_id, label, ME).result(20)
            if label != book.label:
                book.note(label)
        elif step == "relabel" and book.label is not None:
            action, label_before = review.relabel(database, [drawing.drawing_id], label), book.label
            book.note(label)
        elif step == "undo" and action and review.undo(database, action):
            book.note(label_before)
        assert listed(database, drawing.drawing_id) == book.label
    assert trace(database, drawing.drawing_id) == book.events


def listed(database: Database, drawing_id: UUID) -> int | None:
    return next(each.true_label for each in recent(database, ME, 1) if each.drawing_id == drawing_id)


def trace(database: Database, drawing_id: UUID) -> list[tuple[int | None, int | None]]:
    with database.transaction() as cursor:
        cursor.execute("SELECT old_label, new_label FROM label_events WHERE drawing_id = %s ORDER BY id", (drawing_id,))
        return cursor.fetchall()


@pytest.mark.parametrize("label", range(NOT_A_DIGIT + 1))
def test_every_label_is_read_back_everywhere_as_it_was_given(database: Database, writer: Writer, label: int) -> None:
    drawing, _ = say(writer, label)
    assert recent(database, ME)[0].true_label == label
    assert [each.label for each in labels.candidates(database, 1)] == [label]
    standing = everything(database, "review")[0][0]
    assert review.queue(database, Filters(review=standing, label=label))[0].true_label == label
    assert everything(database, "coalesce(true_label, 10), not_a_digit") == [(label, label == NOT_A_DIGIT)]
    assert trace(database, drawing) == [(None, label)]
