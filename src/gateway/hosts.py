"""The names under which the app answers: others may be a stranger's, made to lead to this machine (DNS rebinding).

Such a name is one of the public DNS, and its page comes over plain HTTP. So no permission is needed by an address in
figures, by a name that nobody can register, and over HTTPS, where a certificate vouches for it. The rest is a setting.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

UNREGISTRABLE = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".test")
"""The ends of names that are for a machine or a network of one's own, and that the public DNS does not know."""

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?")
_REFUSAL = (
    "The app does not answer to this name. If it is the app's own, set DOMAIN in .env to it, or, behind a proxy with "
    "HTTPS, TRUSTED_PROXIES to the proxy, and start the app again."
)


class KnownHosts:
    """ASGI middleware: a request whose Host is a stranger's name is a 421, and a websocket is refused.

    `names` are the settings': DOMAIN, and ADDRESS where that is a name.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...]) -> None:
        self.app, self.names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "lifespan" or scope["scheme"] in ("https", "wss") or self._knows(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await JSONResponse({"detail": _REFUSAL}, 421)(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        return all(is_known(host, self.names) for host in Headers(scope=scope).getlist("host"))


@lru_cache(maxsize=1000)
def is_known(host: str, names: tuple[str, ...] = ()) -> bool:
    """Whether a Host header over plain HTTP can only be meant for this app; `names` are known besides."""
    found = _HOST.fullmatch(host.lower())
    if not found:
        return host == ""  # from a program: a browser always says where it goes
    name = found["name"].rstrip(".")
    return "." not in name or name in names or name.endswith(UNREGISTRABLE) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
