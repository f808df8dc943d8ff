"""What a browser may bring back to the wide canvas after a reload."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from app_pages.number_pad import NumberPad
from frames.canvas import strokes_of


def kept(**change: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "strokes": [[[1, 2], [3, 40.5]], [[700, 7]]]} | change


def test_a_number_comes_back_with_its_strokes_and_its_secret() -> None:
    pad, remembered = NumberPad(), kept()
    pad.restore(remembered, 26)
    assert pad.number.number_id == UUID(remembered["id"])
    assert [stroke[-1].tolist() for stroke in strokes_of({"objects": pad.objects})] == [[3, 40.5], [700, 7]]


@pytest.mark.parametrize("remembered", [None, [], {}, kept(strokes=[[["a", 1]]]), kept(id="no id"), kept(strokes=None)])
def test_what_is_malformed_brings_back_nothing(remembered: Any) -> None:
    pad = NumberPad()
    number_id = pad.number.number_id
    pad.restore(remembered, 26)
    assert (pad.objects, pad.number.number_id) == ([], number_id)


def test_nothing_is_brought_back_over_what_has_happened_since() -> None:
    pad = NumberPad()
    pad.begin([])
    pad.restore(kept(), 26)
    assert pad.objects == []


def test_undo_and_redo_leave_the_number_the_same() -> None:
    pad = NumberPad()
    pad.restore(kept(), 26)
    number, canvas = pad.number, pad.key
    pad.undo()
    assert (len(pad.objects), pad.number) == (1, number)
    assert pad.key != canvas, "a canvas of its own: nothing is left over"
    pad.redo()
    assert (len(pad.objects), pad.number) == (2, number)
