"""POST /api/read: whole numbers, of one line or several; each digit found is a drawing of its own."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response

import metrics
from frames.images import upright_size
from frames.lattice import Lattice
from frames.segmentation import in_picture
from gateway.visitors import api_visitor
from serving.app_state import get_app_state
from serving.whole_numbers import Digit, Numbers
from web.decoding import made_of
from web.forms import FORM, picture_form
from web.keeping import all_kept
from web.model_choice import model_for
from web.problems import problems
from web.schemas import SECRET_LENGTH, NumberAnswer, NumberDigit

RATE = "10/second"  # of one client: a picture of twenty digits takes a tenth of a second or two

router = APIRouter()


@router.post(
    "/read",
    response_model=NumberAnswer,
    responses=problems(400, 413, 422, 429, 503),
    openapi_extra={"requestBody": FORM},
)
async def read(request: Request) -> Response:
    """Read all digits in a picture, line by line, and keep each as a row of its own.

    What stands among them and is no digit is listed with is_digit false, and is not in the text; where nothing is a
    digit, the text is empty.
    """
    form, picture = await picture_form(request)
    app, model = get_app_state(), await model_for(form)
    personal = form.personal and len(form.session) >= SECRET_LENGTH
    with metrics.timed("total"):
        decoded = await made_of(picture, lambda image: image)

        def lattice() -> Lattice:  # made where numbers are read: of a hostile picture that takes seconds
            return in_picture(decoded(), upright_size(picture))

        visitor = None if app.settings.read_only else api_visitor(form.session)
        read = app.numbers.read(lattice, model, "api", visitor, personal=personal)
        numbers = await asyncio.wrap_future(read)
        kept = not app.settings.read_only and await all_kept(app.numbers.keep(numbers))
    return Response(_answer(numbers, kept).model_dump_json(), media_type="application/json")


def _answer(numbers: Numbers, kept: bool) -> NumberAnswer:
    digits = [_digit(digit, kept) for digit in numbers.digits]
    return NumberAnswer(text=numbers.text, lines=numbers.texts, digits=digits)


def _digit(digit: Digit, kept: bool) -> NumberDigit:
    prediction = digit.reading.prediction
    return NumberDigit(
        box=digit.box,
        id=digit.reading.drawing_id if kept else None,
        predicted_digit=prediction.predicted_digit,
        confidence=prediction.confidence,
        probabilities=list(prediction.probabilities),
        is_digit=prediction.is_digit,
    )
