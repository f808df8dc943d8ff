"""POST /api/strokes: what is on a visitor's canvas is read while the pen moves, and kept when it goes up.

The Draw page asks it, so that the answer need not wait for the canvas's own message and a run of the page's script. The
visitor is the page's cookie, and the page must be our own.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt
from starlette.requests import Request

import metrics
from frames.canvas import MAX_POINTS, MAX_STROKES, TooMuchDrawn
from frames.drawing import Drawing, from_strokes
from gateway.visitors import visitor_of
from serving.app_state import get_app_state
from serving.batching import TooManyAtOnce
from serving.page_readings import DrawingState
from web.answers import Words, words_of
from web.problems import NotOurPage
from web.schemas import DrawingId, ModelName

RATE = "60/second"  # of one client: twelve people who draw at once
PREVIEWS = 8  # at once, of all visitors: with more, the app is so busy that answers come first
MAX_LENGTH = 80_000  # characters of strokes, of which a point has a dozen: all of MAX_POINTS

_previews = asyncio.Semaphore(PREVIEWS)


def _drawn_by_hand(strokes: str) -> str:
    """Strokes of no more than a hand draws. They are counted before they are taken apart, which takes longer."""
    lifted = strokes.count("/")
    if lifted >= MAX_STROKES or strokes.count(" ") + lifted >= 2 * MAX_POINTS:
        raise ValueError(str(TooMuchDrawn()))
    return strokes


class OnPage(BaseModel):
    """A drawing on a visitor's page. `revision` counts what changed beside it: undone strokes, another hand."""

    model_config = ConfigDict(extra="forbid")

    id: DrawingId
    revision: Annotated[StrictInt, Field(ge=0, le=2**40)]
    model: ModelName


class Canvas(OnPage):
    """A canvas as it is now."""

    side: Annotated[StrictInt, Field(gt=0, le=4000, description="The canvas's width and height, in its own pixels.")]
    pen: Annotated[float, Field(gt=0, le=400, description="The pen's width in the same pixels.")]
    strokes: Annotated[
        str,
        Field(
            max_length=MAX_LENGTH,
            pattern=r"^-?\d{1,5}(\.\d)?( -?\d{1,5}(\.\d)?)*(/-?\d{1,5}(\.\d)?( -?\d{1,5}(\.\d)?)*)*$",
            description="x and y of each point in order, between spaces; a slash between strokes.",
            examples=["40 20 41.5 60 42 130/20 60 90 61"],
        ),
        AfterValidator(_drawn_by_hand),
    ]
    up: StrictBool = Field(description="Whether the pen has gone up: only then the answer is kept.")


class Read(BaseModel):
    """The answer for the page, and the number of strokes that it stands for."""

    strokes: int
    answer: Words


async def strokes(canvas: Canvas, request: Request) -> Read:
    """Read what is on the visitor's canvas; a preview only where the app has time for it."""
    visitor = visitor_on_our_page(request)
    lines = _lines(canvas.strokes)
    state, app = DrawingState(canvas.id, canvas.revision, len(lines), canvas.model, visitor), get_app_state()

    def drawing() -> Drawing:
        with metrics.timed("preprocess"):
            return from_strokes(lines, canvas.side, canvas.pen)

    if canvas.up:
        reading = await asyncio.wrap_future(app.page_readings.read(state, drawing))
    elif _previews.locked():
        raise TooManyAtOnce("drawings")
    else:
        personal = not app.settings.read_only  # else there are no labels
        async with _previews:
            preview = app.reader.read(drawing, canvas.model, "preview", visitor, canvas.id, personal)
            reading = await asyncio.wrap_future(preview)
    return Read(strokes=len(lines), answer=words_of(reading))


def _lines(text: str) -> list[NDArray[np.float64]]:
    """The strokes, (n, 2) each; a last x without its y is left out."""
    numbers = [np.array(stroke.split(" "), np.float64) for stroke in text.split("/")]
    return [each[: len(each) // 2 * 2].reshape(-1, 2) for each in numbers if len(each) >= 2]


def visitor_on_our_page(request: Request) -> str:
    """Whose page asks. Raises NotOurPage for whoever else asks."""
    visitor = visitor_of(request)
    if visitor is None or not _from_our_page(request):
        raise NotOurPage("This is for the page that you draw on: reload it and draw there.")
    return visitor


def _from_our_page(request: Request) -> bool:
    """Whether the browser says that a page of this app asks; browsers too old to say are believed."""
    return request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
