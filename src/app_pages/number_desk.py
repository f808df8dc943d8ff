"""The number beside its canvas or in its picture, and what its component sends: labels of its digits, above all."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import streamlit as st

from app_pages.board import canvas, tools
from app_pages.number_answer import Callbacks, InPicture, OnCanvas, sent, show_number
from app_pages.number_pad import WIDTH, current_number_pad
from app_pages.number_upload import UploadedNumber
from app_pages.pad import SIDE, Pad, current_pad
from app_pages.recent import forget_list
from app_pages.undoing import Undo, relabel, unlabel
from app_pages.upload import uploaded_picture
from app_pages.whole_number import WholeNumber, mark_of
from frames.segmentation import in_strokes
from gateway.visitors import current_client, current_visitor
from learning.classes import NOT_A_DIGIT
from serving.app_state import AppState, get_app_state
from serving.whole_numbers import Digit
from web.labelling import Said, give_label
from web.saving import NotSaved, outcome, thanks

CHANGED = "This digit has changed since: look at it again, and then say what it is."


def write_number(state: AppState, pad: Pad) -> OnCanvas:
    """Show the wide canvas with its tools, and read what is on it."""
    number_pad, visitor = current_number_pad(), current_visitor()
    strokes = canvas(number_pad, pad.pen, WIDTH)
    tools(number_pad, "number-tool", empty=not number_pad.objects)
    if strokes:
        number_pad.fresh = False
        of = (number_pad.revision, len(strokes), pad.model, pad.revision)
        number_pad.number.read(state, lambda: in_strokes(strokes, WIDTH, SIDE, pad.pen), of, pad.model, visitor)
    else:
        number_pad.number.forget(state, visitor)
    return OnCanvas(number_pad.key, WIDTH, strokes, number_pad.fresh)


def number_side(pad: Pad, found: OnCanvas | UploadedNumber, trouble: str) -> None:
    """Show the number on the wide canvas or in a picture; `trouble` is why the last label was not saved."""
    if isinstance(found, OnCanvas):
        number, place = current_number_pad().number, found  # type: WholeNumber, OnCanvas | InPicture
    else:
        number, place = found.number, InPicture(uploaded_picture(), *found.size)
    st.session_state.number = number
    show_number(pad, number, place, trouble, Callbacks(_said, _undo, _restore))


# --- What the number's component sends --------------------------------------------------------------------------------


def _said() -> None:
    """Save the label of a digit; if it cannot be kept anywhere, say so."""
    said, state, visitor = sent("said"), get_app_state(), current_visitor()
    number: WholeNumber | None = st.session_state.get("number")
    label, drawing_id = said["label"], UUID(said["id"])
    digit = number.find(drawing_id) if number else None
    known = digit and mark_of(digit.reading.drawing.frame) == said["mark"]
    if number is None or digit is None or not known or label not in range(NOT_A_DIGIT + 1):
        st.session_state.trouble = CHANGED
        return
    before = number.label_of(digit)
    if label == before:
        return  # the same message once more
    number.deleted.discard(drawing_id)
    state.reader.keep(digit.reading)  # again, in case it was deleted from the list meanwhile
    told = give_label(state, Said(drawing_id, label, visitor), current_client(), visitor)
    try:
        text = outcome(told, thanks(label))
    except NotSaved as error:
        st.session_state.trouble = f"{error} Your number stays here."
        return
    number.say(digit, label)
    number.read_again(state, current_pad().model, visitor)
    forget_list()
    current_pad().say(text, _take_back(number, digit, before))


def _take_back(number: WholeNumber, digit: Digit, before: int | None) -> Undo:
    """What gives a digit the label again that it had, or none."""
    then = partial(number.say, digit, before)
    drawing_id = digit.reading.drawing_id
    return unlabel(drawing_id, then) if before is None else relabel(drawing_id, before, then)


def _undo() -> None:
    """What the toast offers to undo."""
    current_pad().undo_said(sent("undo")["number"])
    forget_list()


def _restore() -> None:
    """What a reload or a lost connection has left behind in the browser."""
    current_number_pad().restore(sent("restore"), current_pad().pen)
