"""Screening: labels compared with other people's and with trusted digits, by likeness."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
import torch

from feedback.screening import RIDGE, SHARPNESS, Screening, cross_validate, likeness_features, save, screen
from frames.preprocessing import to_png
from learning import synthetic
from learning.card import DroppedLabel
from learning.classes import NOT_A_DIGIT
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


def none_of(frames: np.ndarray, **changes: Any) -> list[Label]:
    """Drawings that ten people call no digits, approved."""
    return [
        replace(Label(uuid4(), NOT_A_DIGIT, f"n{n % 10}", frame, "approved", "trust", "", False, False), **changes)
        for n, frame in enumerate(frames)
    ]


def scribbles(count: int) -> np.ndarray:
    """Letters, symbols and scribbles of the generator."""
    return synthetic.non_digits(count, torch.Generator().manual_seed(7)).images[:, 0].numpy()


def test_of_drawings_that_are_no_digits_most_stay(mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]) -> None:
    honest = none_of(scribbles(200))
    screened = screen(labels_of(mnist, 0, 100) + honest, *trusted)
    approved = {each.drawing_id for each in screened.approved}
    assert sum(each.drawing_id in approved for each in honest) >= 170


def test_plain_digits_that_are_called_no_digits_are_dropped(
    mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]
) -> None:
    lies = none_of(mnist.test.images[:200, 0].numpy())
    screened = screen(labels_of(mnist, 1000, 100) + lies, *trusted)
    dropped = {each.drawing_id: each.looks_like for each in screened.dropped}
    looks = [dropped.get(each.drawing_id) for each in lies]
    assert sum(seen == int(digit) for seen, digit in zip(looks, mnist.test.labels[:200], strict=True)) >= 130
    decided = screen([replace(each, reviewer="admin") for each in lies], *trusted)
    assert len(decided.approved) == len(lies), "an administrator has the last word"
    assert len(decided.contradicted) >= 130, "and they judge nothing"


def test_nobody_but_an_administrator_releases_it(mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray]) -> None:
    """Many people say the same of the same kind of scribble, and an administrator has approved some like it."""
    blots = scribbles(10).repeat(12, 0)
    decided = none_of(blots[::12], reviewer="admin")
    for why in ("", Reason.TOO_FAST, Reason.NEW_NAMES, Reason.UNLIKELY):
        waiting = screen(labels_of(mnist, 0, 50) + decided + none_of(blots, review="pending", reason=why), *trusted)
        assert waiting.released == 0


@pytest.mark.parametrize("reviewer", ["trust", "admin"])
def test_it_says_nothing_of_any_other_label(
    mnist: Mnist, trusted: tuple[np.ndarray, np.ndarray], reviewer: str
) -> None:
    """Neither against the digits that it is like, nor for strange drawings that nothing else is like."""
    honest, claimed = labels_of(mnist, 0, 100), strange(mnist, 40, 20)
    alike = np.concatenate([mnist.test.images[100:300, 0].numpy(), np.stack([each.frame for each in claimed])])
    without = screen(honest + claimed, *trusted)
    beside = screen(honest + claimed + none_of(alike, reviewer=reviewer), *trusted)
    digits = {each.drawing_id for each in honest + claimed}

    def said_of_digits(screened: Screening) -> list[set[UUID]]:
        ids = [{each.drawing_id for each in some} for some in (screened.approved, screened.dropped)]
        return [some & digits for some in (*ids, set(screened.contradicted))]

    assert said_of_digits(without) == said_of_digits(beside)
    assert without.released == beside.released == 0


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
