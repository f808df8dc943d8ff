"""From rows to a personal model: nothing is described twice, and a damaged picture keeps nobody from learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from frames.preprocessing import to_png
from learning.weights import ModelMissing
from serving.hand_building import Known, build
from serving.personal import VersionKey
from storage.hands import Hand, OwnLabel
from support.hands import hooked_one, serving, seven, shipped


class Counting:
    """The shipped network, which counts what it describes."""

    def __init__(self, key: VersionKey | None = None) -> None:
        self.key = key or serving().key
        self.described = 0

    def describe(self, frames: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        self.described += len(frames)
        return serving().describe(frames)


def hand(count: int) -> Hand:
    """A person with so many ones, each said to be a one."""
    return Hand([OwnLabel(to_png(hooked_one()), 1) for _ in range(count)])


def built(hand: Hand, before: Known, network: Any) -> Known:
    return build(hand, before, lambda: network)


def test_a_person_without_labels_costs_nothing() -> None:
    def nobody() -> Any:
        raise AssertionError("no model is asked for")

    assert build(Hand([], enabled=False), Known(), nobody) == Known(enabled=False)


def test_the_model_is_fitted_to_the_labels_in_their_order() -> None:
    both = Hand([OwnLabel(to_png(seven()), 7), *hand(2).labels])
    known = built(both, Known(), Counting())
    assert known.model is not None
    assert known.model.labels.tolist() == [7, 1, 1]
    descriptors, logits = serving().describe([hooked_one()])
    assert int(np.argmax(known.model.correct(descriptors[0], list(logits[0])))) == 1


def test_a_new_label_describes_one_drawing() -> None:
    network, first = Counting(), hand(40)
    known = built(first, Known(), network)
    assert network.described == 40
    more = Hand([*hand(1).labels, *first.labels])
    known = built(more, known, network)
    assert network.described == 41
    assert known.model is not None
    assert len(known.model.labels) == 41


def test_the_same_labels_are_not_fitted_again_and_another_label_of_the_same_drawing_is() -> None:
    network, first = Counting(), hand(3)
    known = built(first, Known(), network)
    assert built(first, known, network).model is known.model
    changed = Hand([OwnLabel(first.labels[0].image, 7), *first.labels[1:]])
    again = built(changed, known, network).model
    assert again is not None
    assert (again.labels.tolist(), network.described) == ([7, 1, 1], 3)


def test_another_version_describes_everything_anew() -> None:
    first = hand(3)
    known = built(first, Known(), Counting())
    newer = Counting(("cnn", 2, "1" * 64))
    again = built(first, known, newer).model
    assert again is not None
    assert (newer.described, again.key) == (3, newer.key)


def test_a_damaged_picture_is_left_out() -> None:
    damaged = OwnLabel(b"no picture", 3)
    known = built(Hand([damaged, *hand(2).labels]), Known(), Counting())
    assert known.model is not None
    assert known.model.labels.tolist() == [1, 1]
    assert built(Hand([damaged]), Known(), Counting()).model is None


def test_a_network_that_describes_nothing_says_so() -> None:
    with pytest.raises(ModelMissing):
        build(hand(1), Known(), lambda: shipped().models["linear"])


def test_what_it_takes_in_memory_grows_with_the_labels() -> None:
    sizes = [built(hand(count), Known(), Counting()).nbytes for count in (1, 20)]
    assert sizes[0] < 2_500
    assert sizes[1] < 17_000, "MAX_BYTES holds 2,800 such people"
