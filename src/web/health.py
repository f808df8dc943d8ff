"""Two answers for whoever watches over the app: /health, it lives; /ready, it can read digits and keep them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from serving import app_state
from storage.database import DatabaseAway


async def _health(_request: Request) -> JSONResponse:
    """The process lives: nothing more is claimed."""
    return JSONResponse({"status": "alive"})


def _ready(_request: Request) -> JSONResponse:
    """The model is loaded and the database answers; otherwise 503 and the reasons."""
    running = app_state.start()
    running.load_now()
    reasons = {"model": running.model_trouble, "database": running.database.away}
    if reasons["database"] is None:
        try:
            running.database.ping()
        except DatabaseAway as error:
            reasons["database"] = str(error)
    ok = not any(reasons.values())
    body = {"status": "ready" if ok else "not ready"} | {part: reason or "ready" for part, reason in reasons.items()}
    return JSONResponse(body, status_code=200 if ok else 503)


health_routes = [Route("/health", _health), Route("/ready", _ready)]
