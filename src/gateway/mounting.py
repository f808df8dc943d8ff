"""ASGI apps beside Streamlit's own: imported when first needed, and reached under a prefix; a base path."""

from __future__ import annotations

from pkgutil import resolve_name

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


class LazyApp:
    """An ASGI app named as module:object, and imported by the first request or by load()."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.app: ASGIApp | None = None

    def load(self) -> ASGIApp:
        """Import the app."""
        self.app = resolve_name(self.name)
        return self.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        app = self.app if self.app is not None else await run_in_threadpool(self.load)
        await app(scope, receive, send)


class MountBefore:
    """ASGI middleware: requests under `prefix` go to `mounted`, and Streamlit never sees them.

    As a route, `mounted` would come behind Streamlit's own check of the path, which refuses some in plain text.
    """

    def __init__(self, app: ASGIApp, prefix: str, mounted: ASGIApp) -> None:
        self.app, self.prefix, self.mounted = app, prefix, mounted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to one of the two."""
        if f"{scope.get('path', '')}/".startswith(f"{self.prefix}/"):
            await self.mounted({**scope, "root_path": scope.get("root_path", "") + self.prefix}, receive, send)
        else:
            await self.app(scope, receive, send)


def base_path_redirects(base_path: str) -> list[Route]:
    """Routes that lead from the root, and from the base path without its last slash, to the pages; none at the root."""

    def to_pages(request: Request) -> RedirectResponse:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{base_path}/{query}")  # relative: a proxy may know the app under another host

    return [Route(path, to_pages) for path in ("/", base_path)] if base_path else []
