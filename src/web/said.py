"""POST /api/said: what a visitor says that the drawing on their canvas is; the page goes on with the next one at once.

A run of the page's script would do the same, but costs ten times as much. It learns of the label when it runs next, by
Ended. The visitor is the page's cookie, and only a drawing that has been read for them can be labelled here.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, StrictInt
from starlette.requests import Request

from gateway.clients import client_of
from learning.classes import DIGITS, NOT_A_DIGIT
from serving.app_state import get_app_state
from serving.page_readings import DrawingState, Ended
from storage.database import DatabaseAway
from storage.nothing_kept import NOTHING_KEPT
from web.labelling import Said, give_label
from web.problems import NotFound, TooFast
from web.saving import TooHasty, awaited_outcome, thanks
from web.strokes import OnPage, visitor_on_our_page

RATE = "20/second"  # of one client: a class behind one address, who label at the same time


class Labelled(OnPage):
    """A drawing whose answer, to so many strokes, is shown, and what it is; null is not a digit."""

    strokes: Annotated[StrictInt, Field(ge=1, le=10_000)]
    label: Annotated[StrictInt, Field(ge=0, lt=DIGITS)] | None


class Next(BaseModel):
    """The drawing that the page goes on with, and what it says of the last one."""

    id: UUID
    text: str


async def said(told: Labelled, request: Request) -> Next:
    """Save a label; answered when it is safe."""
    visitor, app = visitor_on_our_page(request), get_app_state()
    if app.settings.read_only:
        raise DatabaseAway(NOTHING_KEPT)
    reading = app.page_readings.known(DrawingState(told.id, told.revision, told.strokes, told.model, visitor))
    if reading is None:
        raise NotFound("This drawing is no longer known: add a stroke, or draw it again.")
    app.reader.keep(reading)  # again, in case it was deleted from the list meanwhile
    label = NOT_A_DIGIT if told.label is None else told.label
    written = give_label(app, Said(told.id, label, visitor), client_of(request.scope), visitor)
    try:
        text = await awaited_outcome(written, thanks(label))
    except TooHasty as error:
        raise TooFast(str(error)) from error
    ended = Ended(uuid4(), text, reading.drawing.strokes or "[]")
    app.page_readings.end(told.id, visitor, ended)
    return Next(id=ended.next_id, text=text)
