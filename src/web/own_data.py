"""GET /yours.zip: all that is kept of a visitor, for that visitor alone, whose cookie decides."""

from __future__ import annotations

import threading
import time

from limits import RateLimitItemPerHour
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from datasets.own_data import own_data
from gateway.rates import RecentCalls
from gateway.visitors import visitor_of
from serving.app_state import get_app_state
from storage.database import DatabaseAway
from storage.nothing_kept import NOTHING_KEPT
from web.downloads import Sending, from_elsewhere, problem

PATH = "yours.zip"
"""The address, relative to a page."""

AT_ONCE = 2  # downloads of all visitors together: each reads up to 100,000 rows
AN_HOUR = RateLimitItemPerHour(10)  # downloads of one visitor
LONGEST = 600.0  # seconds for one: who reads more slowly keeps others waiting

_under_way = threading.BoundedSemaphore(AT_ONCE)
_limiter, _counting = MovingWindowRateLimiter(RecentCalls()), threading.Lock()


def _own_data(request: Request) -> Response:
    visitor = visitor_of(request)
    if get_app_state().settings.read_only:
        return problem(404, NOTHING_KEPT)
    if from_elsewhere(request):
        return problem(403, "Only the app's own pages may ask for this.")
    if request.method != "GET":
        return problem(405, "This address only answers GET.")
    if visitor is None:
        return problem(404, "Nothing is kept of you: your browser sends no cookie of this app.")
    return _limited(visitor)


def _limited(visitor: str) -> Response:
    """The download, unless it is one too many."""
    if not _under_way.acquire(blocking=False):
        return problem(503, "Others are downloading theirs: try again in a minute.", **{"retry-after": "60"})
    made = None
    try:
        if wait := _too_often(visitor):
            sentence = f"You have downloaded this {AN_HOUR.amount} times within an hour: wait before the next time."
            return problem(429, sentence, **{"retry-after": str(wait)})
        made = own_data(get_app_state().database, visitor)
        return Sending(made, _under_way.release, LONGEST)
    except DatabaseAway as error:
        return problem(503, str(error))
    finally:
        if made is None:
            _under_way.release()


def _too_often(visitor: str) -> int:
    """Count a download; how many seconds it is too early, 0 where it is not."""
    with _counting:
        if _limiter.hit(AN_HOUR, visitor):
            return 0
        return max(1, round(_limiter.get_window_stats(AN_HOUR, visitor).reset_time - time.monotonic()))


def own_data_routes(base_path: str = "") -> list[Route]:
    """The route, where the visitors' cookie goes."""
    return [Route(f"{base_path}/{PATH}", _own_data)]
