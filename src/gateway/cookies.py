"""The app's own cookies: random values that no script can read.

Over HTTPS at the root of a host their names begin with __Host-, and then browsers take them from that host alone. An
ordinary name can be planted: by a page of a subdomain, or of another port of the same host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope

HOST_ONLY = "__Host-"


@dataclass(frozen=True)
class Cookie:
    """A cookie by its ordinary name, the form of its value, and how many seconds a browser keeps it."""

    name: str
    form: re.Pattern[str]
    max_age: int

    def value(self, cookies: Mapping[str, str]) -> str:
        """Its value among those that a browser sends, or "". The name that cannot be planted comes first."""
        return self.own(cookies) or self._well_formed(cookies, self.name)

    def own(self, cookies: Mapping[str, str]) -> str:
        """The same, under the name that cannot be planted alone."""
        return self._well_formed(cookies, HOST_ONLY + self.name)

    def header(self, value: str, scope: Scope, path: str) -> str:
        """The Set-Cookie header with which the answer to a request sets it, for what lies under `path`."""
        secure = scope["scheme"] == "https"
        name = HOST_ONLY + self.name if can_be_host_only(scope, path) else self.name
        set_cookie = f"{name}={value}; Path={path}; Max-Age={self.max_age}; HttpOnly; SameSite=Lax"
        return set_cookie + "; Secure" if secure else set_cookie

    def _well_formed(self, cookies: Mapping[str, str], name: str) -> str:
        value = cookies.get(name, "")
        return value if self.form.fullmatch(value) else ""


def can_be_host_only(scope: Scope, path: str) -> bool:
    """Whether browsers take a name with __Host- from the answer to this request."""
    return scope["scheme"] == "https" and path == "/"
