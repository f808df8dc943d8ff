"""POST /api/why: why the drawing on a visitor's page is read as it is, when they ask.

It names a state of the drawing that has been read for this very visitor; nobody can ask about another's drawing.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, StrictInt
from starlette.requests import Request

from serving.app_state import get_app_state
from serving.explaining import Busy, Outdated
from serving.page_readings import DrawingState
from web.explanations import Why, why
from web.problems import NotFound, TooFast
from web.strokes import OnPage, visitor_on_our_page

RATE = "5/second"  # of one client, such as a class behind one address


class Shown(OnPage):
    """A drawing with its answer, as a page shows it; see DrawingState."""

    strokes: Annotated[StrictInt, Field(ge=1, le=10_000)]
    source: Literal["canvas", "upload", "camera"]


async def explain(shown: Shown, request: Request) -> Why:
    """Explain the answer that is shown."""
    visitor, app = visitor_on_our_page(request), get_app_state()
    state = DrawingState(shown.id, shown.revision, shown.strokes, shown.model, visitor, shown.source)
    reading = app.page_readings.known(state)
    if reading is None:
        raise NotFound("This drawing is no longer known: add a stroke, or draw it again.")
    try:
        explanation = await asyncio.wrap_future(app.explainer.explain(reading))
    except Outdated as error:
        raise NotFound("The model has learned since: draw it again, and ask then.") from error
    except Busy as error:
        raise TooFast("Many are asking why at present: ask again in a moment.") from error
    told = why(explanation, reading.drawing.frame)
    return replace(told, likenesses_note="") if app.settings.read_only else told  # there are no labels
