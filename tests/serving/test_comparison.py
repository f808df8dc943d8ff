"""Two versions on the newest approved drawings: who is right how often, and where they differ."""

from __future__ import annotations

import io

import pytest
import torch

from learning.dataset import Mnist, as_input, rows
from learning.weights import ModelMissing
from serving.comparison import compare
from storage import model_store, review
from storage.database import Database
from storage.model_store import Candidate, NoSuchVersion, UsedLabel
from storage.review import Filters
from storage.writer import Writer
from support.classroom import damaged, draw, nudged, person, register
from support.shipped import card, network


def version_two(database: Database, weights: bytes) -> int:
    register(database, "linear")
    made = Candidate("linear", weights, card("linear"), 1, [], [])
    return model_store.save(database, made, promote=False, reason="")[0]


def fond_of_threes() -> bytes:
    """Linear weights that see a 3 in much that is none."""
    state = {name: value.clone() for name, value in network("linear").state_dict().items()}
    state[list(state)[-1]][3] += 4
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def test_both_versions_are_counted_on_the_same_drawings_and_their_differences_shown(
    database: Database, writer: Writer, mnist: Mnist
) -> None:
    digits = rows(mnist.test, torch.arange(120))
    before = network("linear")
    with torch.inference_mode():
        read = before(as_input(digits.images)).argmax(1)
    digits = rows(digits, (read == digits.labels).nonzero()[:80, 0])
    ids = draw(writer, before, digits, digits.labels.tolist(), [person(n) for n in range(len(digits.labels))])
    approved = {each.drawing_id for each in review.queue(database, Filters("approved"), 200)}
    version = version_two(database, fond_of_threes())
    taken = [UsedLabel(drawing, int(label)) for drawing, label in zip(ids[:30], digits.labels[:30], strict=True)]
    used = Candidate("linear", nudged("linear"), card("linear"), 1, taken, [])
    model_store.save(database, used, promote=False, reason="")

    found = compare(database, "linear", (1, version), 500)
    assert found.all.drawings == len(approved)
    assert found.all.right[0] == len(approved), "version 1 reads what was chosen because it reads it"
    assert found.unseen.drawings == len(approved - set(ids[:30]))
    assert found.all.right[1] < found.all.right[0]
    lost = [each for each in found.differences if each.readings[0].predicted_digit == each.label]
    assert len(lost) == found.all.right[0] - found.all.right[1]
    assert {each.readings[1].predicted_digit for each in found.differences} == {3}
    assert len(compare(database, "linear", (1, version), 10).differences) <= 10


def test_a_damaged_or_unknown_version_is_said_to_be_one(database: Database) -> None:
    version = version_two(database, damaged(nudged("linear")))
    with pytest.raises(ModelMissing):
        compare(database, "linear", (1, version), 10)
    with pytest.raises(NoSuchVersion, match="no version 7"):
        compare(database, "linear", (1, 7), 10)


def test_without_labels_there_is_nothing_to_compare_on(database: Database) -> None:
    version = version_two(database, nudged("linear"))
    found = compare(database, "linear", (1, version), 10)
    assert (found.all.drawings, found.differences) == (0, [])
