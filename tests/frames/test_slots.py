"""Slots of the measures of ink, in Python and in PostgreSQL alike."""

from __future__ import annotations

import numpy as np
import pytest

from frames.slots import MEASURES, ink_fractions
from learning.dataset import Mnist
from learning.weights import read_weights
from settings import ROOT
from storage.database import Database
from support.rows import insert

VALUES = {"pen_width": (0, 0.004, 0.105, 0.999, 1), "size": (0, 0.52, 1), "slant": (-89, -5.1, 0, 4.9, 89)}


@pytest.mark.parametrize("measure", list(MEASURES))
def test_postgresql_counts_in_the_same_slots(database: Database, measure: str) -> None:
    for value in VALUES[measure]:
        insert(database, **{measure: value})
    slots = (
        "SELECT slot, sum(drawings)::int FROM current_distributions WHERE step = 'day' AND measure = %s GROUP BY slot"
    )
    with database.transaction() as cursor:
        cursor.execute(slots, (measure,))
        counted = dict(cursor.fetchall())
    ours = [MEASURES[measure].of(value) for value in VALUES[measure]]
    assert counted == {slot: ours.count(slot) for slot in ours}


def test_a_middle_lies_in_its_slot() -> None:
    for slots in MEASURES.values():
        assert [slots.of(slots.middle(slot)) for slot in range(slots.count)] == list(range(slots.count))
        assert (slots.of(slots.low - 1e9), slots.of(1e9)) == (0, slots.count - 1)


def test_fractions_are_those_of_the_frames() -> None:
    upright, leaning = np.zeros((28, 28), np.uint8), np.zeros((28, 28), np.uint8)
    upright[4:24, 13:15] = 255
    for y in range(4, 24):
        leaning[y, 23 - y // 2 - 2 : 23 - y // 2] = 255
    found = ink_fractions([upright, leaning])
    assert {measure: sum(fractions) for measure, fractions in found.items()} == {"pen_width": 1, "slant": 1}
    slants = MEASURES["slant"]
    assert [slot for slot, fraction in enumerate(found["slant"]) if fraction] == [slants.of(0), slants.of(26)]


def test_the_shipped_cards_have_those_of_mnist(mnist: Mnist) -> None:
    known = read_weights(ROOT / "model", "cnn").card.ink
    assert known == ink_fractions(mnist.train.images[::6, 0].numpy())
    assert read_weights(ROOT / "model", "linear").card.ink == known
