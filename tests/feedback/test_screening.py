"""Screening: labels compared with other people's and with trusted digits, by likeness."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from feedback.screening import RIDGE, SHARPNESS, Screening, cross_validate, likeness_features, save, screen
from frames.preprocessing import to_png
from learning.card import DroppedLabel
from learning.dataset import Mnist
from logger import log_label
from storage import labels, review
from storage.database import Database
from storage.labels import Label, Reason
from storage.writer import Writer
from support.labelling import reason, say
from support.rows import ME


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
    features = likeness_features(mnist.test.images[:60, 0].numpy())
    reference = likeness_features(mnist.train.images[:80, 0].numpy())
    given, known = mnist.test.labels[:60].numpy(), mnist.train.labels[:80].numpy()
    people = [f"p{n % 4}" for n in range(60)]
    weights = np.where(np.arange(60) % 3, 1.0, 0.2).astype(np.float32)
    scores = cross_validate(features, given, people, weights, reference, known)
    for person in set(people):
        mine = np.array([each == person for each in people])
        kept = np.concatenate([features[~mine], reference]).astype(np.float64)
        ridge = RIDGE / np.concatenate([weights[~mine], np.ones(80)])
        kernel = np.exp(-SHARPNESS * (2 - 2 * kept @ kept.T)) + np.diag(ridge)
        taught = np.linalg.solve(kernel, np.eye(10)[np.concatenate([given[~mine], known])])
        asked = np.exp(-SHARPNESS * (2 - 2 * features[mine] @ kept.T)) @ taught
        assert np.abs(scores[mine] - asked).max() < 1e-3


def test_honest_labels_stay_and_wrong_ones_are_dropped(mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]) -> None:
    honest = labels_of(mnist, 0, 200)
    wrong = [replace(each, label=(each.label + 3) % 10) for each in labels_of(mnist, 200, 40)]
    screened = screen(honest + wrong, *trusted)
    approved = {each.drawing_id for each in screened.approved}
    assert sum(each.drawing_id in approved for each in honest) >= 198
    assert sum(each.drawing_id in approved for each in wrong) <= 2
    looks = {each.drawing_id: each.looks_like for each in screened.dropped}
    right = [looks.get(each.drawing_id) == (each.label - 3) % 10 for each in wrong]
    assert sum(right) >= 36


def strange(mnist: Mnist, count: int, people: int) -> list[Label]:
    """Drawings that are like no trusted digit, 4s upside down, called 5 by so many people, waiting for others."""
    chosen = [each for each in labels_of(mnist, 0, 2000) if each.label == 4][:count]
    return [
        replace(
            each,
            label=5,
            frame=each.frame[::-1].copy(),
            person=f"s{n % people}",
            review="pending",
            reason=Reason.UNLIKELY,
        )
        for n, each in enumerate(chosen)
    ]


@pytest.mark.parametrize("people", [1, 30])
def test_where_nothing_trusted_is_near_names_do_not_vouch_for_each_other(
    mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray], people: int
) -> None:
    """A new way to write a digit, or a mark in a corner: an administrator decides, and then others are like it."""
    honest, claimed = labels_of(mnist, 2000, 200), strange(mnist, 60, people)
    waiting = screen(honest + claimed, *trusted)
    assert waiting.released == 0
    assert not {each.drawing_id for each in waiting.approved} & {each.drawing_id for each in claimed}
    decided = [replace(each, review="approved", reviewer="admin", person="t") for each in claimed[:20]]
    after = screen(honest + decided + claimed[20:], *trusted)
    assert after.released >= 20


def test_fifty_sessions_that_lie_about_plain_digits_release_nothing(
    mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]
) -> None:
    lies = [
        replace(each, label=9, person=f"s{n % 50}", review="pending", reason=Reason.UNLIKELY)
        for n, each in enumerate(labels_of(mnist, 3000, 600))
        if each.label == 4
    ]
    screened = screen(labels_of(mnist, 2000, 200) + lies, *trusted)
    assert screened.released <= len(lies) // 20


def test_a_person_has_the_last_word(mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]) -> None:
    wrong = [replace(each, label=(each.label + 3) % 10, reviewer="admin") for each in labels_of(mnist, 200, 20)]
    held = [replace(each, review="pending", reason=Reason.CONFLICT) for each in labels_of(mnist, 300, 20)]
    screened = screen(wrong + held, *trusted)
    assert (screened.approved, screened.dropped, screened.released) == (wrong, [], 0)
    doubted = [each for each in wrong if each.drawing_id in screened.contradicted]
    assert len(doubted) >= 18, "they train, and do not judge"


def test_nothing_to_decide_is_no_trouble(trusted: tuple[np.ndarray, np.ndarray]) -> None:
    assert screen([], *trusted) == Screening([], [], 0)


def test_what_was_decided_is_written_with_its_trace_but_not_over_news(
    database: Database, writer: Writer, mnist: Mnist
) -> None:
    ids = [say(writer, label, image=to_png(mnist.test.images[n, 0].numpy()))[0] for n, label in enumerate((3, 3, 4, 4))]
    found = {each.drawing_id: each for each in labels.candidates(database, 10)}
    released, changed, dropped, decided = (found[each] for each in ids)
    log_label(writer, changed.drawing_id, 9, ME).result(20)
    review.approve(database, [decided.drawing_id])
    lies = [DroppedLabel(drawing_id=each.drawing_id, label=each.label, looks_like=1) for each in (dropped, decided)]
    save(database, Screening([released, changed], lies, 2))
    assert [reason(database, each) for each in ids] == [
        ("approved", Reason.CORROBORATED),
        ("approved", ""),
        ("pending", Reason.CONTRADICTED),
        ("approved", ""),
    ]
    with database.transaction() as cursor:
        cursor.execute("SELECT drawing_id, old_review, new_review FROM label_events WHERE who = 'trust' ORDER BY id")
        assert cursor.fetchall() == [(ids[0], "pending", "approved"), (ids[2], "approved", "pending")]
