"""A picture as a file in a multipart form: what may be sent so, and how it is taken out."""

from __future__ import annotations

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from frames.images import MAX_BYTES
from web.schemas import PictureForm

# FastAPI's own form parsing would cost a tenth of the predictions a second: the form is described here, and read below.
FORM = {"required": True, "content": {"multipart/form-data": {"schema": PictureForm.model_json_schema()}}}


async def picture_form(request: Request) -> tuple[PictureForm, bytes]:
    """The form that was sent, and the picture's bytes, of which one more than MAX_BYTES at most.

    Raises RequestValidationError, and HTTPException for a body that is no form.
    """
    sent = await _sent(request)
    try:
        form = _validated(sent)
        return form, await form.file.read(MAX_BYTES + 1)
    finally:
        await sent.close()


async def _sent(request: Request) -> FormData:
    try:
        return await request.form()
    except HTTPException:
        raise
    except Exception as error:  # the parser raises many kinds, and all mean the same
        raise HTTPException(400) from error


def _validated(sent: FormData) -> PictureForm:
    """The validated form; an empty field counts as left out. Raises RequestValidationError."""
    try:
        return PictureForm.model_validate({name: value for name, value in sent.items() if value != ""})
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from error
