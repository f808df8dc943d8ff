"""Which labels may teach: at once, after others were heard, and after people have decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from frames.preprocessing import to_png
from learning.dataset import Mnist
from logger import PredictionRow, log_label, log_prediction, statements
from storage import labels
from storage.database import Database
from storage.labels import Filters, Label, Rules
from storage.spool import Spool
from storage.writer import Writer

ME, YOU = "a" * 64, "b" * 64
RANDOM = np.random.default_rng(0)

# --- At once ----------------------------------------------------------------------------------------------------------


def reading(**changes: Any) -> PredictionRow:
    """A drawing, each with a picture of its own, that is read as a sure 4, and perhaps a 9."""
    plain = PredictionRow(
        drawing_id=uuid4(),
        predicted_digit=4,
        confidence=0.8,
        probabilities=(0, 0, 0, 0.01, 0.8, 0, 0, 0, 0, 0.19),
        digit_score=0.9,
        image=to_png(RANDOM.integers(0, 255, (28, 28), np.uint8)),
        source="canvas",
        visitor=ME,
        model="cnn",
        model_version=1,
        elapsed_ms=1.0,
    )
    return replace(plain, **changes)


@pytest.fixture
def strict(database: Database, tmp_path: Path) -> Iterator[Writer]:
    """A writer by whose rules three labels a minute are enough."""
    writer = Writer(database, Spool(tmp_path / "strict.sqlite"), statements(Rules(rate=3)))
    writer.open()
    yield writer
    writer.close()


def say(writer: Writer, label: int, who: str = ME, **changes: Any) -> tuple[UUID, str]:
    """Draw and label; the drawing's id, and how its review stands."""
    drawing = reading(**{"visitor": who} | changes)
    log_prediction(writer, drawing).result(20)
    found, review = log_label(writer, drawing.drawing_id, label, who).result(20).row or (0, "")
    assert found == 1
    return drawing.drawing_id, review


def reason(database: Database, drawing_id: UUID) -> tuple[str, str]:
    with database.transaction() as cursor:
        cursor.execute("SELECT review, review_reason FROM predictions WHERE drawing_id = %s", (drawing_id,))
        (row,) = cursor.fetchall()
    return row[0], row[1]


def test_a_plausible_label_is_approved_and_an_unlikely_one_waits(database: Database, writer: Writer) -> None:
    assert [say(writer, label)[1] for label in (4, 9, 3, 7)] == ["approved", "approved", "pending", "pending"]
    scribble, review = say(writer, 4, digit_score=0.01)
    assert (review, reason(database, scribble)) == ("pending", ("pending", labels.UNLIKELY))


def test_every_label_waits_where_the_settings_want_it_so(database: Database, tmp_path: Path) -> None:
    writer = Writer(database, Spool(tmp_path / "all.sqlite"), statements(Rules(review_all=True)))
    writer.open()
    drawing, review = say(writer, 4)
    writer.close()
    assert (review, reason(database, drawing)) == ("pending", ("pending", labels.ALL))


def test_who_labels_too_fast_has_to_wait_and_nobody_else_has(database: Database, strict: Writer) -> None:
    assert [say(strict, 4 + 5 * (n % 2))[1] for n in range(5)] == ["approved"] * 3 + ["pending"] * 2
    assert say(strict, 4, YOU)[1] == "approved"
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET labelled_at = labelled_at - interval '61 seconds'")
    assert say(strict, 4)[1] == "approved"


def test_no_limit_is_no_limit(database: Database, tmp_path: Path) -> None:
    writer = Writer(database, Spool(tmp_path / "any.sqlite"), statements(Rules(rate=None)))
    writer.open()
    assert {say(writer, 4 + 5 * (n % 2))[1] for n in range(40)} == {"approved"}
    writer.close()


def test_callers_without_a_name_count_as_one(database: Database, strict: Writer) -> None:
    reviews = []
    for n in range(4):
        drawing = reading(visitor=None, source="api")
        log_prediction(strict, drawing).result(20)
        reviews.append((log_label(strict, drawing.drawing_id, 4 + 5 * (n % 2), "api").result(20).row or ())[1])
    assert reviews == ["approved"] * 3 + ["pending"]


def test_who_says_one_digit_again_and_again_has_to_wait(database: Database, writer: Writer) -> None:
    for _ in range(labels.FEW):
        assert say(writer, 4)[1] == "approved"
    drawing, review = say(writer, 4)
    assert (review, reason(database, drawing)[1]) == ("pending", labels.SIDED)
    assert say(writer, 9)[1] == "approved"


def test_who_mostly_contradicts_the_model_is_believed_nothing_at_once(database: Database, writer: Writer) -> None:
    for n in range(labels.FEW):
        assert say(writer, (0, 1, 2, 5, 6)[n % 5])[1] == "pending"
    drawing, _ = say(writer, 4)
    assert reason(database, drawing) == ("pending", labels.CONTRARY)


def test_two_who_disagree_on_a_drawing_both_wait(database: Database, writer: Writer) -> None:
    drawing, review = say(writer, 4)
    assert review == "approved"
    assert log_label(writer, drawing, 9, ME).result(20).row == (1, "approved"), "one may change one's mind"
    assert log_label(writer, drawing, 4, "api").result(20).row == (1, "pending")
    assert reason(database, drawing) == ("pending", labels.CONFLICT)


def test_the_same_picture_under_another_label_draws_both_into_the_conflict(database: Database, writer: Writer) -> None:
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    first, review = say(writer, 4, image=picture)
    assert review == "approved"
    second, review = say(writer, 9, YOU, image=picture)
    assert review == "pending"
    assert reason(database, first) == reason(database, second) == ("pending", labels.CONFLICT)
    with database.transaction() as cursor:
        cursor.execute("SELECT who, old_review, new_review, reason FROM label_events WHERE drawing_id = %s", (first,))
        assert cursor.fetchall()[1:] == [("trust", "approved", "pending", labels.CONFLICT)]


def test_what_a_person_has_decided_no_later_label_decides(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 3)
    labels.reject(database, [drawing])
    assert log_label(writer, drawing, 4, ME).result(20).row == (1, "pending")
    assert log_label(writer, drawing, 9, ME).result(20).row == (1, "pending")
    assert reason(database, drawing) == ("pending", labels.DECIDED)


def test_every_change_of_the_review_is_traced(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 3)
    labels.undo(database, labels.approve(database, [drawing]))
    with database.transaction() as cursor:
        cursor.execute("SELECT who, old_review, new_review, old_label, new_label FROM label_events ORDER BY id")
        assert cursor.fetchall() == [
            (ME, "unlabelled", "pending", None, 3),
            ("admin", "pending", "approved", 3, 3),
            ("admin", "approved", "pending", 3, 3),
        ]


# --- By likeness to other people's labels -----------------------------------------------------------------------------


def labels_of(mnist: Mnist, start: int, count: int, **changes: Any) -> list[Label]:
    """Test digits of MNIST as approved labels of ten people."""
    frames, truth = mnist.test.images[start : start + count, 0].numpy(), mnist.test.labels[start : start + count]
    return [
        replace(Label(uuid4(), label, f"p{n % 10}", frame, "approved", "trust", "", False, False), **changes)
        for n, (frame, label) in enumerate(zip(frames, truth.tolist(), strict=True))
    ]


@pytest.fixture(scope="module")
def trusted(mnist: Mnist) -> tuple[np.ndarray, np.ndarray]:
    return mnist.train.images[:1000, 0].numpy(), mnist.train.labels[:1000].numpy()


def test_leaving_a_person_out_is_what_training_without_it_gives(mnist: Mnist) -> None:
    features = labels.likeness_features(mnist.test.images[:60, 0].numpy())
    reference = labels.likeness_features(mnist.train.images[:80, 0].numpy())
    labels, known = mnist.test.labels[:60].numpy(), mnist.train.labels[:80].numpy()
    people = [f"p{n % 4}" for n in range(60)]
    weights = np.where(np.arange(60) % 3, 1.0, 0.2).astype(np.float32)
    says = labels.cross_validate(features, labels, people, weights, reference, known)
    for person in set(people):
        mine = np.array([each == person for each in people])
        kept = np.concatenate([features[~mine], reference]).astype(np.float64)
        ridge = labels.RIDGE / np.concatenate([weights[~mine], np.ones(80)])
        kernel = np.exp(-labels.SHARPNESS * (2 - 2 * kept @ kept.T)) + np.diag(ridge)
        taught = np.linalg.solve(kernel, np.eye(10)[np.concatenate([labels[~mine], known])])
        asked = np.exp(-labels.SHARPNESS * (2 - 2 * features[mine] @ kept.T)) @ taught
        assert np.abs(says[mine] - asked).max() < 1e-3


def test_honest_labels_stay_and_wrong_ones_are_dropped(mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]) -> None:
    honest = labels_of(mnist, 0, 200)
    wrong = [replace(each, label=(each.label + 3) % 10) for each in labels_of(mnist, 200, 40)]
    screening = labels.corroborate(honest + wrong, *trusted)
    approved = {each.drawing_id for each in screening.approved}
    assert sum(each.drawing_id in approved for each in honest) >= 198
    assert sum(each.drawing_id in approved for each in wrong) <= 2
    looks = {each["id"]: each["looks_like"] for each in screening.dropped}
    right = [looks.get(str(each.drawing_id)) == (each.label - 3) % 10 for each in wrong]
    assert sum(right) >= 36


def strange(mnist: Mnist, count: int, people: int) -> list[Label]:
    """A way to write a 5 that is like no trusted digit, a 4 upside down, by so many people, waiting for others."""
    chosen = [each for each in labels_of(mnist, 0, 2000) if each.label == 4][:count]
    return [
        replace(
            each,
            label=5,
            frame=each.frame[::-1].copy(),
            person=f"s{n % people}",
            review="pending",
            reason=labels.UNLIKELY,
        )
        for n, each in enumerate(chosen)
    ]


def test_a_confident_mistake_counts_once_others_make_it_too(
    mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]
) -> None:
    """One person's claim releases nothing, however often it is made; many people's likeness does."""
    honest = labels_of(mnist, 2000, 200)
    alone = labels.corroborate(honest + strange(mnist, 60, people=1), *trusted)
    many = labels.corroborate(honest + strange(mnist, 60, people=30), *trusted)
    assert alone.released == 0
    assert many.released >= 30


def test_fifty_sessions_that_lie_about_plain_digits_release_nothing(
    mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]
) -> None:
    lies = [
        replace(each, label=9, person=f"s{n % 50}", review="pending", reason=labels.UNLIKELY)
        for n, each in enumerate(labels_of(mnist, 3000, 600))
        if each.label == 4
    ]
    screening = labels.corroborate(labels_of(mnist, 2000, 200) + lies, *trusted)
    assert screening.released <= len(lies) // 20


def test_a_person_has_the_last_word(mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]) -> None:
    wrong = [replace(each, label=(each.label + 3) % 10, reviewer="admin") for each in labels_of(mnist, 200, 20)]
    held = [replace(each, review="pending", reason=labels.CONFLICT) for each in labels_of(mnist, 300, 20)]
    screening = labels.corroborate(wrong + held, *trusted)
    assert (screening.approved, screening.dropped, screening.released) == (wrong, [], 0)


def test_nothing_to_decide_is_no_trouble(trusted: tuple[np.ndarray, np.ndarray]) -> None:
    assert labels.corroborate([], *trusted) == ([], [], 0)


def test_what_was_decided_is_written_with_its_trace_but_not_over_news(
    database: Database, writer: Writer, mnist: Mnist
) -> None:
    ids = [say(writer, label, image=to_png(mnist.test.images[n, 0].numpy()))[0] for n, label in enumerate((3, 3, 4, 4))]
    found = {each.drawing_id: each for each in labels.labels(database)}
    released, changed, dropped, decided = (found[each] for each in ids)
    log_label(writer, changed.drawing_id, 9, ME).result(20)
    labels.approve(database, [decided.drawing_id])
    lies = [{"id": str(each.drawing_id), "label": each.label, "looks_like": 1} for each in (dropped, decided)]
    labels.write(database, labels.Screening([released, changed], lies, 2))
    assert [reason(database, each) for each in ids] == [
        ("approved", labels.CORROBORATED),
        ("approved", ""),
        ("pending", labels.CONTRADICTED),
        ("approved", ""),
    ]
    with database.transaction() as cursor:
        cursor.execute("SELECT drawing_id, old_review, new_review FROM label_events WHERE who = 'trust' ORDER BY id")
        assert cursor.fetchall() == [(ids[0], "pending", "approved"), (ids[2], "approved", "pending")]


def test_a_picture_counts_once_however_often_it_is_sent_and_a_damaged_one_not_at_all(
    database: Database, writer: Writer
) -> None:
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    for _ in range(5):
        say(writer, 4, image=picture)
    say(writer, 4, image=b"no picture")
    assert len(labels.labels(database)) == 1


# --- By people --------------------------------------------------------------------------------------------------------


def test_the_queue_begins_with_the_most_suspicious_and_can_be_filtered(database: Database, writer: Writer) -> None:
    doubtful, _ = say(writer, 4, digit_score=0.01)
    wrong, _ = say(writer, 7, YOU)
    unlikely, _ = say(writer, 3)
    say(writer, 4)
    queue = labels.queue(database)
    assert [each.drawing_id for each in queue] == [wrong, unlikely, doubtful]
    assert (queue[0].true_label, queue[0].predicted_digit, queue[0].person, queue[0].reason) == (
        7,
        4,
        YOU,
        labels.UNLIKELY,
    )

    def found(limit: int = 60, offset: int = 0, **filters: Any) -> list[UUID]:
        return [each.drawing_id for each in labels.queue(database, Filters(**filters), limit, offset)]

    assert found(label=3) == [unlikely]
    assert found(person=YOU) == [wrong]
    assert found(source="api") == []
    assert found(predicted_digit=4, reason=labels.UNLIKELY) == [wrong, unlikely, doubtful]
    assert found(limit=1, offset=1) == [unlikely]
    assert len(found(review="approved")) == 1
    assert labels.counts(database) == (3, 1, 0, 0)


def test_many_are_decided_by_one_click_and_one_click_takes_it_back(database: Database, writer: Writer) -> None:
    ids = [say(writer, 3)[0] for _ in range(5)]
    first = labels.approve(database, ids)
    second = labels.relabel(database, ids[:2], 8)
    third = labels.reject(database, ids[2:])
    with database.transaction() as cursor:
        cursor.execute("SELECT true_label, review, reviewer FROM predictions ORDER BY id")
        assert cursor.fetchall() == [(8, "approved", "admin")] * 2 + [(3, "rejected", "admin")] * 3
    assert labels.undo(database, first) == 0, "newer decisions stand on this one"
    assert (labels.undo(database, third), labels.undo(database, second)) == (3, 2)
    assert labels.undo(database, second) == 0, "what was taken back cannot be taken back again"
    with database.transaction() as cursor:
        cursor.execute("SELECT DISTINCT true_label, review, reviewer FROM predictions")
        assert cursor.fetchall() == [(3, "approved", "admin")]
    assert labels.undo(database, first) == 5
    assert labels.counts(database).pending == 5


def test_a_relabelled_drawing_teaches_again(database: Database, writer: Writer) -> None:
    drawing, _ = say(writer, 4)
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET trained_into = 2")
    labels.approve(database, [drawing])
    assert labels.counts(database).used == 1
    labels.relabel(database, [drawing], 9)
    assert labels.counts(database) == (0, 1, 0, 0)
