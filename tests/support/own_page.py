"""What the Draw page asks of the app by itself, as a visitor's browser does."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

import httpx

from gateway.visitors import COOKIE
from support.digits import DIGITS
from support.running_app import RunningApp

SIDE = 480


def somebody(app: RunningApp) -> httpx.Client:
    """Somebody whose browser has our cookie."""
    return httpx.Client(base_url=app.url, cookies={COOKIE: secrets.token_urlsafe(32)}, timeout=30)


def drawn(client: httpx.Client, **change: Any) -> dict[str, Any]:
    """Draw a seven; its state as a page shows it."""
    points = " ".join(f"{part * SIDE:.1f}" for point in DIGITS[15][1][0] for part in point)
    canvas = {"id": str(uuid4()), "revision": 3, "model": "cnn", "side": SIDE, "pen": 26, "strokes": points, "up": True}
    assert client.post("/api/strokes", json=canvas).json()["answer"]["digit"] == 7
    return {"id": canvas["id"], "revision": 3, "model": "cnn", "strokes": 1, "source": "canvas"} | change
