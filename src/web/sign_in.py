"""POST /sign-in: the page has checked the password and got a ticket; here the browser exchanges it for the cookie.

A page's script cannot set cookies. It is a route beside the pages, so that the cookie lies where theirs do.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.admins import ADMIN, get_admins

MAX_TICKET = 100  # characters


def sign_in_routes(base_path: str = "") -> list[Route]:
    """The route, for a cookie that goes to the pages alone."""

    async def sign_in(request: Request) -> Response:
        ticket = await _body(request)
        cookie = await run_in_threadpool(get_admins().redeem, ticket)
        if cookie is None:
            return JSONResponse({"detail": "This sign-in took too long: give the password again."}, 403)
        set_cookie = ADMIN.header(cookie, request.scope, base_path or "/")
        return Response(status_code=204, headers={"set-cookie": set_cookie, "cache-control": "no-store"})

    return [Route(f"{base_path}/sign-in", sign_in, methods=["POST"])]


async def _body(request: Request) -> str:
    """The ticket; what is longer than one is cut, and will not do."""
    body = b""
    async for piece in request.stream():
        body += piece[: MAX_TICKET - len(body)]
        if len(body) >= MAX_TICKET:
            break
    return body.decode("ascii", "replace")
