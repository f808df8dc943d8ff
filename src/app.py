"""python src/app.py    (or: streamlit run src/app.py)

The whole app in one process: Streamlit's pages, the HTTP API under /api, and one lifespan that opens and closes what
both of them share. (`make run` starts it with everything that it needs.)
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import psutil
import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from serving import app_state
from settings import SettingsError, load_settings
from web.health import health_routes
from web.ops import monitoring_routes
from web.visitors import VisitorCookie


class WhenAsked:
    """The ASGI app of a module, imported when it is first called for.

    FastAPI takes half a second to import, which the first page needs more; once the models are there, it is next.
    """

    def __init__(self, module: str) -> None:
        self.module = module
        self.app: ASGIApp | None = None

    def load(self) -> ASGIApp:
        """The app. It has its module's name."""
        self.app = getattr(import_module(self.module), self.module)
        return self.app

    def load_after_models(self) -> None:
        """Wait for the models, then import the app."""
        app_state.start().wait()
        self.load()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        app = self.app if self.app is not None else await run_in_threadpool(self.load)
        await app(scope, receive, send)


class Under:
    """ASGI middleware: what lies under a prefix is another app's, and Streamlit never sees it.

    As a route it would come behind Streamlit's own look at the path, which refuses some in words that no program reads.
    """

    def __init__(self, app: ASGIApp, prefix: str, other: ASGIApp) -> None:
        self.app, self.prefix, self.other = app, prefix, other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the one or the other."""
        if f"{scope.get('path', '')}/".startswith(f"{self.prefix}/"):
            await self.other({**scope, "root_path": scope.get("root_path", "") + self.prefix}, receive, send)
        else:
            await self.app(scope, receive, send)


api = WhenAsked("api")


def send_at_once() -> None:
    """Let every connection send small pieces at once: connections take this over from the listening socket.

    asyncio does so by itself, but not for sockets that are opened the way Streamlit opens its own: there the second
    piece of an answer would wait for the first one's receipt, which its reader puts off by 40 ms.
    """
    for connection in psutil.Process().net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN:
            with socket.socket(fileno=os.dup(connection.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """What all visitors share lives as long as the server does."""
    send_at_once()
    app_state.start()
    threading.Thread(target=api.load_after_models, name="api-loader", daemon=True).start()
    try:
        yield {}
    finally:
        app_state.stop()


# Opening begins here, before Streamlit is ready, so that both get up side by side. A setting that makes no sense ends
# the start with one sentence: better than an app that half works.
try:
    settings = load_settings()
except SettingsError as error:
    sys.exit(f"The app does not start. {error}")
# Whom uvicorn believes that it asks for somebody else. By itself it would believe every program on this machine.
# (`streamlit run` has uvicorn read this before this file: there, set FORWARDED_ALLOW_IPS itself.)
os.environ["FORWARDED_ALLOW_IPS"] = ",".join(settings.trusted_proxies)
logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
app_state.start()

# The pages are a script of their own, ui.py, that Streamlit runs anew for every visitor and every click.
app = st.App(
    "ui.py",
    lifespan=lifespan,
    routes=[*health_routes, *monitoring_routes],
    middleware=[Middleware(Under, "/api", api), Middleware(VisitorCookie)],
)

# Started as a command, it takes its address and port from the settings; `streamlit run` takes them from its own flags.
if __name__ == "__main__":
    app.run(config={"server.address": settings.address, "server.port": settings.port})
