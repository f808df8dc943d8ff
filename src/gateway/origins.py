"""Which pages of other origins may call: the API's CORS, and requests that browsers send without asking first."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

ANY = ("*",)
_HARMLESS = ("GET", "HEAD", "OPTIONS")
_SCHEMES = {"https": ("https",), "wss": ("https",), "http": ("http", "https"), "ws": ("http", "https")}
"""The scheme of the page by that of its request: a proxy that is not trusted may have taken HTTPS off on the way."""


class CrossOrigin(CORSMiddleware):
    """ASGI middleware: pages of other origins may call, without cookies."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=("content-type",),
            expose_headers=("retry-after",),
            max_age=3600,
        )


class OwnPages:
    """ASGI middleware: what another origin's page sends without asking first is refused with a 403.

    That is a websocket, a form, a picture in one, or plain text. Pages of `origins` may send it to what lies under
    `api`. Programs, which name no origin, are not meant: no browser lends them its cookies or its place in the network.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...], api: str) -> None:
        self.app, self.origins, self.api = app, origins, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "lifespan" or self._welcome(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            detail = "Pages of other origins may not send this: CORS_ORIGINS names those that may call the API."
            await JSONResponse({"detail": detail}, 403)(scope, receive, send)

    def _welcome(self, scope: Scope) -> bool:
        if scope["type"] == "http" and scope["method"] in _HARMLESS:
            return True
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or is_own(origin, headers.get("host", ""), scope["scheme"]):
            return True
        named = scope["type"] == "http" and f"{scope['path']}/".startswith(f"{self.api}/")
        return named and (self.origins == ANY or origin in self.origins)


def is_own(origin: str, host: str, scheme: str) -> bool:
    """Whether the page of an Origin header is this app's: its scheme, host and port are those of the request."""
    return origin in {f"{each}://{host}" for each in _SCHEMES[scheme]}
