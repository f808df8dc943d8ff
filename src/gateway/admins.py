"""Administrators: one password, limits on wrong attempts, and sessions that expire.

A session hangs on a cookie that is made at the sign-in, so that nobody can have put it into the browser before. It is
kept in this process under the cookie's hash: a reload does not end it, a restart does, and nothing in the database is
enough to become an administrator.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from ipaddress import ip_network

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from gateway.cookies import Cookie
from gateway.rates import RecentCalls
from serving.app_state import get_app_state

ADMIN = Cookie("digit_reader_admin", re.compile(r"[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}"), max_age=365 * 24 * 3600)
"""A random value and the app's signature. It outlives its session: the sign that this browser has signed in before."""

ATTEMPTS = RateLimitItemPerMinute(5, 15)
"""Wrong passwords that one client may send: five within 15 minutes. A browser that has signed in before has its own."""

EVERYWHERE = RateLimitItemPerMinute(20, 15)
"""Wrong passwords that all clients together may send, but for those browsers and this machine."""

MAX_AGE = 8 * 3600.0  # seconds from the sign-in until a session ends
MAX_IDLE = 3600.0  # seconds without use until it ends
TICKET_AGE = 60.0  # seconds in which a sign-in becomes a cookie
THIS_MACHINE = ("127.0.0.1", "::/56")


class SignInRefused(PermissionError):
    """Nobody was signed in; the message says why, in a sentence."""


@dataclass
class _Session:
    began: float
    used: float


class Admins:
    """The administrators' sessions, by cookie. Safe for threads. `clock` returns seconds."""

    def __init__(
        self,
        password: str,
        attempts: RateLimitItem = ATTEMPTS,
        everywhere: RateLimitItem = EVERYWHERE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._password, self._clock = _bytes(password), clock
        self._attempts, self._everywhere = attempts, everywhere
        self._limiter = MovingWindowRateLimiter(RecentCalls())
        self._sessions: dict[str, _Session] = {}
        self._tickets: dict[str, float] = {}
        self._lock = threading.Lock()

    @property
    def closed(self) -> bool:
        """Whether nobody can sign in, because no password is set."""
        return not self._password

    def sign_in(self, password: str, client: str, cookie: str = "") -> str:
        """Check the password; return a ticket, for which redeem() once gives the cookie of a new session.

        `cookie` is the one that the browser has. Raises SignInRefused for a wrong password, and after too many of them:
        from this client, or from everywhere.
        """
        with self._lock:
            if self.closed:
                raise SignInRefused("No password is set, so nobody can sign in.")
            limits = self._limits(client, cookie)
            for item, who, elsewhere in limits:
                if not self._limiter.test(item, who):
                    wait = self._wait(item, who)
                    raise SignInRefused(f"There were too many wrong passwords: try again in {wait}{elsewhere}.")
            if not hmac.compare_digest(_bytes(password), self._password):
                for item, who, _elsewhere in limits:
                    self._limiter.hit(item, who)
                raise SignInRefused("This password is wrong.")
            now, ticket = self._clock(), secrets.token_urlsafe(32)
            self._tickets = {name: ends for name, ends in self._tickets.items() if now < ends}
            self._tickets[_hashed(ticket)] = now + TICKET_AGE
            return ticket

    def redeem(self, ticket: str) -> str | None:
        """Begin the session of a sign-in, and return its new cookie; None for a ticket that is used, old or forged."""
        with self._lock:
            now = self._clock()
            if self._tickets.pop(_hashed(ticket), 0.0) <= now:
                return None
            self._sessions = {name: each for name, each in self._sessions.items() if _valid(each, now)}
            cookie = self._signed(secrets.token_urlsafe(32))
            self._sessions[_hashed(cookie)] = _Session(now, now)
            return cookie

    def sign_out(self, cookie: str) -> None:
        """End a session. Its cookie will never be a session's again."""
        with self._lock:
            self._sessions.pop(_hashed(cookie), None)

    def admits(self, cookie: str, used: bool = True) -> bool:
        """Whether a cookie is that of a valid session. With `used`, this call counts as use of it."""
        with self._lock:
            session, now = self._sessions.get(_hashed(cookie)), self._clock()
            if session is None or not _valid(session, now):
                self._sessions.pop(_hashed(cookie), None)
                return False
            if used:
                session.used = now
            return True

    # --- The limits ---------------------------------------------------------------------------------------------------

    def _limits(self, client: str, cookie: str) -> list[tuple[RateLimitItem, str, str]]:
        """The limits on this client: each with what it counts, and where else to sign in.

        The limit on all together would let anybody lock out the administrators, so it leaves out who can show that they
        have been here before, and who sits at this machine.
        """
        if cookie and hmac.compare_digest(cookie, self._signed(cookie.partition(".")[0])):
            return [(self._attempts, f"known {_hashed(cookie)}", "")]
        home = _home(client)
        own = [(self._attempts, home, "")]
        if home in THIS_MACHINE:
            return own
        return [*own, (self._everywhere, "everybody", ", or use a browser in which you have signed in before")]

    def _wait(self, item: RateLimitItem, who: str) -> str:
        oldest = self._limiter.get_window_stats(item, who).reset_time
        minutes = max(1, math.ceil((oldest - time.monotonic()) / 60))
        return "a minute" if minutes == 1 else f"{minutes} minutes"

    # --- The cookie ---------------------------------------------------------------------------------------------------

    def _signed(self, value: str) -> str:
        signature = hmac.digest(self._key, value.encode("utf-8", "surrogatepass"), "sha256")
        return f"{value}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    @cached_property
    def _key(self) -> bytes:
        """Of the password, so that restarts and replicas agree; slow, so that no cookie helps to guess the password."""
        return hashlib.scrypt(self._password, salt=b"digit reader: administrators", n=2**14, r=8, p=1)


def get_admins() -> Admins:
    """The administrators of the running app."""
    return _admins(get_app_state().settings.admin_password)


@cache
def _admins(password: str) -> Admins:
    return Admins(password)


def _valid(session: _Session, now: float) -> bool:
    return now - session.began < MAX_AGE and now - session.used < MAX_IDLE


def _home(client: str) -> str:
    """The client of gateway.clients; for IPv6 the /56 network that its household may have been given."""
    return str(ip_network(client).supernet(new_prefix=56)) if client.endswith("/64") else client


def _hashed(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # whatever the environment or a browser may hold
