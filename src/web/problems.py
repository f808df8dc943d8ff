"""The API's errors: each is {"detail": "..."}, one sentence that says what to do, with the documented code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from frames.images import ImageTooLarge, NotAnImage
from frames.masks import NoInk
from frames.segmentation import TooManyDigits
from gateway.failures import SENTENCE
from learning.weights import ModelMissing
from serving.batching import TooManyAtOnce
from storage.database import DatabaseAway
from storage.writer import NotWritten, TooMuchToWrite
from web.decoding import AGAIN, Busy
from web.saving import NotSaved
from web.schemas import Problem

# What each status code means; every operation lists those that it returns.
_MEANINGS = {
    400: "Not a picture, or a malformed request.",
    403: "Only the app's own page may ask for this.",
    404: "Nothing has that name.",
    413: "The picture or the request is too large.",
    422: "There is no ink in the picture, it has more digits than are read here, or a field is wrong.",
    429: "Too many calls: Retry-After says how many seconds to wait.",
    503: "The model or the database is not ready, or too much is being read or saved: then Retry-After says how many "
    "seconds to wait.",
}


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What an operation that returns these codes has to declare."""
    return {code: {"model": Problem, "description": _MEANINGS[code]} for code in codes}


class NotFound(LookupError):
    """What a request names does not exist."""


class NotOurPage(PermissionError):
    """A request that only the app's own page may make."""


class SeveralDigits(ValueError):
    """A picture of several digits, where one was asked for."""


class TooFast(RuntimeError):
    """Somebody has to wait a minute."""


_CODES: dict[type[Exception], int] = {
    NotAnImage: 400,
    ImageTooLarge: 413,
    NoInk: 422,
    TooManyDigits: 422,
    SeveralDigits: 422,
    NotOurPage: 403,
    NotFound: 404,
    TooFast: 429,
    ModelMissing: 503,
    DatabaseAway: 503,
    NotWritten: 503,
    NotSaved: 503,
    Busy: 503,
    TooManyAtOnce: 503,
}
_AGAIN: dict[type[Exception], int] = {TooFast: 60, Busy: AGAIN, TooManyAtOnce: AGAIN, TooMuchToWrite: AGAIN}  # seconds


NO_JSON = "The body must be a JSON object, sent with the header content-type: application/json."
PROBLEMS = tuple(_CODES)


def problem(error: Exception) -> JSONResponse:
    """The answer to one of PROBLEMS."""
    code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
    wait = _AGAIN.get(type(error))
    headers = {"retry-after": str(wait)} if wait else None
    return JSONResponse({"detail": str(error)}, status_code=code, headers=headers)


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    return problem(error)


async def _not_served(request: Request, error: Exception) -> JSONResponse:
    """Refused by FastAPI itself: an unknown path, a wrong method, a malformed body."""
    assert isinstance(error, HTTPException)  # noqa: S101 - FastAPI calls it for nothing else
    docs = f"{request.scope['root_path']}/docs"
    sentences = {
        400: "This request cannot be read: its body is broken.",
        404: f"There is nothing at this address: {docs} shows what there is.",
        405: f"This address does not take {short(request.method)}: {docs} shows what it takes.",
    }
    detail = sentences.get(error.status_code, error.detail)
    return JSONResponse({"detail": detail}, status_code=error.status_code, headers=error.headers)


async def _bad_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - FastAPI calls it for nothing else
    first = error.errors()[0]
    return JSONResponse({"detail": what_is_wrong(first, first["loc"][1:])}, status_code=422)


async def _failed(_request: Request, _error: Exception) -> JSONResponse:
    """A mistake in this app; the server raises it once more after the answer, for the log."""
    return JSONResponse({"detail": SENTENCE}, status_code=500)


def what_is_wrong(error: Mapping[str, Any], location: Iterable[int | str]) -> str:
    """Pydantic's description of an invalid field, and where it is in the body, as one sentence."""
    field = ".".join(map(str, location))
    if error["type"] == "value_error" and not field:
        return str(error["ctx"]["error"])  # of the fields together, in a sentence of ours
    if error["type"] == "json_invalid" or not field:
        return NO_JSON
    if error["type"] == "missing":
        return f"{field} is missing."
    if error["type"] == "extra_forbidden":
        return f"There is no field {short(field)}."
    if field == "file":
        return "file must be a picture, sent as a file in a multipart form."
    return f"{field}: {error['msg'].removeprefix('Value error, ')}."


def short(text: str) -> str:
    """A client's text, quoted and cut so that a response may repeat it."""
    return ascii(text[:40])


def handle_errors(api: FastAPI) -> None:
    """Have an API answer every error so."""
    for error in _CODES:
        api.add_exception_handler(error, _problem)
    api.add_exception_handler(HTTPException, _not_served)
    api.add_exception_handler(RequestValidationError, _bad_request)
    api.add_exception_handler(Exception, _failed)
