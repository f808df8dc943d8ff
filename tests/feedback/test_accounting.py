"""Every approved label that is new to a training is accounted for, whatever becomes of it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import numpy as np

from feedback.accounting import account_for, digest
from feedback.screening import Screening
from learning.card import DroppedLabel, LabelAccount
from storage.labels import Label
from storage.unused_labels import Unused


def label(n: int, review: str = "approved", used: bool = False, held_out: bool = False) -> Label:
    return Label(UUID(int=n), n % 10, "", np.zeros((28, 28), np.uint8), review, "trust", "", used, held_out)


def total(account: LabelAccount) -> int:
    return account.duplicates + account.beyond_quota + account.dropped + account.held_out + account.trained


def test_each_label_has_one_place() -> None:
    found = [label(n, held_out=n < 5) for n in range(20)]
    found += [label(20, "pending"), label(21, "pending"), label(22, used=True), label(23, used=True)]
    away = {2, 9, 21, 23}  # an approved held-out one, an approved one, one that waits, and one that was used before
    dropped = [DroppedLabel(drawing_id=UUID(int=n), label=0, looks_like=1) for n in away]
    kept = [each for each in found if each.drawing_id.int not in away]
    screened = Screening(kept, dropped, 1, frozenset({UUID(int=0), UUID(int=12)}))
    account = account_for(Unused(26, 4, 6), found, screened)
    assert account == LabelAccount(
        approved=26,
        corroborated=1,
        duplicates=4,
        beyond_quota=2,
        dropped=2,
        held_out=4,
        held_out_contradicted=1,
        trained=15,
    )
    assert total(account) == account.approved + account.corroborated


def test_labels_that_come_while_it_counts_do_not_unbalance_it() -> None:
    found = [label(n) for n in range(12)]
    account = account_for(Unused(10, 1, 0), found, Screening(found, [], 0))
    assert total(account) == account.approved == 13


def test_the_digest_is_that_of_drawings_with_their_labels_in_any_order() -> None:
    some = [label(n) for n in range(5)]
    assert digest(some) == digest(some[::-1]) == digest([replace(each, review="pending") for each in some])
    assert len({digest(some), digest(some[1:]), digest([replace(some[0], label=9), *some[1:]]), digest([])}) == 4
