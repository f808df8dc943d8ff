"""The way in for programs: FastAPI, mounted under /api on the pages' own port."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import FastAPI, File, Form, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import service
from database import DatabaseAway
from images import MAX_BYTES, ImageTooLarge, NotAnImage, decode
from ink import NoInk
from prediction import MODELS, ModelMissing
from preprocessing import frame_pixels
from visitors import api_visitor
from writer import NotWritten

SESSION_LENGTH = 200

MAX_BODY = MAX_BYTES + 64 * 1024  # a picture of the largest size, and the form around it


class BodyLimit:
    """ASGI middleware: a body of more than MAX_BODY bytes is a 413, before it is on this machine's disk."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in; past the limit, hang up on the sender and answer for the app."""
        too_large = JSONResponse({"detail": "This is too large: send a picture of at most 5 MB."}, status_code=413)
        declared = Headers(scope=scope).get("content-length", "0") if scope["type"] == "http" else "0"
        if declared.isdecimal() and int(declared) > MAX_BODY:
            await too_large(scope, receive, send)
            return
        received, answered = 0, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message if received <= MAX_BODY else {"type": "http.disconnect"}

        async def corrected(message: Message) -> None:
            nonlocal answered
            if received <= MAX_BODY:
                await send(message)
            elif not answered:
                answered = True
                await too_large(scope, receive, send)

        await self.app(scope, counted, corrected)


api = FastAPI(title="Digit reader", description="Reads handwritten digits, and keeps what people say they are.")


class Answer(BaseModel):
    """What the model reads in a picture."""

    id: UUID = Field(description="The drawing's id; who has it may label the drawing.")
    predicted_digit: int = Field(ge=0, le=9)
    confidence: float = Field(ge=0, le=1, description="The calibrated probability of predicted_digit.")
    probabilities: list[float] = Field(min_length=10, max_length=10, description="Of 0 to 9, in order.")
    digit_score: float = Field(ge=0, le=1, description="How much the picture is a digit at all.")
    is_digit: bool
    model: str
    model_version: int = Field(ge=1)
    elapsed_ms: float = Field(ge=0)


class Problem(BaseModel):
    """What is wrong, in one sentence that says what to do."""

    detail: str


_PROBLEMS: dict[int | str, dict[str, object]] = {
    code: {"model": Problem, "description": text}
    for code, text in (
        (400, "The file is not an image."),
        (413, "The image is too large."),
        (422, "Nothing is drawn, or a field is wrong."),
        (503, "The model or the database is not ready."),
    )
}


@api.post("/predict", responses=_PROBLEMS)
async def predict(
    file: Annotated[UploadFile, File(description="The picture: PNG, JPEG, WebP, BMP or GIF, at most 5 MB.")],
    model: Annotated[str, Form(description="The network that reads it: cnn or linear.")] = "cnn",
    session: Annotated[str, Form(max_length=SESSION_LENGTH, description="Groups one person's drawings.")] = "",
) -> Answer:
    """Read the digit in a picture, and keep the answer as a row."""
    if model not in MODELS:
        raise BadField(f"There is no model {model[:40]!r}: choose one of {', '.join(MODELS)}.")
    data = await file.read(MAX_BYTES + 1)
    return await run_in_threadpool(_read, data, model, session)


def _read(data: bytes, model: str, session: str) -> Answer:
    frame = frame_pixels(decode(data))
    running = service.start()
    reading = running.read(frame, model, uuid4(), "api", api_visitor(session))
    running.save(reading).result()  # answered means kept: committed, or synced in the spool
    fields = vars(reading.prediction) | {"probabilities": list(reading.prediction.probabilities)}
    return Answer(id=reading.drawing_id, **fields)


class BadField(ValueError):
    """A field of a request makes no sense."""


_CODES: dict[type[Exception], int] = {
    NotAnImage: 400,
    ImageTooLarge: 413,
    NoInk: 422,
    BadField: 422,
    ModelMissing: 503,
    DatabaseAway: 503,
    NotWritten: 503,
}


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=_CODES[type(error)])


async def _bad_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - FastAPI calls it for nothing else
    return JSONResponse({"detail": _what_is_wrong(error.errors()[0])}, status_code=422)


def _what_is_wrong(error: dict[str, Any]) -> str:
    """Pydantic's description of a wrong field, as one sentence."""
    field = ".".join(str(part) for part in error["loc"][1:]) or "The request"
    if error["type"] == "missing":
        return f"{field} is missing."
    if field == "file":
        return "file must be a picture, sent as a file in a multipart form."
    return f"{field}: {error['msg']}."


api.add_middleware(BodyLimit)
for _error in _CODES:
    api.add_exception_handler(_error, _problem)
api.add_exception_handler(RequestValidationError, _bad_request)
