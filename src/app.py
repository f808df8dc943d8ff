"""python src/app.py    (or: streamlit run src/app.py)

The whole app in one process: Streamlit's pages, the HTTP API under /api, and one lifespan that opens and closes what
they share. (`make run` starts it with everything that it needs.)
"""

from __future__ import annotations

import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

# Where HOME is not set and the system does not know the user, as in some containers, Streamlit would not even import. A
# folder that does not exist is good enough: it only looks for settings there.
os.environ.setdefault("HOME", "/nonexistent")

import psutil
import streamlit as st
from starlette.middleware import Middleware
from streamlit import config, file_util

from frames.images import MAX_MEGABYTES
from gateway import connections, descriptors, repeats
from gateway.addresses import shown_address
from gateway.failures import Failures
from gateway.headers import SecureHeaders, page_policy
from gateway.hosts import KnownHosts
from gateway.internals import OpenInternals
from gateway.mounting import LazyApp, MountBefore, base_path_redirects
from gateway.origins import OwnPages
from gateway.receiving import Receiving
from gateway.sessions import TRUSTED_USER_HEADERS, OwnSessions
from gateway.sockets import SocketLimit
from gateway.uploads import UploadLimit
from gateway.visitors import VisitorCookie
from serving.app_state import close_app_state, get_app_state
from settings import SettingsError, load_settings
from web.exporting import export_routes
from web.ops import ops_routes
from web.own_data import own_data_routes
from web.sign_in import sign_in_routes

# FastAPI is imported after the models: imported at the start, it makes the first page 0.3 s later (2.5 s, not 2.3 s).
api = LazyApp("web.own_calls:app")


def load_api_after_models() -> None:
    """Wait for the models, then import the API. What is there by then stays: no garbage collection looks at it again.

    PyTorch and the rest are half a million objects. To look at them took a quarter of a second, in which nothing else
    ran, and Streamlit had them looked at after each run of a page.
    """
    get_app_state().models.wait()
    api.load()
    gc.collect()
    gc.freeze()


def disable_nagle() -> None:
    """Set TCP_NODELAY on the listening socket, from which connections inherit it.

    asyncio sets it on every connection, but not on sockets that are opened the way Streamlit opens its own: there the
    second packet of a response would wait for the first one's acknowledgement, which the client delays by 40 ms.
    """
    for connection in psutil.Process().net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN:
            with socket.socket(fileno=os.dup(connection.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Open what all visitors share, and close it with the server."""
    disable_nagle()
    repeats.install()
    config.set_option("server.maxUploadSize", MAX_MEGABYTES)  # here: both ways to start the app come by
    config.set_option("server.trustedUserHeaders", TRUSTED_USER_HEADERS)
    get_app_state()
    threading.Thread(target=load_api_after_models, name="api-loader", daemon=True).start()
    try:
        yield {}
    finally:
        close_app_state()


# Opening begins here, while Streamlit is still starting. An invalid setting ends the start with one sentence: better
# than an app that half works.
try:
    settings = load_settings()
except SettingsError as error:
    sys.exit(f"The app does not start. {error}")
# The proxies whose forwarded headers uvicorn believes; its default is every program on this machine.
# (`streamlit run` has uvicorn read this before this file: there, set FORWARDED_ALLOW_IPS yourself.)
os.environ["FORWARDED_ALLOW_IPS"] = ",".join(settings.trusted_proxies)
logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
descriptors.raise_limit()
connections.install()
get_app_state()
# Streamlit's own routes; its pages' scripts find the path by themselves.
config.set_option("server.baseUrlPath", settings.base_path)
# What its page may do. It imports the scripts of components from blobs that it makes.
streamlits_page = Path(file_util.get_static_dir(), "index.html").read_text(encoding="utf-8")
policy = page_policy(streamlits_page, "blob:")

# The pages are a script of their own, ui.py, which Streamlit runs anew for every visitor and every click.
app = st.App(
    "app_pages/ui.py",
    lifespan=lifespan,
    routes=[
        *ops_routes(settings.base_path),
        *export_routes(settings.base_path),
        *own_data_routes(settings.base_path),
        *sign_in_routes(settings.base_path),
        *base_path_redirects(settings.base_path),
    ],
    # What every request passes, in this order.
    middleware=[
        Middleware(SecureHeaders, policy, f"{settings.base_path}/api"),
        Middleware(Failures),
        Middleware(KnownHosts, (*settings.domains, settings.address.lower())),
        Middleware(OwnPages, settings.cors_origins, f"{settings.base_path}/api"),
        Middleware(OpenInternals, settings.base_path),
        Middleware(Receiving),
        Middleware(OwnSessions, settings.base_path),
        Middleware(MountBefore, f"{settings.base_path}/api", api),
        Middleware(VisitorCookie, settings.base_path or "/"),
        Middleware(SocketLimit),
        Middleware(UploadLimit, settings.base_path),
    ],
)

# Started as a command, the app takes its address and port from the settings; `streamlit run` has flags for them.
if __name__ == "__main__":
    app.run(
        config={
            "server.address": settings.address,
            "server.port": settings.port,
            "server.baseUrlPath": settings.base_path,
            "browser.serverAddress": shown_address(settings.address, settings.port),  # in the address that is printed
        }
    )
