"""What of Streamlit's own routes is open: what its pages need, and no more.

The rest tells how many sessions there are and what they do, or is for programs, which have the API.
"""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NEEDED = ("health", "host-config", "stream", "upload_file", "bidi-components")


class OpenInternals:
    """ASGI middleware: under /_stcore only what the pages need answers; the rest is a 404."""

    def __init__(self, app: ASGIApp, base_path: str = "") -> None:
        self.app, self.prefix = app, f"{base_path}/_stcore/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say that there is nothing."""
        path = scope.get("path", "")
        if path.startswith(self.prefix) and path.removeprefix(self.prefix).split("/")[0] not in NEEDED:
            await JSONResponse({"detail": "There is nothing at this address."}, 404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
