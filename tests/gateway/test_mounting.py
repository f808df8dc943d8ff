"""What lies under a prefix reaches the mounted app, which is imported when it is first needed."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.mounting import LazyApp, MountBefore
from support.own_loop import run


def named(name: str) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(f"{name} {scope.get('root_path', '')}")(scope, receive, send)

    return app


def get(app: ASGIApp, path: str) -> str:
    """What a path answers, asked from a thread of its own: a browser's event loop may run in this one."""

    async def ask() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
            return (await client.get(path)).text

    return run(ask())


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api", "mounted /api"),
        ("/api/", "mounted /api"),
        ("/api/models", "mounted /api"),
        ("/apix", "outer "),
        ("/", "outer "),
        ("/x/api", "outer "),
    ],
)
def test_only_what_lies_under_the_prefix_is_the_mounted_apps(path: str, answer: str) -> None:
    app = MountBefore(named("outer"), "/api", named("mounted"))
    assert get(app, path) == answer


def test_a_lazy_app_is_imported_by_the_first_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from starlette.responses import PlainTextResponse\napp = PlainTextResponse('late')\n"
    (tmp_path / "late_app.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    lazy = LazyApp("late_app:app")
    assert "late_app" not in sys.modules
    assert [get(lazy, "/") for _ in range(2)] == ["late", "late"]
    assert lazy.load() is sys.modules["late_app"].app
