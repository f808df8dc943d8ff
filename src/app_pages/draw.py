"""The Draw page: draw a digit, see it read at once, say what it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

import metrics
from app_pages.answer import Callbacks, sent, show_answer
from app_pages.board import choose_brush, quiet_canvas, take_choices, tools
from app_pages.challenge import Task, challenge_panel, current_challenge, current_task
from app_pages.hand import hand_panel
from app_pages.indicator import indicator, show_notice
from app_pages.number_answer import OnCanvas
from app_pages.number_desk import number_side, write_number
from app_pages.number_pad import TAB
from app_pages.number_upload import UploadedNumber
from app_pages.pad import SIDE, Pad, current_pad
from app_pages.recent import forget_list, recent_drawings
from app_pages.style import show_stylesheet
from app_pages.undoing import unlabel
from app_pages.upload import forget_upload, read_upload, uploader
from frames.canvas import TooMuchDrawn
from frames.drawing import from_strokes
from frames.masks import NoInk
from gateway.visitors import current_client, current_visitor
from learning.classes import NOT_A_DIGIT, in_words
from learning.registry import MODELS
from learning.weights import ModelInfo, ModelMissing
from percentages import percent, unbroken
from serving.app_state import AppState, get_app_state
from serving.batching import TooManyAtOnce
from serving.page_readings import DrawingState
from serving.reading import Reading
from web.labelling import Said, give_label
from web.saving import NotSaved, outcome, thanks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


def page() -> None:
    """The whole page. What comes and goes has a container of its own: a canvas that moves is lost."""
    state, pad = get_app_state(), current_pad()
    show_stylesheet("draw")
    if said := st.session_state.pop("note", None):
        pad.say(said)
    with st.container(horizontal=True, key="head", horizontal_alignment="distribute", vertical_alignment="center"):
        st.title("Draw a digit", anchor=False, width="content")
        indicator(state)
    notice = st.container(key="notice")
    with notice:
        show_notice(state)
    try:
        infos = state.models.infos()
        desk(state, pad, infos)
        if not state.settings.read_only:
            challenge_panel()
            hand_panel(state)
            recent_drawings(state, pad, infos)
    except ModelMissing as error:
        notice.error(f"No model can read at the moment. {error}", icon=":material/error:")


def desk(state: AppState, pad: Pad, infos: dict[str, ModelInfo]) -> None:
    """The canvas, the wide one or the upload, and the answer."""
    found: Reading | UploadedNumber | OnCanvas | None = None
    catch_up(state, pad)
    take_choices(pad, list(infos))
    with st.container(key="desk"):
        with st.container(key="pad", gap="xsmall"):
            by_hand, by_number, by_file = st.tabs(["Draw", TAB, "Upload"], key=pad.tabs, on_change="rerun")
            with by_hand:
                strokes = quiet_canvas(pad)
                tools(
                    pad, "tool", empty=False
                )  # the answer's component, which knows of each stroke first, disables them
                state.models.page_sent()
            with by_number:
                if by_number.open:
                    found = write_number(state, pad)
            with by_file:
                file = uploader(bool(by_file.open))
                if by_file.open:
                    found = read_upload(state, file, pad)
        if not (by_number.open or by_file.open):
            found = read_strokes(state, strokes, pad)
        reading = found if isinstance(found, Reading) else None
        if reading is None and st.session_state.get("reading") is not None:
            forget_list()  # the drawing has left the canvas: from now on the list has it from the database
        st.session_state.reading = reading
        trouble = st.session_state.pop("trouble", "")
        if isinstance(found, OnCanvas | UploadedNumber):
            with st.container(key="number-side"):
                number_side(pad, found, trouble)
        else:
            with st.container(key="answer-side"):
                task = Task() if by_file.open else current_task()
                what = "Draw a digit" if task.asked is None else f"Draw {in_words(task.asked)}"
                prompt = "Upload a picture" if by_file.open else what
                show_answer(pad, reading, strokes, trouble, prompt, task, Callbacks(_said, _drawn, _undo, _restore))
        with st.container(key="options", horizontal=True, horizontal_alignment="distribute"):
            choose_model(infos, pad)
            if not by_file.open:
                choose_brush(pad)


def choose_model(infos: dict[str, ModelInfo], pad: Pad) -> None:
    """The switch between the models, each with its accuracy on MNIST's test set."""
    st.session_state.setdefault("model", pad.model)  # Streamlit forgets it while another page is shown
    st.segmented_control(
        "Model",
        list(infos),
        format_func=lambda name: (
            f"{MODELS[name].display_name} · {unbroken(percent(infos[name].card.test_accuracy, 1))}"
        ),
        required=True,
        key="model",
        label_visibility="collapsed",
        help="The models, each with its accuracy on MNIST's test set.",
    )


# --- Reading ----------------------------------------------------------------------------------------------------------


def catch_up(state: AppState, pad: Pad) -> None:
    """Know of what the page has done by itself since the last run: drawings labelled, strokes read."""
    while ended := state.page_readings.take_ended(pad.drawing_id, current_visitor()):
        pad.catch_up(json.loads(ended.strokes))
        pad.say(ended.text, unlabel(pad.drawing_id, pad.go_on(ended.next_id)), name=str(ended.next_id))
        forget_list()
    known = True
    while known and (reading := state.page_readings.known(_on_canvas(pad, len(pad.objects) + 1))):
        known = pad.catch_up(json.loads(reading.drawing.strokes or "[]"))


def read_strokes(state: AppState, strokes: Sequence[np.ndarray], pad: Pad) -> Reading | None:
    """Read what is on the canvas; as a rule it has been read already, when the pen went up."""
    if not strokes:
        return None
    pad.fresh = False

    def drawing() -> Any:
        with metrics.timed("preprocess"):
            return from_strokes(strokes, SIDE, pad.pen)

    try:
        return state.page_readings.read(_on_canvas(pad, len(strokes)), drawing).result()
    except (NoInk, ValueError):
        return None
    except TooManyAtOnce as error:
        st.session_state.trouble = str(error)
        return None


def _on_canvas(pad: Pad, strokes: int) -> DrawingState:
    return DrawingState(pad.drawing_id, pad.revision, strokes, pad.model, current_visitor())


# --- What the answer's component sends --------------------------------------------------------------------------------


def _said() -> None:
    """Save a label and empty the canvas; if it cannot be kept anywhere, say so and leave the drawing."""
    said, pad, state = sent("said"), current_pad(), get_app_state()
    catch_up(state, pad)
    reading: Reading | None = st.session_state.get("reading")
    uploaded = reading is not None and reading.source != "canvas"
    drawing_id = reading.drawing_id if uploaded and reading else pad.drawing_id
    if said["id"] != str(drawing_id):
        return  # of a drawing that is no longer there
    if not uploaded:  # the answer that was seen may be newer than the last run of this script
        reading = state.page_readings.known(_on_canvas(pad, said["count"]))
        _drawn(said)
    if reading is not None:
        state.reader.keep(reading)  # again, in case it was deleted from the list meanwhile
    visitor, label = current_visitor(), NOT_A_DIGIT if said["label"] is None else said["label"]
    challenge = None if uploaded else current_challenge()
    told = give_label(state, Said(drawing_id, label, visitor), current_client(), visitor)
    try:
        text = outcome(told, thanks(label))
        if challenge and challenge.asked == label and reading is not None:
            text = outcome(told, challenge.drawn(reading))
    except NotSaved as error:
        st.session_state.trouble = f"{error} Your drawing stays here."
        return
    forget_list()
    pad.say(text, unlabel(drawing_id, forget_upload() if uploaded else pad.next_drawing()))


def _drawn(told: Any = None) -> None:
    """Know of the strokes that are on the canvas."""
    catch_up(get_app_state(), current_pad())
    try:
        current_pad().told(told or sent("drawn"))
    except TooMuchDrawn as error:
        st.session_state.trouble = str(error)


def _undo() -> None:
    """What the toast offers to undo."""
    catch_up(get_app_state(), current_pad())
    current_pad().undo_said(sent("undo")["number"])
    forget_list()


def _restore() -> None:
    """What a reload or a lost connection has left behind in the browser."""
    pad = current_pad()
    pad.restore(sent("restore"))
    st.session_state.model, st.session_state.brush = pad.model, pad.brush


page()
