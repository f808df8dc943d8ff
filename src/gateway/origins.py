"""Which pages of other origins may call the API."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class CrossOrigin(CORSMiddleware):
    """ASGI middleware: pages of other origins may call, without cookies; not what lies under `closed`."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...], closed: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=("content-type",),
            expose_headers=("retry-after",),
            max_age=3600,
        )
        self.closed = closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a browser's question whether it may call, or pass the call on."""
        if scope["path"].removeprefix(scope["root_path"]).startswith(self.closed):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
