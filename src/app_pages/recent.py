"""The visitor's own recent drawings: a label can be changed here, a drawing read again or deleted."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import streamlit as st

import logger
from app_pages.pad import Pad, read_anew
from app_pages.pictures import picture
from app_pages.saving import note
from app_pages.upload import forget_upload
from frames.drawing import Drawing
from frames.images import ImageTooLarge, NotAnImage
from frames.preprocessing import from_png
from learning.classes import DIGITS, NOT_A_DIGIT, in_words
from learning.registry import DEFAULT_MODEL
from logger import RecentDrawing
from percentages import certainty, unbroken
from serving.app_state import AppState
from serving.reading import Reading
from storage.database import DatabaseAway
from storage.writer import Written
from web.labelling import Said, give_label
from web.visitors import current_client, current_visitor


def recent_drawings(state: AppState, pad: Pad) -> None:
    """The list, with the drawing that is still on the canvas."""
    drawings = _with_current(_recent(state), st.session_state.get("reading"))
    if not drawings:
        return
    st.header("Your recent drawings", anchor=False, divider="gray")
    with st.container(horizontal=True, key="recent_drawings"):
        for drawing in drawings:
            with st.container(border=True, width=122, gap="xsmall"):
                st.html(_picture(drawing))
                st.caption(_story(drawing, _threshold(state, drawing)))
                hint = f"Change the drawing that was read as {drawing.predicted_digit}"
                if st.button("Change", key=f"change-{drawing.drawing_id}", help=hint, width="stretch"):
                    change(state, drawing, pad)


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
def change(state: AppState, drawing: RecentDrawing, pad: Pad) -> None:
    """What can be done with a drawing that is kept."""
    st.html(_picture(drawing))
    st.markdown(f"{_story(drawing, _threshold(state, drawing)).capitalize()}. What is it?")
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
        _finish(give_label(state, said, current_client(), visitor), f"that was {in_words(label)}.")
    if again:
        _read_again(state, drawing, visitor)
    if delete:
        forget_upload(drawing.drawing_id)
        _delete(state, drawing.drawing_id, visitor, pad)


def _read_again(state: AppState, drawing: RecentDrawing, visitor: str) -> None:
    """Read a kept drawing with the model that serves now, and keep that answer."""
    model = st.session_state.get("model", DEFAULT_MODEL)
    try:
        kept = Drawing(from_png(drawing.image))
    except (NotAnImage, ImageTooLarge):
        st.error("The kept picture is damaged and cannot be read again: label this drawing, or delete it.")
        return
    reading = state.reader.read(lambda: kept, model, "canvas", visitor, drawing.drawing_id).result()
    digit, sure = reading.prediction.predicted_digit, unbroken(certainty(reading.prediction.confidence))
    _finish(logger.log_again(state.writer, reading.row), f"read again as {digit}, {sure} sure.")


def _delete(state: AppState, drawing_id: UUID, visitor: str, pad: Pad) -> None:
    """Delete a drawing; while the database is away it will be, and then cannot be brought back."""
    written = state.hands.relearned(logger.remove(state.writer, drawing_id, visitor), visitor)
    text = note(written, "the drawing is deleted.", "Deleted.")
    kept = written.result().row if written.done() and not written.exception() else None
    pad.deleted(drawing_id, kept[1] if kept else None, text)
    _look_again()


def _finish(written: Future[Written], what: str) -> None:
    """Note the outcome, and look again."""
    st.session_state.note = note(written, what)
    if written.done() and not written.exception() and written.result().outcome == "unknown":
        st.session_state.note = "This drawing is no longer there."
    _look_again()


def _look_again() -> None:
    """Query the list and read what is on the canvas anew, and close the dialog."""
    forget_list()
    read_anew()
    st.rerun()


def _picture(drawing: RecentDrawing) -> str:
    return picture(drawing.image, f"Your drawing, read as {drawing.predicted_digit}", "kept")


def _threshold(state: AppState, drawing: RecentDrawing) -> float:
    """The digit score from which on the drawing's model takes it for a digit."""
    info = state.models.infos().get(drawing.model)
    return info.card.digit_score.threshold if info else 0.0


def _story(drawing: RecentDrawing, threshold: float) -> str:
    is_digit = drawing.digit_score >= threshold
    read = f"read **{drawing.predicted_digit}**" if is_digit else "read as no digit"
    if drawing.true_label is None:
        return f"{read}, {unbroken(certainty(drawing.confidence))}" if is_digit else read
    if drawing.true_label == (drawing.predicted_digit if is_digit else NOT_A_DIGIT):
        return f"{read} :green[✓]"
    return f"{read}, was **{in_words(drawing.true_label)}**"
