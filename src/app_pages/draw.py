"""The page that everything serves: draw a digit, see it read at once, say what it was."""

from __future__ import annotations

import base64
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import streamlit as st
from streamlit_drawable_canvas import st_canvas

import metrics
from frames.canvas import strokes_of
from frames.images import FILE_EXTENSIONS, ImageTooLarge, NotAnImage, decode
from frames.masks import NoInk
from frames.preprocessing import frame_pixels, frame_strokes, to_png
from serving import app_state
from serving.app_state import Reading, Service
from serving.prediction import ModelMissing, Prediction
from storage.database import DatabaseAway
from storage.writer import NotWritten, Written
from web.visitors import current_visitor

if TYPE_CHECKING:
    import numpy as np

    from logger import RecentDrawing

CANVAS = 300  # pixels; fits the narrowest phones beside their margins
BRUSHES = {1: 6, 2: 10, 3: 16, 4: 22, 5: 28}  # pixels; the width is for the eye: strokes are drawn again for the model
BRUSH = 3
NAMES = {"cnn": "CNN", "linear": "Linear"}
SURE = 0.8  # below it the answer is shown with its rival
PATIENCE = 5.0  # seconds that a click waits for its label to be safe

# The result is drawn by this page's own HTML, because it must change in place, without flicker, after every stroke.
# Colours come from the text's own colour, so light and dark need no second set. On a phone the answer would lie below
# the canvas, out of sight: there the line above the canvas shows it too.
STYLE = """
<style>
.stMainBlockContainer { padding-top: 4.25rem; } /* below the navigation */
[data-testid=stToast] { pointer-events: none; } /* what was saved is said above the canvas: the pen goes through it */
[data-testid=stToast] button { pointer-events: auto; }
.reading { display: grid; grid-template-columns: auto 1fr; gap: 0 1.25rem; align-items: center; }
.reading .digit { font-size: 6.5rem; line-height: 1; font-weight: 700; min-width: 1ch; text-align: center;
                  font-variant-numeric: tabular-nums; animation: arrive .18s ease-out; }
.reading .digit.doubt { opacity: .65; }
.reading .says { font-size: 1.05rem; line-height: 1.35; }
.reading .says small { opacity: .8; font-size: .85rem; }
.bars { display: grid; grid-template-columns: 1ch 1fr 6.5ch; gap: .2rem .6rem; align-items: center; margin-top: .9rem;
        font-variant-numeric: tabular-nums; font-size: .85rem; }
.bars .track { height: .6rem; border-radius: .3rem; overflow: hidden;
               background: color-mix(in srgb, currentColor 11%, transparent); }
.bars .fill { height: 100%; border-radius: .3rem; background: color-mix(in srgb, currentColor 45%, transparent);
              transition: width .18s ease-out; }
.bars .best { font-weight: 700; }
.bars .best + .track .fill { background: #5b6cf0; }
.bars .percent { text-align: right; opacity: .8; white-space: nowrap; }
.seen { display: flex; gap: .8rem; align-items: center; margin-top: .9rem; font-size: .85rem; }
.seen img, img.kept { width: 84px; height: 84px; image-rendering: pixelated; border-radius: .4rem; }
.seen span { opacity: .8; }
.waiting { opacity: .7; min-height: 8rem; display: flex; align-items: center; }
.glance { font-size: .9rem; height: 2rem; line-height: 2rem; opacity: .8; white-space: nowrap; overflow: hidden; }
.glance .answer { display: none; }
.st-key-feedback { min-height: 5.5rem; }
@media (max-width: 640px) {
  .stMainBlockContainer h1 { font-size: 1.6rem; padding: 0; }
  .glance.answered { opacity: 1; font-size: 1.1rem; }
  .glance.answered .answer { display: inline; }
  .glance.answered .hint { display: none; }
}
@keyframes arrive { from { transform: scale(.8); opacity: .2; } }
@media (prefers-reduced-motion: reduce) {
  .reading .digit { animation: none; }
  .bars .fill { transition: none; }
}
</style>
"""


def page() -> None:
    """The whole page, from the top. What comes and goes has a container of its own: a canvas that moves is lost."""
    running = app_state.start()
    st.html(STYLE)
    if note := st.session_state.pop("note", None):
        st.toast(note, icon=":material/check_circle:")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title("Draw a digit", anchor=False, width="content")
        indicator(running)
    notice = st.container()
    if running.database.away and not running.database.starting:
        notice.warning(
            "The database is away. Reading goes on; what you draw and say is kept here and saved when it is back.",
            icon=":material/cloud_off:",
        )
    try:
        desk(running, running.cards())
        recent_drawings(running)
    except ModelMissing as error:
        notice.error(f"No model can read at the moment. {error}", icon=":material/error:")


@st.fragment(run_every=2)
def indicator(running: Service) -> None:
    """Whether the model and the database are there; looks again every two seconds."""
    with st.container(horizontal=True, key="indicator", gap="xsmall", width="content"):
        if running.loading:
            st.badge("Model starting", color="gray")
        elif running.model_trouble:
            st.badge("No model", color="red")
        else:
            st.badge("Model ready", color="green")
        if running.database.starting:
            st.badge("Database starting", color="gray")
        elif running.database.away:
            st.badge("Not saved yet", color="orange")
        else:
            st.badge("Saving", color="green")
    now = (running.database.away is None, running.model_trouble is None)
    if st.session_state.setdefault("last_seen", now) != now:
        st.session_state.last_seen = now
        st.rerun(scope="app")  # the rest of the page says what has changed


def desk(running: Service, cards: dict[str, dict[str, Any]]) -> None:
    """The canvas and the upload on one side, the answer on the other. Runs again after every stroke."""
    model = choose_model(cards)
    left, right = st.columns(2, gap="large")
    with left:
        by_hand, by_file = st.tabs(["Draw", "Upload"], key="way", on_change="rerun")
        with by_hand:
            glance = st.empty()
            strokes = canvas()
            tools()
            running.page_sent()
        with by_file:
            upload = st.file_uploader("A picture of one digit", type=FILE_EXTENSIONS, key=f"file-{_count('files')}")
    with right:
        reading = read_upload(running, upload, model) if by_file.open else read_strokes(running, strokes, model)
        if reading is not None:
            show(reading, strokes=0 if by_file.open else len(strokes))
        else:
            st.html('<div class="waiting">The answer appears here.</div>')
    glance.html(_glance(reading))
    with st.container(key="feedback"):
        if reading is not None:
            ask(running, reading)


def choose_model(cards: dict[str, dict[str, Any]]) -> str:
    """The switch between the networks, each with its accuracy on the MNIST test set."""
    choice: str = st.segmented_control(
        "Model",
        list(cards),
        format_func=lambda name: f"{NAMES[name]} · {cards[name]['test_accuracy'] * 100:.1f} %",
        default=next(iter(cards)),
        required=True,
        key="model",
        help="The two networks, each with its accuracy on MNIST's test set.",
    )
    return choice


# --- The canvas: its strokes are in the component, its past and its name in the session ------------------------------


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
        st.session_state.undone = []  # a new stroke: what was undone before it cannot come back
    st.session_state.objects = objects
    try:
        return strokes_of(result.json_data)
    except ValueError:
        return []


def tools() -> None:
    """Undo, redo, clear and the brush. The component has buttons of its own, but shows them to a mouse alone."""
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
    """Put a new canvas in the old one's place, with these objects on it."""
    st.session_state.canvases = _count("canvases") + 1
    st.session_state.begin_with = {"objects": objects} if objects else None
    st.session_state.objects = objects


def _count(name: str) -> int:
    number: int = st.session_state.setdefault(name, 0)
    return number


# --- Reading ----------------------------------------------------------------------------------------------------------


def read_strokes(running: Service, strokes: list[np.ndarray], model: str) -> Reading | None:
    """Read what is on the canvas; one drawing keeps one id from its first stroke until the canvas is empty."""
    if not strokes:
        if st.session_state.pop("canvas_id", None):
            st.session_state.pop("recent", None)  # it was cleared by hand: the list below shows it from now on
        return None
    # The id comes first: this run may be broken off at any later point, by the next stroke, which must find it.
    drawing_id = st.session_state.setdefault("canvas_id", uuid4())
    try:
        with metrics.timed("preprocess"):
            frame = frame_strokes(strokes)
    except (NoInk, ValueError):
        return None
    return read(running, frame, model, "canvas", drawing_id)


def read_upload(running: Service, upload: Any, model: str) -> Reading | None:
    """Read an uploaded picture, or say kindly why that cannot be done. Each file is a drawing of its own."""
    if upload is None:
        return None
    ids: dict[str, UUID] = st.session_state.setdefault("upload_ids", {})
    drawing_id = ids.setdefault(upload.file_id, uuid4())
    try:
        with metrics.timed("preprocess"):
            frame = frame_pixels(decode(upload.getvalue()))
    except (NotAnImage, ImageTooLarge, NoInk) as error:
        st.error(str(error), icon=":material/broken_image:")
        return None
    return read(running, frame, model, "upload", drawing_id)


def read(running: Service, frame: np.ndarray, model: str, source: str, drawing_id: UUID) -> Reading:
    """Read a frame and hand the row to the writer, once per change: nobody waits for it here."""
    last: Reading | None = st.session_state.get("reading")
    if last and last.drawing_id == drawing_id and last.prediction.model == model and (last.frame == frame).all():
        return last
    reading = running.read(frame, model, drawing_id, source, current_visitor())
    running.save(reading)
    st.session_state.reading = reading
    return reading


# --- The answer -------------------------------------------------------------------------------------------------------


def show(reading: Reading, strokes: int) -> None:
    """The answer: the digit, how sure it is, a bar for each digit, and the frame that the model saw."""
    prediction = reading.prediction
    bars = "".join(_bar(digit, share, prediction) for digit, share in enumerate(prediction.probabilities))
    st.html(
        f'<div class="reading" role="status" aria-live="polite" aria-label="{_spoken(prediction)}">'
        f'<div class="digit {"" if prediction.is_digit else "doubt"}" '
        f'data-testid="digit" data-strokes="{strokes}">'
        f"{prediction.predicted_digit}</div>"
        f'<div class="says" data-testid="says">{_sentence(prediction)}</div></div>'
        f'<div class="bars" role="img" aria-label="{_all_spoken(prediction)}">{bars}</div>'
        f'<div class="seen"><img alt="The drawing as the model sees it" src="{_data_url(to_png(reading.frame))}">'
        f"<span>What the model sees: 28 × 28 points.</span></div>"
    )


def _glance(reading: Reading | None) -> str:
    hint = '<span class="hint">One digit, with the mouse, a finger or a pen.</span>'
    if reading is None:
        return f'<div class="glance">{hint}</div>'
    answer = f"<b>{reading.prediction.predicted_digit}</b> {_words(reading.prediction)}"
    return f'<div class="glance answered">{hint}<span class="answer" data-testid="glance">{answer}</span></div>'


def _percent(share: float) -> str:
    """A share as people say it: what is not certain is never 100 %."""
    return "over 99.9 %" if share > 0.999 else f"{share * 100:.1f} %"


def _words(prediction: Prediction) -> str:
    if not prediction.is_digit:
        return "This does not look like a digit."
    if prediction.confidence < SURE:
        first, second = sorted(range(10), key=lambda digit: -prediction.probabilities[digit])[:2]
        return f"Not sure: {first} or {second}?"
    return f"{_percent(prediction.confidence)} sure"


def _sentence(prediction: Prediction) -> str:
    best = f"{prediction.predicted_digit}, {_percent(prediction.confidence)}"
    doubtful = not prediction.is_digit or prediction.confidence < SURE
    return f"{_words(prediction)}<br><small>Best guess: {best}</small>" if doubtful else _words(prediction)


def _spoken(prediction: Prediction) -> str:
    return f"{prediction.predicted_digit}. {_words(prediction)}"


def _all_spoken(prediction: Prediction) -> str:
    return ", ".join(f"{digit}: {share * 100:.0f} %" for digit, share in enumerate(prediction.probabilities))


def _bar(digit: int, share: float, prediction: Prediction) -> str:
    best = " best" if digit == prediction.predicted_digit else ""
    return (
        f'<span class="name{best}">{digit}</span>'
        f'<span class="track"><div class="fill" style="width: {share * 100:.2f}%"></div></span>'
        f'<span class="percent">{share * 100:.1f} %</span>'
    )


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


# --- What was it really? ----------------------------------------------------------------------------------------------


def ask(running: Service, reading: Reading) -> None:
    """One click, on the digit that was read or on the right one; nothing is chosen beforehand."""
    digit = reading.prediction.predicted_digit
    with st.container(horizontal=True, vertical_alignment="center", key="labels"):
        if reading.prediction.is_digit:
            yes = f"Yes, a {digit}"
            st.button(yes, type="primary", icon=":material/check:", on_click=_say, args=(running, reading, digit))
            st.markdown("or it is a")
        else:
            st.markdown("If it is a digit, which one?")
        for label in range(10):
            key = f"it-is-{label}"
            st.button(str(label), key=key, help=f"It is a {label}", on_click=_say, args=(running, reading, label))
    if trouble := st.session_state.pop("trouble", None):
        st.error(trouble, icon=":material/error:")


def _say(running: Service, reading: Reading, label: int) -> None:
    """Save the label and clear the desk; if it cannot be kept anywhere, say so and leave the drawing where it is."""
    visitor = reading.visitor or "nobody"
    running.save(reading)  # once more, in case it was deleted from the list meanwhile
    note = _outcome(running.label(reading.drawing_id, label, visitor), f"that was a {label}. Thank you!")
    if note is None:
        st.session_state.trouble = "This could not be saved. Your drawing stays here; try again in a moment."
        return
    st.session_state.note = note
    st.session_state.files = _count("files") + 1
    for name in ("canvas_id", "reading", "recent"):
        st.session_state.pop(name, None)
    _clear()


def _outcome(written: Future[Written], what: str) -> str | None:
    """Wait until something is safe, and say where; None if it is nowhere."""
    try:
        done = written.result(PATIENCE)
    except TimeoutError:
        return f"Taken: {what} It is being saved."
    except NotWritten:
        return None
    return f"Kept until the database is back: {what}" if done.spooled else f"Saved: {what}"


# --- The visitor's own drawings ---------------------------------------------------------------------------------------


def recent_drawings(running: Service) -> None:
    """This visitor's own drawings; here a label can be changed, a drawing read again, or deleted."""
    drawings = _list_of(running)
    if not drawings:
        return
    st.subheader("Your recent drawings", anchor=False, divider="gray")
    with st.container(horizontal=True, key="recent_drawings"):
        for drawing in drawings:
            with st.container(border=True, width=122, gap="xsmall"):
                st.html(_picture(drawing))
                st.caption(_story(drawing))
                hint = f"Change the drawing that was read as {drawing.predicted_digit}"
                if st.button("Change", key=f"change-{drawing.drawing_id}", help=hint, width="stretch"):
                    change(running, drawing)


def _list_of(running: Service) -> list[RecentDrawing]:
    """The list as it was last seen; the database is asked again only when something of it has changed."""
    if st.session_state.get("recent") is None:
        with suppress(DatabaseAway):
            st.session_state.recent = running.recent(current_visitor())
    return st.session_state.get("recent") or []


@st.dialog("Change a drawing")
def change(running: Service, drawing: RecentDrawing) -> None:
    """What can be done with a drawing that is kept."""
    st.html(_picture(drawing))
    st.markdown(f"{_story(drawing).capitalize()}. What is it?")
    with st.container(horizontal=True, gap="xsmall"):
        labels = [st.button(str(digit), key=f"label-{digit}", help=f"It is a {digit}") for digit in range(10)]
    with st.container(horizontal=True):
        again = st.button("Read again", icon=":material/refresh:")
        delete = st.button("Delete", icon=":material/delete:")
    visitor = current_visitor()
    if any(labels):
        label = labels.index(True)
        _done(running.label(drawing.drawing_id, label, visitor, owner=visitor), f"that was a {label}.")
    if again:
        prediction, written = running.read_again(drawing, st.session_state.get("model", "cnn"), visitor)
        _done(written, f"read again as {prediction.predicted_digit}, {_percent(prediction.confidence)} sure.")
    if delete:
        if st.session_state.get("canvas_id") == drawing.drawing_id:
            _clear()  # it is still on the canvas
        _done(running.remove(drawing.drawing_id, visitor), "deleted.")


def _done(written: Future[Written], what: str) -> None:
    """Say what was done, ask for the list anew, and close the dialog."""
    note = _outcome(written, what)
    if note and written.done() and (written.result().row or (1,))[0] == 0:
        note = "This drawing is no longer there."
    st.session_state.note = note or "This could not be saved: try again in a moment."
    st.session_state.pop("recent", None)
    st.rerun()


def _picture(drawing: RecentDrawing) -> str:
    alt = f"Your drawing, read as {drawing.predicted_digit}"
    return f'<img class="kept" alt="{alt}" src="{_data_url(drawing.image)}">'


def _story(drawing: RecentDrawing) -> str:
    read = f"read **{drawing.predicted_digit}**"
    if drawing.true_label is None:
        return f"{read}, {drawing.confidence * 100:.0f} %"
    if drawing.true_label == drawing.predicted_digit:
        return f"{read} :green[✓]"
    return f"{read}, is **{drawing.true_label}**"


page()
