"""The way in for programs: FastAPI, mounted under /api on the pages' own port.

Every answer that is no success is {"detail": "..."}, one sentence that says what to do.
"""

from __future__ import annotations

import asyncio
import binascii
import os
import re
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

import metrics
from frames.images import MAX_BYTES, ImageTooLarge, NotAnImage, decode
from frames.ink import NoInk
from frames.preprocessing import frame_pixels
from serving import app_state
from serving.prediction import ModelMissing
from settings import load_settings
from storage.database import DatabaseAway
from storage.model_store import Version
from storage.writer import NotWritten
from web.middleware import BodyLimit, RateLimit
from web.schemas import (
    Answer,
    Calibration,
    DayTally,
    Feedback,
    Labelled,
    Model,
    ModelCard,
    Picture,
    PictureForm,
    Problem,
    Stats,
    Tally,
    Training,
    VersionTally,
)
from web.visitors import api_visitor

DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)

# What can go wrong, by the code of the answer: each operation names its own.
_MEANINGS = {
    400: "This is no picture, or the request cannot be read.",
    404: "There is nothing of that name.",
    413: "The picture or the request is too large.",
    422: "Nothing is drawn, or a field is wrong.",
    429: "Too many calls: Retry-After says in how many seconds to go on.",
    503: "The model or the database is not ready.",
}


def _problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: {"model": Problem, "description": _MEANINGS[code]} for code in codes}


api = FastAPI(
    title="Digit reader",
    description="Reads handwritten digits, and keeps what people say they are.",
    version="1",
    docs_url=None,
    redoc_url=None,
    redirect_slashes=False,
    # Nobody collects it here: /metrics has what there is to know.
    telemetry={"tracing": False, "metrics": False, "logs": False},
)

# --- Reading ----------------------------------------------------------------------------------------------------------


# FastAPI's own way with a form costs every tenth prediction of a busy second: it is described here, and read below.
_FORM = {"required": True, "content": {"multipart/form-data": {"schema": PictureForm.model_json_schema()}}}


@api.post(
    "/predict",
    response_model=Answer,
    responses=_problems(400, 413, 422, 429, 503),
    openapi_extra={"requestBody": _FORM},
)
async def predict(request: Request) -> Response:
    """Read the digit in a picture, and keep the answer as a row.

    Name and content type of the file are ignored: its bytes decide.
    """
    sent = await _sent(request)
    try:
        form = _picture_form(sent)
        picture = await form.file.read(MAX_BYTES + 1)
    finally:
        await sent.close()
    answer = await _answer(picture, form.model, form.session)
    return Response(answer.model_dump_json(), media_type="application/json")


async def _sent(request: Request) -> FormData:
    try:
        return await request.form()
    except HTTPException:
        raise
    except Exception as error:  # the parser has many kinds, and all mean the same
        raise HTTPException(400) from error


def _picture_form(sent: FormData) -> PictureForm:
    """What was sent, checked; a field that is left empty counts as left out. Raises RequestValidationError."""
    try:
        return PictureForm.model_validate({name: value for name, value in sent.items() if value != ""})
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from error


@api.post("/predict/base64", responses=_problems(400, 413, 422, 429, 503))
async def predict_base64(picture: Picture) -> Answer:
    """Read the digit in a picture that comes within JSON, and keep the answer as a row."""
    return await _answer(picture.image, picture.model, picture.session)


# A photograph takes a hundred times as long to decode as a drawing: it must not stand in the drawings' way.
PHOTOGRAPH = 100_000  # bytes
_photographs = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="photograph")


async def _answer(picture: bytes | str, model: str, session: str) -> Answer:
    """Read a picture, its bytes or base64, and answer when its row is safe: committed, or synced in the spool."""

    def frame() -> np.ndarray:
        with metrics.timed("preprocess"):
            return frame_pixels(decode(_bytes(picture) if isinstance(picture, str) else picture))

    with metrics.timed("total"):
        ready = frame
        if len(picture) > PHOTOGRAPH:
            photograph = _photographs.submit(frame)
            await asyncio.wrap_future(photograph)
            ready = photograph.result
        saved = app_state.start().read_and_save(ready, model, "api", api_visitor(session))
        reading = await asyncio.wrap_future(saved)
    fields = vars(reading.prediction) | {"probabilities": list(reading.prediction.probabilities)}
    return Answer(id=reading.drawing_id, **fields)


def _bytes(text: str) -> bytes:
    """What base64 or a data URL stands for; line breaks in it are no matter. Raises NotAnImage."""
    prefix = DATA_URL.match(text)
    try:
        return b64decode("".join(text[prefix.end() if prefix else 0 :].split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAnImage("This is not base64: send the picture's bytes in base64, or a data URL of them.") from error


# --- Saying what it was -----------------------------------------------------------------------------------------------


@api.post("/feedback", responses=_problems(400, 404, 413, 422, 429, 503))
async def feedback(said: Feedback) -> Labelled:
    """Say what a drawing really is.

    The drawing's id is the right to do so: nobody has it but who sent the drawing. While the database is away the label
    is kept, and reaches its drawing when the database is back.
    """
    written = await asyncio.wrap_future(app_state.start().label(said.id, said.label, "api"))
    found, review = written.row or (1, "pending")  # in the spool, behind the drawing's own row
    if not found:
        raise NotFound(f"There is no drawing {said.id}: send the id that came with a prediction.")
    return Labelled(id=said.id, label=said.label, review=review)


# --- What there is ----------------------------------------------------------------------------------------------------


@api.get("/models", responses=_problems(429, 503))
def models() -> list[Model]:
    """The models that can be asked, the best first; then their other versions, the newest first.

    While the database is away, those that can be asked alone.
    """
    running = app_state.start()
    cards = running.cards()
    answering = {(name, card["model_version"]) for name, card in cards.items()}
    with suppress(DatabaseAway):
        others = [each for each in running.versions() if (each.model, each.version) not in answering]
        return [*_answering(cards), *(each for version in others for each in _stored(version))]
    return _answering(cards)


def _answering(cards: dict[str, dict[str, Any]]) -> list[Model]:
    return [Model(**_summary(name, card)) for name, card in cards.items()]


def _stored(version: Version) -> list[Model]:
    """A version that does not answer; nothing where its figures are damaged, so that it never will."""
    card = version.metrics | {"model_version": version.version, "size_bytes": version.size_bytes}
    with suppress(KeyError, ValueError):  # pydantic's complaint is a ValueError
        return [Model(**_summary(version.model, card) | {"active": False, "status": version.status})]
    return []


@api.get("/models/{model}", responses=_problems(404, 422, 429, 503))
def model_card(model: str) -> ModelCard:
    """All that is known of a model: how good it is, and how it became so."""
    cards = app_state.start().cards()
    if model not in cards:
        raise NotFound(f"There is no model {_short(model)}: the models are {', '.join(cards)}.")
    card = cards[model]
    return ModelCard(
        **_summary(model, card),
        validation_accuracy=card["validation_accuracy"],
        per_digit_accuracy=card["per_digit_accuracy"],
        calibration=Calibration(**{name: card[name] for name in ("temperature", "ece", "nll")}),
        trained=Training(at=card["trained_at"], data=card["data"], seconds=card["wall_seconds"]),
        sha256=card["sha256"],
    )


def _summary(name: str, card: dict[str, Any]) -> dict[str, Any]:
    same = ("model_version", "architecture", "parameters", "size_bytes")
    answers = {"model": name, "active": True, "status": "active", "accuracy": card["test_accuracy"]}
    return answers | {field: card[field] for field in same}


@api.get("/stats", responses=_problems(429, 503))
def stats() -> Stats:
    """How much was read and labelled, how often it was right, and what was taken for what."""
    figures = app_state.start().insights.figures()
    return Stats(
        total=Tally.model_validate(figures.total),
        predicted=figures.predicted,
        labels=figures.labels,
        confusion=figures.confusion,
        versions=[
            VersionTally(model=model, model_version=version, **_tally(tally))
            for (model, version), tally in figures.versions.items()
        ],
        days=[DayTally(day=day, **_tally(tally)) for day, tally in figures.days.items()],
        sources=figures.sources,
    )


def _tally(tally: object) -> dict[str, Any]:
    return Tally.model_validate(tally).model_dump()


# --- The documentation ------------------------------------------------------------------------------------------------
# Swagger UI's own files come from a package, so that the page works without the internet. Its addresses are relative:
# they hold under /api and behind any proxy.

api.mount("/docs/files", GZipMiddleware(StaticFiles(packages=[("fastapi_swagger", "resources")])))


@api.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    """The page on which every operation can be read and tried."""
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title="Digit reader: the API",
        swagger_js_url="docs/files/swagger-ui-bundle.js",
        swagger_css_url="docs/files/swagger-ui.css",
        swagger_favicon_url="docs/files/favicon-32x32.png",
        swagger_ui_parameters={"validatorUrl": None},  # it would send the schema to a stranger's server
    )


# --- What goes wrong --------------------------------------------------------------------------------------------------


class NotFound(LookupError):
    """What a request names is not there."""


_CODES: dict[type[Exception], int] = {
    NotAnImage: 400,
    ImageTooLarge: 413,
    NoInk: 422,
    NotFound: 404,
    ModelMissing: 503,
    DatabaseAway: 503,
    NotWritten: 503,
}


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=_CODES[type(error)])


async def _not_served(request: Request, error: Exception) -> JSONResponse:
    """What FastAPI itself refuses: an unknown path, a wrong method, a body that cannot be read."""
    assert isinstance(error, HTTPException)  # noqa: S101 - FastAPI calls it for nothing else
    sentences = {
        400: "This request cannot be read: its body is broken.",
        404: "There is nothing at this address: /api/docs shows what there is.",
        405: f"This address does not take {_short(request.method)}: /api/docs shows what it takes.",
    }
    detail = sentences.get(error.status_code, error.detail)
    return JSONResponse({"detail": detail}, status_code=error.status_code, headers=error.headers)


async def _bad_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - FastAPI calls it for nothing else
    return JSONResponse({"detail": _what_is_wrong(error.errors()[0])}, status_code=422)


def _what_is_wrong(error: dict[str, Any]) -> str:
    """Pydantic's description of a wrong field, as one sentence."""
    field = ".".join(str(part) for part in error["loc"][1:])
    if error["type"] == "json_invalid" or not field:
        return "The body must be a JSON object, sent with the header content-type: application/json."
    if error["type"] == "missing":
        return f"{field} is missing."
    if error["type"] == "extra_forbidden":
        return f"There is no field {_short(field)}."
    if field == "file":
        return "file must be a picture, sent as a file in a multipart form."
    return f"{field}: {error['msg'].removeprefix('Value error, ')}."


def _short(text: str) -> str:
    """What somebody sent, in quotes, as an answer may repeat it."""
    return ascii(text[:40])


# The first that is added is the innermost: a call is counted before its body is looked at.
api.add_middleware(BodyLimit)
if _rate := load_settings().api_rate_limit:
    api.add_middleware(RateLimit, rate=_rate, free=("/docs", "/openapi.json"))
for _error in _CODES:
    api.add_exception_handler(_error, _problem)
api.add_exception_handler(HTTPException, _not_served)
api.add_exception_handler(RequestValidationError, _bad_request)
