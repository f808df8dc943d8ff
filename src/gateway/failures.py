"""What nobody has thought of: the log has all of it, and the answer nothing."""

from __future__ import annotations

import logging

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SENTENCE = "Something went wrong here, and the app's log says what: try again, or tell whoever runs the app."

log = logging.getLogger(__name__)


class Failures:
    """ASGI middleware: an error that nobody caught is logged, and answered by a sentence and a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = False

        async def noted(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:  # whatever it is: this is the last place that can say it in a sentence
            if began:
                raise
            log.exception("%s %s has failed", scope["method"], ascii(scope["path"][:100]))
            await JSONResponse({"detail": SENTENCE}, 500)(scope, receive, send)
