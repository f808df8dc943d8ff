"""Administrators: one password, a limit on wrong attempts, and sessions that expire.

A session is kept in this process, under the hash of the visitor's cookie: a reload does not end it, a restart does, and
nothing in the database is enough to become an administrator.
"""

from __future__ import annotations

import hmac
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from gateway.rates import RecentCalls
from serving.app_state import get_app_state

ATTEMPTS = RateLimitItemPerMinute(5, 15)
"""Wrong passwords that one client may send: five within 15 minutes."""

MAX_AGE = 8 * 3600.0  # seconds from the sign-in until a session ends
MAX_IDLE = 3600.0  # seconds without use until it ends


class SignInRefused(PermissionError):
    """Nobody was signed in; the message says why, in a sentence."""


@dataclass
class _Session:
    began: float
    used: float


class Admins:
    """The administrators' sessions, by visitor. Safe for threads. `clock` returns seconds."""

    def __init__(
        self, password: str, attempts: RateLimitItem = ATTEMPTS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._password, self._attempts, self._clock = _bytes(password), attempts, clock
        self._limiter = MovingWindowRateLimiter(RecentCalls())
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    @property
    def closed(self) -> bool:
        """Whether nobody can sign in, because no password is set."""
        return not self._password

    def sign_in(self, visitor: str, password: str, client: str) -> None:
        """Begin a session. Raises SignInRefused for a wrong password, and after too many of them from this client."""
        with self._lock:
            if self.closed:
                raise SignInRefused("No password is set, so nobody can sign in.")
            if not self._limiter.test(self._attempts, client):
                raise SignInRefused(f"There were too many wrong passwords: try again in {self._wait(client)}.")
            if not hmac.compare_digest(_bytes(password), self._password):
                self._limiter.hit(self._attempts, client)
                raise SignInRefused("This password is wrong.")
            now = self._clock()
            self._sessions = {name: each for name, each in self._sessions.items() if _valid(each, now)}
            self._sessions[visitor] = _Session(now, now)

    def sign_out(self, visitor: str) -> None:
        """End a visitor's session."""
        with self._lock:
            self._sessions.pop(visitor, None)

    def admits(self, visitor: str, used: bool = True) -> bool:
        """Whether a visitor has a valid session. With `used`, this call counts as use of it."""
        with self._lock:
            session, now = self._sessions.get(visitor), self._clock()
            if session is None or not _valid(session, now):
                self._sessions.pop(visitor, None)
                return False
            if used:
                session.used = now
            return True

    def _wait(self, client: str) -> str:
        oldest = self._limiter.get_window_stats(self._attempts, client).reset_time
        minutes = max(1, math.ceil((oldest - time.monotonic()) / 60))
        return "a minute" if minutes == 1 else f"{minutes} minutes"


def get_admins() -> Admins:
    """The administrators of the running app."""
    return _admins(get_app_state().settings.admin_password)


@cache
def _admins(password: str) -> Admins:
    return Admins(password)


def _valid(session: _Session, now: float) -> bool:
    return now - session.began < MAX_AGE and now - session.used < MAX_IDLE


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # whatever the environment or a browser may hold
