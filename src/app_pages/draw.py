"""The Draw page: draw a digit, see it read at once, say what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import streamlit as st
from streamlit_drawable_canvas import st_canvas

import metrics
from app_pages.answer import glance, show_answer
from app_pages.hand import hand_panel
from app_pages.recent import forget_list, recent_drawings
from app_pages.saving import NotSaved, outcome
from app_pages.style import show_stylesheet
from frames.canvas import strokes_of
from frames.drawing import Drawing, from_picture, from_strokes
from frames.images import FILE_EXTENSIONS, ImageTooLarge, NotAnImage, decode
from frames.masks import NoInk
from learning.registry import MODELS
from learning.weights import ModelInfo, ModelMissing
from percentages import percent
from serving.app_state import AppState, get_app_state
from serving.reading import Reading
from web.labelling import Said, give_label
from web.visitors import current_client, current_visitor

if TYPE_CHECKING:
    import numpy as np

CANVAS = 300  # pixels; fits the narrowest phones beside their margins
BRUSHES = {1: 6, 2: 10, 3: 16, 4: 22, 5: 28}  # pixels, for the eye only: strokes are drawn again for the model
BRUSH = 3


def page() -> None:
    """The whole page. What comes and goes has a container of its own: a canvas that moves is lost."""
    state = get_app_state()
    show_stylesheet("draw")
    if note := st.session_state.pop("note", None):
        st.toast(note, icon=":material/check_circle:")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title("Draw a digit", anchor=False, width="content")
        indicator(state)
    notice = st.container()
    if _not_saving(state) and not state.database.starting:
        notice.warning(
            "The database is unavailable. Reading goes on; what you draw and say is kept and saved when it is back.",
            icon=":material/cloud_off:",
        )
    try:
        desk(state, state.models.infos())
        hand_panel(state)
        recent_drawings(state, _clear)
    except ModelMissing as error:
        notice.error(f"No model can read at the moment. {error}", icon=":material/error:")


@st.fragment(run_every=2)
def indicator(state: AppState) -> None:
    """Whether model and database are ready, updated every two seconds."""
    with st.container(horizontal=True, key="indicator", gap="xsmall", width="content"):
        if state.models.loading:
            st.badge("Model starting", color="gray")
        elif state.models.error:
            st.badge("No model", color="red")
        else:
            st.badge("Model ready", color="green")
        if state.database.starting:
            st.badge("Database starting", color="gray")
        elif _not_saving(state):
            st.badge("Not saved yet", color="orange")
        else:
            st.badge("Saving", color="green")
    now = (_not_saving(state), state.models.error is None)
    if st.session_state.setdefault("last_seen", now) != now:
        st.session_state.last_seen = now
        st.rerun(scope="app")  # the rest of the page explains the change


def _not_saving(state: AppState) -> bool:
    """Whether drawings wait in the spool, since the database is unavailable or its tables do not fit the app."""
    return bool(state.database.away or state.writer.trouble)


def desk(state: AppState, infos: dict[str, ModelInfo]) -> None:
    """The canvas and the upload on one side, the answer on the other. Runs again after every stroke."""
    model = choose_model(infos)
    left, right = st.columns(2, gap="large")
    with left:
        by_hand, by_file = st.tabs(["Draw", "Upload"], key="way", on_change="rerun")
        with by_hand:
            line = st.empty()
            strokes = canvas()
            tools()
            state.models.page_sent()
        with by_file:
            upload = st.file_uploader("A picture of one digit", type=FILE_EXTENSIONS, key=f"file-{_count('files')}")
    with right:
        reading = read_upload(state, upload, model) if by_file.open else read_strokes(state, strokes, model)
        if reading is not None:
            show_answer(reading, strokes=0 if by_file.open else len(strokes))
        else:
            st.html('<div class="waiting">The answer appears here.</div>')
    line.html(glance(reading))
    with st.container(key="feedback"):
        if reading is not None:
            ask(state, reading)


def choose_model(infos: dict[str, ModelInfo]) -> str:
    """The switch between the models, each with its accuracy on MNIST's test set."""
    choice: str = st.segmented_control(
        "Model",
        list(infos),
        format_func=lambda name: f"{MODELS[name].display_name} · {percent(infos[name].card.test_accuracy, 1)}",
        default=next(iter(infos)),
        required=True,
        key="model",
        help="The models, each with its accuracy on MNIST's test set.",
    )
    return choice


# --- The canvas: the component holds the strokes, the session their history and the drawing's id ----------------------


def canvas() -> list[np.ndarray]:
    """The canvas; returns the strokes on it, (n, 2) arrays in canvas pixels."""
    result = st_canvas(
        stroke_width=BRUSHES[st.session_state.get("brush", BRUSH)],
        stroke_color="#16181f",
        background_color="#ffffff",
        width=CANVAS,
        height=CANVAS,
        initial_drawing=st.session_state.get("begin_with"),
        # A new key is a new canvas: nothing of the last drawing can be left over.
        key=f"canvas-{_count('canvases')}",
    )
    objects = (result.json_data or {}).get("objects", [])
    if len(objects) > len(st.session_state.get("objects", [])):
        st.session_state.undone = []  # after a new stroke nothing can be redone
    st.session_state.objects = objects
    try:
        return strokes_of(result.json_data)
    except ValueError:
        return []


def tools() -> None:
    """Undo, redo, clear and the brush. The component has buttons of its own, but shows them only to a mouse."""
    drawn, undone = st.session_state.get("objects", []), st.session_state.get("undone", [])
    with st.container(horizontal=True, key="tools", gap="xsmall"):
        st.button("Undo", icon=":material/undo:", on_click=_undo, disabled=not drawn)
        st.button("Redo", icon=":material/redo:", on_click=_redo, disabled=not undone)
        st.button("Clear", icon=":material/delete:", on_click=_clear, disabled=not drawn)
    st.select_slider("Brush", options=list(BRUSHES), value=BRUSH, key="brush", width=CANVAS)


def _undo() -> None:
    *rest, last = st.session_state.objects
    st.session_state.undone = [*st.session_state.get("undone", []), last]
    _new_canvas(rest)


def _redo() -> None:
    *rest, last = st.session_state.undone
    st.session_state.undone = rest
    _new_canvas([*st.session_state.objects, last])


def _clear() -> None:
    st.session_state.undone = []
    _new_canvas([])


def _new_canvas(objects: list[Any]) -> None:
    """Replace the canvas by a new one with these objects on it."""
    st.session_state.canvases = _count("canvases") + 1
    st.session_state.begin_with = {"objects": objects} if objects else None
    st.session_state.objects = objects


def _count(name: str) -> int:
    number: int = st.session_state.setdefault(name, 0)
    return number


# --- Reading ----------------------------------------------------------------------------------------------------------


def read_strokes(state: AppState, strokes: list[np.ndarray], model: str) -> Reading | None:
    """Read what is on the canvas; a drawing keeps its id from the first stroke until the canvas is empty."""
    if not strokes:
        if st.session_state.pop("canvas_id", None):
            forget_list()  # the drawing was cleared by hand: from now on the list shows it
        return None
    # The id comes first: the next stroke may interrupt this run at any later point, and must find it.
    drawing_id = st.session_state.setdefault("canvas_id", uuid4())
    try:
        with metrics.timed("preprocess"):
            drawing = from_strokes(strokes, CANVAS, BRUSHES[st.session_state.get("brush", BRUSH)])
    except (NoInk, ValueError):
        return None
    return read(state, drawing, model, "canvas", drawing_id)


def read_upload(state: AppState, upload: Any, model: str) -> Reading | None:
    """Read an uploaded picture, or say why that is not possible. Each file is a drawing of its own."""
    if upload is None:
        return None
    ids: dict[str, UUID] = st.session_state.setdefault("upload_ids", {})
    drawing_id = ids.setdefault(upload.file_id, uuid4())
    try:
        with metrics.timed("preprocess"):
            drawing = from_picture(decode(upload.getvalue()))
    except (NotAnImage, ImageTooLarge, NoInk) as error:
        st.error(str(error), icon=":material/broken_image:")
        return None
    return read(state, drawing, model, "upload", drawing_id)


def read(state: AppState, drawing: Drawing, model: str, source: str, drawing_id: UUID) -> Reading:
    """Read a drawing and queue its row, once per change; the page does not wait until the row is safe."""
    last: Reading | None = st.session_state.get("reading")
    same = last and last.drawing_id == drawing_id and last.prediction.model == model
    if last and same and (last.drawing.frame == drawing.frame).all():
        return last
    reading = state.reader.read(lambda: drawing, model, source, current_visitor(), drawing_id).result()
    state.reader.keep(reading)
    st.session_state.reading = reading
    return reading


# --- Labelling --------------------------------------------------------------------------------------------------------


def ask(state: AppState, reading: Reading) -> None:
    """One click, on the digit that was read or on the right one; nothing is preselected."""
    digit = reading.prediction.predicted_digit
    with st.container(horizontal=True, vertical_alignment="center", key="labels"):
        if reading.prediction.is_digit:
            yes = f"Yes, a {digit}"
            st.button(yes, type="primary", icon=":material/check:", on_click=_label, args=(state, reading, digit))
            st.markdown("or it is a")
        else:
            st.markdown("If it is a digit, which one?")
        for label in range(10):
            key = f"it-is-{label}"
            st.button(str(label), key=key, help=f"It is a {label}", on_click=_label, args=(state, reading, label))
    if trouble := st.session_state.pop("trouble", None):
        st.error(trouble, icon=":material/error:")


def _label(state: AppState, reading: Reading, label: int) -> None:
    """Save the label and clear the canvas; if it cannot be kept anywhere, say so and leave the drawing."""
    visitor = reading.visitor or "nobody"
    state.reader.keep(reading)  # again, in case it was deleted from the list meanwhile
    told = give_label(state, Said(reading.drawing_id, label, visitor), current_client(), visitor)
    try:
        st.session_state.note = outcome(told, f"that was a {label}. Thank you!")
    except NotSaved as error:
        st.session_state.trouble = f"{error} Your drawing stays here."
        return
    st.session_state.files = _count("files") + 1
    for name in ("canvas_id", "reading", "recent"):
        st.session_state.pop(name, None)
    _clear()


page()
