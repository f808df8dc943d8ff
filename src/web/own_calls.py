"""What the app's own pages ask by themselves, many times a second from everybody who draws: without FastAPI.

Its routing, its checks and its answers took three times as long as a drawing takes to be read. Here pydantic checks
what comes in, and the errors are the API's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.bodies import BodyLimit
from gateway.rates import RateLimit
from web import condition, said, strokes, why
from web.api import api
from web.problems import NO_JSON, PROBLEMS, problem, what_is_wrong


class Call(NamedTuple):
    """What the JSON of a POST has to be, or None for a GET; what answers it; and how often one client may ask."""

    asks: type[BaseModel] | None
    answer: Callable[[Any, Request], Awaitable[object]]
    rate: str


class OwnCalls:
    """ASGI app: answers `calls`, by their paths, and leaves everything else to `others`."""

    def __init__(self, others: ASGIApp, calls: Mapping[str, Call]) -> None:
        self.others = others
        # A call is counted before its body is read.
        self.calls = {path: RateLimit(BodyLimit(_Answering(call)), call.rate) for path, call in calls.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        path = scope["path"].removeprefix(scope["root_path"])
        await self.calls.get(path, self.others)(scope, receive, send)


class _Answering:
    """ASGI app: one call."""

    def __init__(self, call: Call) -> None:
        self.call, self.method = call, "POST" if call.asks else "GET"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._response(Request(scope, receive))
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        if request.method != self.method:
            detail = f"This address takes nothing but {self.method}, from the app's own pages."
            return JSONResponse({"detail": detail}, 405, {"allow": self.method})
        if self.call.asks and "json" not in request.headers.get("content-type", ""):
            return JSONResponse({"detail": NO_JSON}, 422)
        try:
            asked = self.call.asks and self.call.asks.model_validate_json(await request.body())
            told = await self.call.answer(asked, request)
        except ClientDisconnect:
            return Response(status_code=400)  # in its place, BodyLimit says that it is too large; or nobody is left
        except ValidationError as error:
            first = error.errors()[0]
            return JSONResponse({"detail": what_is_wrong(first, first["loc"])}, 422)
        except PROBLEMS as error:
            return problem(error)
        return Response(to_json(told), media_type="application/json")


calls = {
    "/strokes": Call(strokes.Canvas, strokes.strokes, strokes.RATE),
    "/said": Call(said.Labelled, said.said, said.RATE),
    "/condition": Call(None, condition.condition, condition.RATE),
    "/why": Call(why.Shown, why.explain, why.RATE),
}
app = OwnCalls(api, calls)
