"""The upload: a picture from a file in the canvas's place, with what was read in it outlined, or why it cannot be read.

The session holds one picture at a time. Whatever is chosen or dropped replaces it: a file that is refused as well.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import streamlit as st

import metrics
from app_pages.pad import Pad, current_pad
from frames.drawing import Drawing, from_ink
from frames.images import (
    FILE_EXTENSIONS,
    FORMAT_NAMES,
    MAX_BYTES,
    SIZE_LIMIT,
    ImageTooLarge,
    NotAnImage,
    decode,
    too_many_bytes,
)
from frames.ink import Ink, find_ink
from frames.masks import NoInk
from frames.preview import Preview, preview_of
from serving.app_state import AppState
from serving.page_readings import DrawingState
from serving.reading import Reading
from web.visitors import current_visitor

KEY = "upload"
# What the component stops before Streamlit's uploader sees it, and what is said then.
REFUSED = {
    "size": str(too_many_bytes()),
    "several": "These are several files: send one picture at a time.",
    "folder": str(NotAnImage()),
}

_HERE = Path(__file__)
_component = st.components.v2.component(
    KEY,
    html=_HERE.with_suffix(".html").read_text(encoding="utf-8"),
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Upload:
    """The file that was chosen last: its drawing and how that looks, or why there is none.

    The ink is there until the drawing has been read: only then is it known which of it is meant.
    """

    file_id: str = ""
    refusal: str = ""
    drawing: Drawing | None = None
    ink: Ink | None = None
    preview: Preview | None = None
    drawing_id: UUID = field(default_factory=uuid4)


def uploader() -> Any:
    """Show the uploader; returns the file in it, if any.

    It takes every type: the bytes decide, and a file that it refused would leave the one before in its place.
    """
    label = f"A picture of one digit: {FORMAT_NAMES}, at most {SIZE_LIMIT}"
    return st.file_uploader(label, key=f"file-{_emptied()}")


def read_upload(state: AppState, file: Any, pad: Pad) -> Reading | None:
    """Read the file in the uploader and show what was read in it, or say why that is not possible."""
    upload = _current(file)
    reading = None
    if upload.drawing is not None:
        reading = _read(state, upload, upload.drawing, pad)
        upload = _outlined(upload, reading.drawing)
    if upload.refusal:
        st.error(upload.refusal, icon=":material/broken_image:")
    _component(
        key=KEY,
        data={
            # Never the same twice: of a message over 10 KB that it has sent before, Streamlit sends only a reference,
            # which a browser may no longer know after runs that were interrupted. Then the page ends in an error.
            "run": pad.runs,
            "limit": MAX_BYTES,
            "accept": ",".join(f".{extension}" for extension in FILE_EXTENSIONS),
            "preview": _shown(upload.preview) if upload.preview else None,
        },
        on_refused_change=_refuse,
    )
    return reading


def forget_upload(drawing_id: UUID | None = None) -> Callable[[], None]:
    """Empty the uploader; with an id, only if it holds that drawing. What is returned brings its picture back."""
    upload: Upload = st.session_state.get("upload", Upload())
    if drawing_id not in (None, upload.drawing_id):
        return lambda: None
    _empty(Upload())
    return lambda: _bring_back(upload)


def _bring_back(upload: Upload) -> None:
    """Show a picture again, of which the uploader no longer has the file."""
    if upload.drawing is not None:
        _empty(replace(upload, file_id=""))
        current_pad().show("Upload")


def _current(file: Any) -> Upload:
    """The file in the uploader, decoded once; without one, what was refused last."""
    upload: Upload = st.session_state.setdefault("upload", Upload())
    if file is not None and file.file_id != upload.file_id:
        upload = _opened(file)
    elif file is None and upload.file_id:
        upload = Upload()  # it was taken away
    st.session_state.upload = upload
    return upload


def _opened(file: Any) -> Upload:
    try:
        with metrics.timed("preprocess"):
            ink = find_ink(decode(file.getvalue()))
            drawing = from_ink(ink)
    except (NotAnImage, ImageTooLarge, NoInk) as error:
        return Upload(file.file_id, str(error))
    return Upload(file.file_id, "", drawing, ink)


def _outlined(upload: Upload, chosen: Drawing) -> Upload:
    """The upload with the ink outlined that was chosen in reading it; that is what is read from now on."""
    if upload.ink is None or upload.drawing is None:
        return upload
    versions = zip((upload.drawing, *upload.drawing.alternatives), (upload.ink, *upload.ink.others), strict=True)
    read = next(ink for drawing, ink in versions if drawing.frame is chosen.frame)
    upload = replace(upload, drawing=chosen, ink=None, preview=preview_of(read))
    st.session_state.upload = upload
    return upload


def _read(state: AppState, upload: Upload, drawing: Drawing, pad: Pad) -> Reading:
    on_page = DrawingState(upload.drawing_id, pad.revision, 1, pad.model, current_visitor(), "upload")
    return state.page_readings.read(on_page, lambda: drawing).result()


def _shown(preview: Preview) -> dict[str, Any]:
    """A preview as the component takes it."""
    return {
        "width": preview.width,
        "height": preview.height,
        "picture": "data:image/webp;base64," + base64.b64encode(preview.picture).decode(),
        "outline": preview.outline,
        "alt": "Your picture, with the ink that was read outlined",
    }


def _refuse() -> None:
    """Say why a file was stopped; the one before goes away. Streamlit calls this more than once for one file."""
    refused = st.session_state[KEY]["refused"]
    if refused != st.session_state.get("refused"):
        st.session_state.refused = refused
        _empty(Upload(refusal=REFUSED.get(refused["reason"], str(NotAnImage()))))


def _empty(upload: Upload) -> None:
    """Put an empty uploader in the place of the one that is shown, and say what `upload` has to say."""
    st.session_state.upload = upload
    st.session_state.files = _emptied() + 1


def _emptied() -> int:
    """How often the uploader was emptied: each next one is a widget of its own."""
    number: int = st.session_state.setdefault("files", 0)
    return number
