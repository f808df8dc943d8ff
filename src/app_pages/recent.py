"""The visitor's own recent drawings: a label can be changed here, a drawing read again or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import streamlit as st

import logger
from app_pages.kept_words import kept_how_long
from app_pages.pad import Pad, current_pad, read_anew
from app_pages.pictures import picture
from app_pages.undoing import Undo, relabel, undelete, unlabel
from app_pages.upload import forget_upload
from app_pages.whole_number import digit_deleted, digit_labelled
from frames.drawing import Drawing
from frames.images import ImageTooLarge, NotAnImage
from frames.preprocessing import from_png
from gateway.visitors import current_client, current_visitor
from learning.classes import DIGITS, NOT_A_DIGIT, in_words
from learning.registry import DEFAULT_MODEL
from learning.weights import ModelInfo
from logger import RecentDrawing
from percentages import certainty, unbroken
from serving.app_state import AppState
from serving.batching import TooManyAtOnce
from serving.reading import Reading
from storage.database import DatabaseAway
from storage.writer import Written
from web.labelling import Said, give_label
from web.saving import NotSaved, outcome


def recent_drawings(state: AppState, pad: Pad, infos: Mapping[str, ModelInfo]) -> None:
    """The list, with the drawing that is still on the canvas."""
    drawings = _with_current(_recent(state), st.session_state.get("reading"))
    if not drawings:
        return
    st.header("Your recent drawings", anchor=False, divider="gray")
    st.caption(kept_how_long(state.settings.retention_days))
    with st.container(horizontal=True, key="recent_drawings"):
        for drawing in drawings:
            with st.container(border=True, width=122, gap="xsmall"):
                st.html(_picture(drawing))
                story = _story(drawing, _threshold(infos, drawing.model))
                st.caption(story)
                hint = f"Change the drawing that was read as {drawing.predicted_digit}"
                if st.button("Change", key=f"change-{drawing.drawing_id}", help=hint, width="stretch"):
                    change(state, drawing, story, pad)
    st.page_link("yours.py", label="Your data: see, download or delete all of it", icon=":material/folder_open:")


def forget_list() -> None:
    """Have the list queried anew by the next run."""
    st.session_state.pop("recent", None)


def _recent(state: AppState) -> list[RecentDrawing]:
    """The list as last queried; the database is queried again only when something has changed."""
    if st.session_state.get("recent") is None:
        with suppress(DatabaseAway):
            st.session_state.recent = logger.recent(state.database, current_visitor())
    return st.session_state.get("recent") or []


def _with_current(drawings: list[RecentDrawing], reading: Reading | None) -> list[RecentDrawing]:
    """The list, and before it the drawing that was read last, which the database may not have yet."""
    if reading is None:
        return drawings
    row = reading.row
    known = next((each for each in drawings if each.drawing_id == row.drawing_id), None)
    current = RecentDrawing(
        drawing_id=row.drawing_id,
        created_at=known.created_at if known else datetime.now(UTC),
        predicted_digit=row.predicted_digit,
        true_label=known.true_label if known else None,
        confidence=row.confidence,
        image=row.image,
        digit_score=row.digit_score,
        model=row.model,
        model_version=row.model_version,
    )
    return [current, *(each for each in drawings if each is not known)]


@st.dialog("Change a drawing")
def change(state: AppState, drawing: RecentDrawing, story: str, pad: Pad) -> None:
    """What can be done with a drawing that is kept."""
    st.html(_picture(drawing))
    st.markdown(f"{story.capitalize()}. What is it?")
    changes(state, drawing, pad)


def changes(state: AppState, drawing: RecentDrawing, pad: Pad) -> None:
    """The buttons of a dialog that give a visitor's own drawing a label, have it read again, or delete it."""
    with st.container(horizontal=True, gap="xsmall"):
        labels = [
            st.button(str(digit), key=f"label-{digit}", help=f"It is {in_words(digit)}") for digit in range(DIGITS)
        ]
        labels.append(st.button("Not a digit", key="label-none"))
    with st.container(horizontal=True):
        again = st.button("Read again", icon=":material/refresh:")
        delete = st.button("Delete", icon=":material/delete:")
    visitor = current_visitor()
    if any(labels):
        label = labels.index(True)  # the one behind the digits is NOT_A_DIGIT
        said = Said(drawing.drawing_id, label, visitor, owner=visitor)
        told = give_label(state, said, current_client(), visitor)
        then = partial(digit_labelled, drawing.drawing_id, label)
        _finish(told, f"that was {in_words(label)}.", _undo_change(drawing), then)
    if again:
        _read_again(state, drawing, visitor)
    if delete:
        _delete(state, drawing.drawing_id, visitor, pad)


def _undo_change(drawing: RecentDrawing) -> Undo:
    """What gives a drawing the label again that it had before it is changed, or none."""
    then = partial(digit_labelled, drawing.drawing_id, drawing.true_label)
    if drawing.true_label is None:
        return unlabel(drawing.drawing_id, then)
    return relabel(drawing.drawing_id, drawing.true_label, then)


def _read_again(state: AppState, drawing: RecentDrawing, visitor: str) -> None:
    """Read a kept drawing with the model that serves now, and keep that answer."""
    model = st.session_state.get("model", DEFAULT_MODEL)
    try:
        kept = Drawing(from_png(drawing.image))
    except (NotAnImage, ImageTooLarge):
        st.error("The kept picture is damaged and cannot be read again: label this drawing, or delete it.")
        return
    try:
        reading = state.reader.read(lambda: kept, model, "canvas", visitor, drawing.drawing_id).result()
    except TooManyAtOnce as error:
        st.error(str(error))
        return
    digit, sure = reading.prediction.predicted_digit, unbroken(certainty(reading.prediction.confidence))
    _finish(logger.log_again(state.writer, reading.row), f"read again as {digit}, {sure} sure.")


def _delete(state: AppState, drawing_id: UUID, visitor: str, pad: Pad) -> None:
    """Delete a drawing, and take it from the page; while the database is away it waits, and cannot be brought back."""
    written = state.hands.relearned(logger.remove(state.writer, drawing_id, visitor), visitor)
    try:
        text = outcome(written, "the drawing is deleted.", "Deleted.")
    except NotSaved as error:
        pad.say(str(error))
    else:
        back = pad.next_drawing() if drawing_id == pad.drawing_id else forget_upload(drawing_id)
        row = written.result().row if written.done() else None
        pad.say(text, undelete(row[1], back) if row else None)
        digit_deleted(drawing_id)
    _look_again()


def _finish(written: Future[Written], what: str, undo: Undo | None = None, then: Undo = lambda: None) -> None:
    """Say how it went, `then` where it went well, and look again."""
    try:
        current_pad().say(outcome(written, what), undo)
        then()
    except NotSaved as error:
        current_pad().say(str(error))
    _look_again()


def _look_again() -> None:
    """Query the list and read what is on the canvas anew, and close the dialog."""
    forget_list()
    read_anew()
    st.rerun()


def _picture(drawing: RecentDrawing) -> str:
    return picture(drawing.image, f"Your drawing, read as {drawing.predicted_digit}", "kept")


def _threshold(infos: Mapping[str, ModelInfo], model: str) -> float:
    """The digit score (0-1) from which on a model takes a drawing for a digit."""
    return infos[model].card.digit_score.threshold if model in infos else 0.0


def _story(drawing: RecentDrawing, threshold: float) -> str:
    is_digit = drawing.digit_score >= threshold
    read = f"read **{drawing.predicted_digit}**" if is_digit else "read as no digit"
    if drawing.true_label is None:
        return f"{read}, {unbroken(certainty(drawing.confidence))}" if is_digit else read
    if drawing.true_label == (drawing.predicted_digit if is_digit else NOT_A_DIGIT):
        return f"{read} :green[✓]"
    return f"{read}, was **{in_words(drawing.true_label)}**"
