"""Which labels are approved at once, which wait for review, and what reads them back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from frames.preprocessing import to_png
from logger import log_label, log_prediction, remove, statements
from storage import labels, review
from storage.database import Database
from storage.delivery import Delivery
from storage.labels import Reason, Rules
from storage.spool import Entry, Spool
from storage.statements import Statements
from storage.writer import Writer
from support.labelling import RANDOM, reading, reason, say
from support.rows import ME, YOU, everything, row


@pytest.fixture
def strict(database: Database, tmp_path: Path) -> Iterator[Writer]:
    """A writer by whose rules three labels a minute are enough."""
    writer = Writer(database, Spool(tmp_path / "strict.sqlite"), statements(Rules(rate=3)))
    writer.open()
    yield writer
    writer.close()


def test_a_plausible_label_is_approved_and_an_unlikely_one_waits(database: Database, writer: Writer) -> None:
    assert [say(writer, label)[1] for label in (4, 9, 3, 7)] == ["approved", "approved", "pending", "pending"]
    scribble, review = say(writer, 4, digit_score=0.01)
    assert (review, reason(database, scribble)) == ("pending", ("pending", Reason.UNLIKELY))


def test_every_label_waits_where_the_settings_want_it_so(database: Database, tmp_path: Path) -> None:
    writer = Writer(database, Spool(tmp_path / "all.sqlite"), statements(Rules(review_all=True)))
    writer.open()
    drawing, review = say(writer, 4)
    writer.close()
    assert (review, reason(database, drawing)) == ("pending", ("pending", Reason.REVIEW_ALL))


def test_who_labels_too_fast_is_refused_for_a_minute_and_nobody_else_is(database: Database, strict: Writer) -> None:
    assert [say(strict, 4 + 5 * (n % 2))[1] for n in range(5)] == ["approved"] * 3 + ["refused"] * 2
    assert len(labels.candidates(database, 10)) == 3, "what is refused is not kept"
    assert say(strict, 4, YOU)[1] == "approved"
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET labelled_at = labelled_at - interval '61 seconds'")
    assert say(strict, 4)[1] == "approved"


def test_what_was_acknowledged_in_the_spool_waits_instead_of_being_refused(
    database: Database, strict: Writer, tmp_path: Path
) -> None:
    drawings = [reading() for _ in range(5)]
    for drawing in drawings:
        log_prediction(strict, drawing).result(20)
    spool = Spool(tmp_path / "late.sqlite")
    spool.append([Entry("label", {"drawing_id": d.drawing_id, "label": 4, "who": ME, "owner": None}) for d in drawings])
    Delivery(database, spool, Statements(database, statements(Rules(rate=3)))).deliver()
    reviews = [reason(database, drawing.drawing_id) for drawing in drawings]
    assert reviews == [("approved", "")] * 3 + [("pending", Reason.TOO_FAST)] * 2


def test_a_new_name_from_a_crowded_address_waits_and_a_known_one_does_not(database: Database, writer: Writer) -> None:
    say(writer, 4)
    for who, expected in ((ME, (1, "approved", ME, False)), (YOU, (1, "pending", YOU, True))):
        drawing = reading(visitor=who)
        log_prediction(writer, drawing).result(20)
        assert log_label(writer, drawing.drawing_id, 4, who, crowded=True).result(20).row == expected
    assert reason(database, drawing.drawing_id) == ("pending", Reason.NEW_NAMES)
    assert say(writer, 9, YOU)[1] == "approved", "later, or from elsewhere"


def test_no_limit_is_no_limit(database: Database, tmp_path: Path) -> None:
    writer = Writer(database, Spool(tmp_path / "any.sqlite"), statements(Rules(rate=None)))
    writer.open()
    assert {say(writer, 4 + 5 * (n % 2))[1] for n in range(40)} == {"approved"}
    writer.close()


def test_callers_without_a_name_are_not_one_person(database: Database, strict: Writer) -> None:
    """Only the haste of their own address has their labels refused, and it refuses no named one's."""
    reviews = []
    for n in range(labels.MIN_LABELS + 4):
        drawing = reading(visitor=None, source="api")
        log_prediction(strict, drawing).result(20)
        said = log_label(strict, drawing.drawing_id, 4, "api", hasty=n % 2 == 1)
        reviews.append((said.result(20).row or ())[1])
    assert reviews == ["approved", "refused"] * (len(reviews) // 2)
    named = reading()
    log_prediction(strict, named).result(20)
    assert log_label(strict, named.drawing_id, 4, "api", hasty=True).result(20).row == (1, "approved", ME, True)


def test_who_says_one_digit_again_and_again_has_to_wait(database: Database, writer: Writer) -> None:
    for _ in range(labels.MIN_LABELS):
        assert say(writer, 4)[1] == "approved"
    drawing, review = say(writer, 4)
    assert (review, reason(database, drawing)[1]) == ("pending", Reason.ONE_SIDED)
    assert say(writer, 9)[1] == "approved"


def test_who_mostly_contradicts_the_model_is_believed_nothing_at_once(database: Database, writer: Writer) -> None:
    for n in range(labels.MIN_LABELS):
        assert say(writer, (0, 1, 2, 5, 6)[n % 5])[1] == "pending"
    drawing, _ = say(writer, 4)
    assert reason(database, drawing) == ("pending", Reason.MOSTLY_UNLIKELY)


def test_two_who_disagree_on_a_drawing_both_wait(database: Database, writer: Writer) -> None:
    drawing, review = say(writer, 4)
    assert review == "approved"
    assert log_label(writer, drawing, 9, ME).result(20).row == (1, "approved", ME, True), "one may change one's mind"
    assert log_label(writer, drawing, 4, "api").result(20).row == (1, "pending", ME, True)
    assert reason(database, drawing) == ("pending", Reason.CONFLICT)


def test_the_same_picture_under_another_label_draws_both_into_the_conflict(database: Database, writer: Writer) -> None:
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    first, review = say(writer, 4, image=picture)
    assert review == "approved"
    second, review = say(writer, 9, YOU, image=picture)
    assert review == "pending"
    assert reason(database, first) == reason(database, second) == ("pending", Reason.CONFLICT)
    with database.transaction() as cursor:
        cursor.execute("SELECT who, old_review, new_review, reason FROM label_events WHERE drawing_id = %s", (first,))
        assert cursor.fetchall()[1:] == [("trust", "approved", "pending", Reason.CONFLICT)]


def test_what_a_person_has_decided_no_later_label_decides(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 3)
    review.reject(database, [drawing])
    assert log_label(writer, drawing, 4, ME).result(20).row == (1, "pending", ME, True)
    assert log_label(writer, drawing, 9, ME).result(20).row == (1, "pending", ME, True)
    assert reason(database, drawing) == ("pending", Reason.DECIDED_BEFORE)


def test_every_change_of_the_review_is_traced(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 3)
    review.undo(database, review.approve(database, [drawing]))
    with database.transaction() as cursor:
        cursor.execute("SELECT who, old_review, new_review, old_label, new_label FROM label_events ORDER BY id")
        assert cursor.fetchall() == [
            (ME, "unlabelled", "pending", None, 3),
            ("admin", "pending", "approved", 3, 3),
            ("admin", "approved", "pending", 3, 3),
        ]


def test_a_picture_counts_once_however_often_it_is_sent_and_a_damaged_one_not_at_all(
    database: Database, writer: Writer
) -> None:
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    for _ in range(5):
        say(writer, 4, image=picture)
    say(writer, 4, image=b"no picture")
    assert len(labels.candidates(database, 10)) == 1


def test_approved_labels_come_before_pending_ones_and_a_flood_takes_nobodys_place(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One picture sent and labelled again and again, new pictures that wait, and one person without end."""
    monkeypatch.setattr(labels, "TRAINING_QUOTA", 12)
    monkeypatch.setattr(labels, "HELD_OUT_QUOTA", 3)
    honest = {say(writer, 4 + 5 * (n % 2), person)[0] for n in range(10) for person in (YOU, "c" * 64)}
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    for _ in range(40):
        say(writer, 4, ME, image=picture)
    for n in range(60):
        say(writer, (0, 1, 2)[n % 3], ME)
    found = labels.candidates(database, 30)
    reviews = [each.review for each in found]
    assert {each.drawing_id for each in found if each.person != ME} <= honest
    assert sum(each.person != ME for each in found) >= 20 - 2 * 7, "all but what chance holds out beyond the quota"
    assert reviews == sorted(reviews), "approved before pending"
    frames = [to_png(each.frame) for each in found]
    assert frames.count(picture) <= 1
    mine = [each for each in found if each.person == ME]
    assert len([each for each in mine if not each.held_out]) <= 12
    assert len([each for each in mine if each.held_out]) <= 3


def test_a_picture_that_was_used_is_not_new_when_it_is_sent_again(database: Database, writer: Writer) -> None:
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    first, _ = say(writer, 4, image=picture)
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET trained_into = 2 WHERE drawing_id = %s", (first,))
    say(writer, 4, image=picture)
    (found,) = labels.candidates(database, 10)
    assert (found.drawing_id, found.used) == (first, True)


def test_who_judges_is_chance_and_does_not_follow_from_an_id(database: Database, writer: Writer) -> None:
    drawing = row()
    held_out = []
    for _ in range(60):
        log_prediction(writer, drawing).result(20)
        held_out += [held for (held,) in everything(database, "held_out")]
        remove(writer, drawing.drawing_id, ME).result(20)
    assert 2 <= sum(held_out) <= 30, "the same id, and about one time in five"
