"""GET /export/{format}: the labelled drawings as a file that is made while it is sent, for administrators alone.

It is a route beside the pages, so that the cookie of whoever has signed in there decides, and no other origin's page.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from datasets.exporting import FORMATS, NothingToExport, download
from gateway.admins import ADMIN, get_admins
from learning.classes import NOT_A_DIGIT
from serving.app_state import get_app_state
from storage.database import DatabaseAway
from storage.labelled import Wanted
from storage.nothing_kept import NOTHING_KEPT
from storage.selection import Outcome, Selection
from web.downloads import Sending, from_elsewhere, problem

_Digit = Annotated[int, Field(ge=0, le=9)]
_Fraction = Annotated[float, Field(ge=0, le=1)]
_Name = Annotated[str, Field(max_length=32, pattern=r"^[a-z][a-z0-9-]*$")]


class ExportQuery(BaseModel):
    """The filters in an address, as in storage.selection.Selection; whose drawings they are cannot be asked for."""

    model_config = ConfigDict(extra="forbid")

    read_as: _Digit | None = None
    label: Annotated[int, Field(ge=0, le=NOT_A_DIGIT)] | None = None
    outcome: Literal[Outcome.RIGHT, Outcome.WRONG] | None = None
    least_confidence: _Fraction | None = None
    most_confidence: _Fraction | None = None
    source: _Name | None = None
    model: _Name | None = None
    version: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    unreviewed: bool = False
    licence: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""

    @property
    def wanted(self) -> Wanted:
        """Which drawings are asked for."""
        return Wanted(Selection(**self.model_dump(exclude={"unreviewed", "licence"})), self.unreviewed)


def export_path(format_: str, selection: Selection) -> str:
    """The address of an export, relative to a page; the visitor of the selection is left out."""
    given = {name: value for name, value in vars(selection).items() if value is not None and name != "visitor"}
    text = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()}
    return f"export/{format_}" + (f"?{urlencode(text)}" if text else "")


# --- The route --------------------------------------------------------------------------------------------------------

_under_way = threading.Lock()  # one at a time: each takes a connection and a core


def _export(request: Request) -> Response:
    refusal = _refusal(request)
    if refusal is not None:
        return refusal
    try:
        query = ExportQuery.model_validate(dict(request.query_params))
    except ValidationError as error:
        (field, *_), message = error.errors()[0]["loc"] or ("",), error.errors()[0]["msg"]
        return problem(422, f"{str(field)[:40]!a}: {message}.")
    if not _under_way.acquire(blocking=False):
        return problem(503, "Another export is under way: try again when it has ended.")
    try:
        made = download(get_app_state().database, query.wanted, request.path_params["format"], query.licence)
    except BaseException as error:
        _under_way.release()
        if isinstance(error, DatabaseAway | NothingToExport):
            return problem(503 if isinstance(error, DatabaseAway) else 404, str(error))
        raise
    return Sending(made, _under_way.release)


def _refusal(request: Request) -> Response | None:
    """Why this request gets nothing, if so."""
    if get_app_state().settings.read_only:
        return problem(404, NOTHING_KEPT)
    if get_admins().closed:
        return problem(404, "Exports are for administrators, and no ADMIN_PASSWORD is set.")
    if from_elsewhere(request):
        return problem(403, "Only the app's own pages may ask for this.")
    if not get_admins().admits(ADMIN.value(request.cookies)):
        return problem(403, "Exports are for administrators: sign in on the Review page, then click again.")
    if request.path_params["format"] not in FORMATS:
        return problem(404, f"There is no such format: ask for {', '.join(FORMATS)}.")
    if request.method != "GET":
        return problem(405, "This address only answers GET.")
    return None


def export_routes(base_path: str = "") -> list[Route]:
    """The route, where the administrators' cookie goes."""
    return [Route(f"{base_path}/export/{{format}}", _export)]
