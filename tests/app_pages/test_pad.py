"""The canvas's history, what can be brought back to it, and what a browser may bring back after a reload.

Covers src/app_pages: sheet.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from app_pages.pad import BRUSH, Pad
from frames.canvas import MAX_POINTS, MAX_STROKES, TooMuchDrawn, objects_of, strokes_of


def objects(count: int) -> list[Any]:
    return objects_of([np.array([[10.0 * n, 5.0], [10.0 * n, 50.0]]) for n in range(count)], 26)


def drawn(count: int) -> Pad:
    pad = Pad()
    pad.objects = objects(count)
    return pad


def test_undo_and_redo_go_through_one_history_and_keep_the_drawing() -> None:
    pad = drawn(2)
    drawing, canvas, revision = pad.drawing_id, pad.key, pad.revision
    pad.undo()
    assert pad.objects == objects(2)[:1] == pad.begin_with
    assert (pad.drawing_id, pad.revision) == (drawing, revision + 1)
    assert pad.key != canvas, "a canvas of its own: nothing is left over"
    pad.redo()
    assert pad.objects == objects(2)
    assert not pad.undone
    pad.redo()
    assert pad.objects == objects(2), "nothing more to redo"


def test_undo_of_an_empty_canvas_does_nothing() -> None:
    pad = Pad()
    before = pad.key
    pad.undo()
    assert pad.key == before


def test_a_cleared_drawing_can_be_brought_back_with_its_id() -> None:
    pad = drawn(3)
    drawing = pad.drawing_id
    pad.clear()
    assert pad.objects == []
    assert pad.drawing_id != drawing
    assert pad.said is not None
    assert pad.said["undo"]
    pad.undo_said(pad.said["number"])
    assert (pad.drawing_id, pad.objects) == (drawing, objects(3))
    pad.begin(objects(1))
    pad.undo_said(pad.said["number"])
    assert pad.objects == objects(1), "once"


def test_the_page_goes_on_with_the_same_canvas_and_what_was_on_it_can_be_brought_back() -> None:
    pad, following = drawn(2), uuid4()
    drawing, canvas, revision = pad.drawing_id, pad.key, pad.revision
    pad.say("Saved.", pad.go_on(following), name=str(following))
    assert (pad.drawing_id, pad.key, pad.revision) == (following, canvas, revision), "the page's own"
    assert (pad.objects, pad.begin_with) == ([], [])
    pad.undo_said("another")
    assert pad.drawing_id == following
    pad.undo_said(str(following))
    assert (pad.drawing_id, pad.objects, pad.begin_with) == (drawing, objects(2), objects(2))
    assert (pad.key != canvas, pad.revision > revision) == (True, True), "not taken for what the page has ended"


def test_only_what_the_shown_toast_offers_is_undone() -> None:
    pad, undone = Pad(), list[str]()
    pad.say("one", lambda: undone.append("one"))
    assert pad.said is not None
    first = pad.said["number"]
    pad.say("two", lambda: undone.append("two"))
    pad.undo_said(first)
    assert undone == []
    pad.undo_said(pad.said["number"])
    pad.undo_said(pad.said["number"])
    assert undone == ["two"]
    pad.say("three")
    pad.undo_said(pad.said["number"])
    assert (undone, pad.said["undo"]) == (["two"], False)


def test_what_is_undone_may_offer_to_be_tried_again() -> None:
    pad, tries = Pad(), list[int]()

    def undo() -> None:
        tries.append(1)
        if len(tries) < 3:
            pad.say("Try again.", undo)

    pad.say("Deleted.", undo)
    for _ in range(4):
        pad.undo_said((pad.said or {})["number"])
    assert len(tries) == 3


def test_an_empty_canvas_stays_as_it_is_when_it_is_brought_back() -> None:
    pad = Pad()
    back = pad.next_drawing()
    drawing, canvas = pad.drawing_id, pad.key
    back()
    assert (pad.drawing_id, pad.key) == (drawing, canvas)


def test_what_was_drawn_since_the_last_run_is_caught_up_with() -> None:
    pad = drawn(1)
    pad.undone = objects(1)
    assert pad.catch_up([[[0, 5], [0, 50]], [[10, 5], [10, 50]]])
    assert pad.undone == [], "after a new stroke nothing can be redone"
    assert [stroke.tolist() for stroke in strokes_of({"objects": pad.objects})] == [
        [[0, 5], [0, 50]],
        [[10, 5], [10, 50]],
    ]
    before = pad.objects
    assert not pad.catch_up([[[7, 7]]])
    assert not pad.catch_up([])
    assert pad.objects is before, "what is known is never less"


def test_the_page_tells_of_its_own_drawing_alone() -> None:
    pad = drawn(1)
    before, strokes = pad.objects, [[[0, 5]], [[0, 50]]]
    mine = {"id": str(pad.drawing_id)}
    malformed: list[Any] = [None, [], {}, mine, mine | {"strokes": [["a"], ["b"]]}, mine | {"strokes": 7}]
    for each in malformed:
        pad.told(each)
    pad.told({"id": str(uuid4()), "strokes": strokes})
    assert pad.objects is before
    pad.told({"id": str(pad.drawing_id), "strokes": strokes})
    assert len(pad.objects) == 2
    with pytest.raises(TooMuchDrawn):
        pad.told({"id": str(pad.drawing_id), "strokes": [[[0, 5]]] * (MAX_STROKES + 1)})


def test_each_thing_said_has_a_number_of_its_own() -> None:
    pad = Pad()
    pad.say("one")
    pad.say("one")
    assert pad.said == {"number": 2, "name": "", "text": "one", "undo": False}


def kept(**change: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "model": "linear",
        "brush": "Broad",
        "strokes": [[[1, 2], [3, 40.5]], [[7, 7]]],
    } | change


def test_a_browser_brings_back_drawing_model_and_brush() -> None:
    pad, remembered = Pad(), kept()
    pad.restore(remembered)
    assert (pad.model, pad.brush, pad.drawing_id) == ("linear", "Broad", UUID(remembered["id"]))
    strokes = strokes_of({"objects": pad.objects})
    assert [stroke[-1].tolist() for stroke in strokes] == [[3, 40.5], [7, 7]]


@pytest.mark.parametrize(
    "remembered",
    [
        None,
        [],
        "drawing",
        kept(strokes="abc"),
        kept(strokes=[[["a", 1]]]),
        kept(strokes=[[[1, 2, 3], [4]]]),
        kept(strokes=[[[1e400, 2]]]),
        kept(strokes=[[[1, 2]] * (MAX_POINTS + 1)]),
        kept(strokes=None),
        kept(id="not an id"),
        kept(id=None),
        {},
    ],
)
def test_what_is_malformed_brings_back_no_strokes(remembered: Any) -> None:
    pad = Pad()
    pad.restore(remembered)
    assert pad.objects == []


def test_unknown_choices_are_left_out() -> None:
    pad = Pad()
    pad.restore(kept(model="gpt", brush="Huge"))
    assert (pad.model, pad.brush) == ("cnn", BRUSH)


def test_nothing_is_brought_back_over_what_has_happened_since() -> None:
    pad = drawn(1)
    pad.undo()
    pad.restore(kept())
    assert pad.objects == []


def test_sessions_do_not_count_their_revisions_alike() -> None:
    assert len({Pad().revision for _ in range(20)}) > 15


def test_a_new_stroke_is_taken_over_and_ends_what_could_be_redone() -> None:
    pad = drawn(2)
    pad.undo()
    assert len(pad.take({"objects": objects(2)})) == 2
    assert (len(pad.objects), pad.undone) == (2, [])


@pytest.mark.parametrize("said", ["drawing", 7, [1], {"objects": "Path"}, {"objects": [None, {"type": []}]}, True])
def test_what_some_program_says_in_the_canvas_s_name_is_quietly_no_drawing(said: Any) -> None:
    pad = Pad()
    assert pad.take(said) == []
    assert pad.objects == []


def test_more_than_a_hand_draws_changes_nothing() -> None:
    pad = drawn(2)
    with pytest.raises(TooMuchDrawn, match="clear it, and draw again"):
        pad.take({"objects": objects(MAX_STROKES + 1)})
    assert len(pad.objects) == 2
