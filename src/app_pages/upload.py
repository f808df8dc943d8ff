"""The upload: a picture in the canvas's place, with what was read in it outlined, or why it cannot be read.

It comes from a file, the clipboard or the camera. The session holds one picture at a time. Whatever is chosen, dropped,
pasted or photographed replaces it: a file that is refused as well.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import streamlit as st
from PIL import Image

import metrics
from app_pages.number_upload import UploadedNumber, read_picture
from app_pages.pad import Pad, current_pad
from app_pages.turns import elsewhere
from frames.drawing import Drawing, from_ink
from frames.images import (
    FILE_EXTENSIONS,
    FORMAT_NAMES,
    MAX_BYTES,
    SIZE_LIMIT,
    ImageTooLarge,
    NotAnImage,
    too_many_bytes,
)
from frames.ink import Ink, find_ink
from frames.masks import NoInk
from frames.preview import Preview, preview_of
from gateway import uploads
from gateway.kept_files import kept_file
from gateway.visitors import current_visitor
from serving.app_state import AppState
from serving.batching import TooManyAtOnce
from serving.page_readings import DrawingState
from serving.reading import Reading
from web.decoding import Busy, made_now

KEY = "upload"
# What the component stops before Streamlit's uploader sees it, or the app did not take in, and what is said then.
REFUSED = {
    "size": str(too_many_bytes()),
    "several": "These are several files: send one picture at a time.",
    "folder": str(NotAnImage()),
    "turn": uploads.ONE_AT_A_TIME,
    "full": uploads.FULL,
    "clipboard": "There is no picture to paste: copy one first, or press Ctrl+V here.",
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
    """The picture that came last: its drawing and how that looks, or why there is none.

    `file_id` is that of the file in the uploader; a photograph has none. `kept_as` is that of the file in memory, which
    is not here as well: there it is counted. The ink is there until the drawing has been read: only then is it known
    which of it is meant.
    """

    file_id: str = ""
    source: str = "upload"
    refusal: str = ""
    drawing: Drawing | None = None
    ink: Ink | None = None
    preview: Preview | None = None
    kept_as: str = ""
    drawing_id: UUID = field(default_factory=uuid4)


def uploader(shown: bool) -> Any:
    """Show the uploader, or the camera where somebody has asked for it; returns the file in the uploader, if any.

    It takes every type: the bytes decide, and a file that it refused would leave the one before in its place. Without
    being `shown` the camera is off.
    """
    photographing = st.session_state.get("photographing", False) and shown
    st.session_state.photographing = photographing
    file = None
    if photographing:
        key = f"photo-{_emptied()}"
        st.camera_input("A photograph of a digit or a number", key=key, on_change=_take, args=(key,))
    else:
        label = f"A picture of a digit or a number: {FORMAT_NAMES}, at most {SIZE_LIMIT}"
        file = st.file_uploader(label, key=f"file-{_emptied()}")
    with st.container(horizontal=True, key="ways", gap="xsmall"):
        if photographing:
            st.button("File", icon=":material/upload_file:", key="by-file", on_click=_photograph, args=(False,))
        else:
            st.button("Camera", icon=":material/photo_camera:", key="by-camera", on_click=_photograph, args=(True,))
            st.button("Paste", icon=":material/content_paste:", key="by-paste")  # the component does it
    return file


def read_upload(state: AppState, file: Any, pad: Pad) -> Reading | UploadedNumber | None:
    """Read the file in the uploader and show what was read in it, or say why that is not possible."""
    upload = _current(file)
    read = None
    if upload.drawing is not None:
        try:
            read = _read(state, upload, upload.drawing, pad)
        except TooManyAtOnce as error:
            st.session_state.trouble = str(error)
        else:
            upload = _seen(upload) if isinstance(read, UploadedNumber) else _outlined(upload, read.drawing)
    single = not isinstance(read, UploadedNumber)  # else it is shown with the digits
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
            "preview": _shown(upload.preview) if upload.preview and single else None,
        },
        on_refused_change=_refuse,
    )
    return read


def uploaded_picture() -> str:
    """The picture that was uploaded last, small, as a data URL."""
    preview = st.session_state.upload.preview
    return _shown(preview)["picture"] if preview else ""


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


def _photograph(begin: bool) -> None:
    """Open the camera, or close it. What was read before goes away with the uploader that had it."""
    st.session_state.photographing = begin
    _empty(Upload())


def _take(key: str) -> None:
    """Read the photograph that was taken, and close the camera."""
    photograph = st.session_state[key]
    if photograph is not None:
        st.session_state.photographing = False
        _empty(replace(_opened(photograph, "camera"), file_id=""))


def _opened(file: Any, source: str = "upload") -> Upload:
    try:
        with metrics.timed("preprocess"), elsewhere():
            ink, drawing = made_now(file.getvalue(), _drawing)
    except (NotAnImage, ImageTooLarge, NoInk, Busy) as error:
        return Upload(file.file_id, source, str(error))
    return Upload(file.file_id, source, "", drawing, ink, kept_as=file.file_id)


def _outlined(upload: Upload, chosen: Drawing) -> Upload:
    """The upload with the ink outlined that was chosen in reading it; that is what is read from now on."""
    if upload.ink is None or upload.drawing is None:
        return upload
    versions = zip((upload.drawing, *upload.drawing.alternatives), (upload.ink, *upload.ink.others), strict=True)
    read = next(ink for drawing, ink in versions if drawing.frame is chosen.frame)
    upload = replace(upload, drawing=chosen, ink=None, preview=preview_of(read))
    st.session_state.upload = upload
    return upload


def _seen(upload: Upload) -> Upload:
    """The upload with a preview, though none of its ink is a digit by itself."""
    if upload.preview is None and upload.ink is not None:
        upload = replace(upload, preview=preview_of(upload.ink))
        st.session_state.upload = upload
    return upload


def _drawing(picture: Image.Image) -> tuple[Ink, Drawing]:
    ink = find_ink(picture)
    return ink, from_ink(ink)


def _read(state: AppState, upload: Upload, drawing: Drawing, pad: Pad) -> Reading | UploadedNumber:
    on_page = DrawingState(upload.drawing_id, pad.revision, 1, pad.model, current_visitor(), upload.source)
    return read_picture(state, on_page, drawing, kept_file(upload.kept_as))


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
