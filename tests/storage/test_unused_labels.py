"""How many approved labels are new to training, and which of them can be used."""

from __future__ import annotations

import torch

from learning.dataset import Digits, Mnist, rows
from storage.database import Database
from storage.unused_labels import Unused, count_unused
from storage.writer import Writer
from support.classroom import draw, person
from support.shipped import network


def test_nothing_is_new_in_an_empty_table(database: Database) -> None:
    assert count_unused(database) == Unused(0, 0, 0)


def test_a_picture_counts_once_and_what_is_held_out_is_told_apart(
    database: Database, writer: Writer, mnist: Mnist
) -> None:
    digits = rows(mnist.test, torch.arange(20))
    _label(writer, digits, "first")
    new = count_unused(database)
    assert (new.approved, new.duplicates) == (20, 0)
    assert new.held_out == _count(database, "held_out")
    assert new.to_train_on == 20 - new.held_out
    _label(writer, rows(digits, torch.arange(5)), "second")
    assert count_unused(database)[:2] == (25, 5)
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET true_label = NULL, not_a_digit = true")
    assert count_unused(database)[:2] == (25, 5), "the same of drawings that are no digit"
    assert count_unused(database, non_digits=False) == Unused(0, 0, 0), "a model without a column for them"


def test_a_picture_that_was_used_before_is_a_duplicate_and_a_used_label_is_not_new(
    database: Database, writer: Writer, mnist: Mnist
) -> None:
    digits = rows(mnist.test, torch.arange(20))
    _label(writer, digits, "first")
    with database.transaction() as cursor:
        cursor.execute("UPDATE predictions SET trained_into = 2 WHERE id IN (SELECT id FROM predictions LIMIT 12)")
        cursor.execute("UPDATE predictions SET judged = 2 WHERE trained_into IS NULL")
    assert count_unused(database) == Unused(0, 0, 0)
    _label(writer, rows(digits, torch.arange(3)), "second")
    assert count_unused(database) == Unused(3, 3, 0)


def _label(writer: Writer, digits: Digits, name: str) -> None:
    people = [person(f"{name} {n}") for n in range(len(digits.labels))]
    draw(writer, network("cnn"), digits, digits.labels.tolist(), people, "cnn")


def _count(database: Database, condition: str) -> int:
    with database.transaction() as cursor:
        cursor.execute(f"SELECT count(*)::int FROM predictions WHERE {condition}")  # noqa: S608
        (count,) = cursor.fetchone() or (0,)
    return int(count)
