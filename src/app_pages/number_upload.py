"""An uploaded picture that holds several digits: each is read by itself, in a box of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from app_pages.whole_number import WholeNumber
from frames.drawing import Drawing
from frames.images import ImageTooLarge, NotAnImage, upright_size
from frames.lattice import Lattice
from frames.segmentation import in_picture
from serving.app_state import AppState
from serving.page_readings import DrawingState
from serving.reading import Reading
from serving.whole_numbers import is_one_digit, several_digits
from web.decoding import Busy, made_now


@dataclass
class UploadedNumber:
    """A number, and the width and height that the boxes of its digits are within."""

    number: WholeNumber
    size: tuple[int, int] = (1, 1)

    def lattice(self, data: bytes) -> Lattice:
        """What may be digits in the picture in a file's bytes. Raises what `made_now` does."""
        self.size = upright_size(data)
        return in_picture(made_now(data, lambda picture: picture), self.size)


def read_picture(state: AppState, on_page: DrawingState, drawing: Drawing, data: bytes) -> Reading | UploadedNumber:
    """Read a picture as one digit; where all of it is none, its file's bytes may show several, or too many.

    Its row is kept where it is one drawing, and where it is a number those of its digits.
    """
    reading = state.page_readings.read(on_page, lambda: drawing, wanted=partial(is_one_digit, drawing=drawing)).result()
    if is_one_digit(reading, drawing):
        return reading
    uploaded, is_digit = _uploaded(on_page), reading.prediction.is_digit
    number = uploaded.number
    try:
        now = number.read(
            state, lambda: uploaded.lattice(data), on_page, on_page.model, on_page.visitor, wanted=several_digits
        )
    except (Busy, NotAnImage, ImageTooLarge) as error:  # it could be decoded a moment ago
        number.refusal, now = str(error), True
    if number.numbers.digits or (number.refusal and not is_digit):
        return uploaded
    if now and not state.settings.read_only:
        state.reader.keep(reading)
    return reading


def _uploaded(on_page: DrawingState) -> UploadedNumber:
    """What is known of the digits in the picture that was uploaded last."""
    uploaded: UploadedNumber | None = st.session_state.get("uploaded_number")
    if uploaded is None or uploaded.number.number_id != on_page.drawing_id:
        uploaded = UploadedNumber(WholeNumber(on_page.source, on_page.drawing_id))
        st.session_state.uploaded_number = uploaded
    return uploaded
