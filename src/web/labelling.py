"""A label on its way in: what its address still allows, the entry for the database, and the personal model it teaches.

Addresses are known while labels are taken, as keyed hashes, and never stored. They decide two things only: how fast
labels without a name may come, since those have no person whose others could be counted; and how many new names are
believed at once, since a name costs nothing. What is too much of the second waits for review, so that a school behind
one address loses nothing.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

import logger
from gateway.rates import RecentCalls
from serving.app_state import AppState
from settings import load_settings
from storage.labels import REFUSED, LabelRow
from storage.writer import Written

NEW_NAMES = 10  # an hour: people from one address whose first labels are believed at once


class Allowance:
    """What the labels of each address still may; `rate` is in nameless labels a minute, None no limit."""

    def __init__(self, rate: int | None) -> None:
        self._nameless = _Window(RateLimitItemPerMinute(rate) if rate else None)
        self._names = _Window(RateLimitItemPerHour(NEW_NAMES) if rate else None)
        self._key = secrets.token_bytes(32)

    def hasty(self, client: str) -> bool:
        """Whether the next nameless label from this address would be one too many this minute."""
        return self._nameless.full(self._hashed(client))

    def crowded(self, client: str) -> bool:
        """Whether the next new name from this address would be one too many this hour."""
        return self._names.full(self._hashed(client))

    def count(self, client: str, row: LabelRow) -> None:
        """Count what has become of a label from this address."""
        if row.found and row.visitor is None and row.review != REFUSED:
            self._nameless.add(self._hashed(client))
        if row.visitor is not None and row.new_name and row.review == "approved":
            self._names.add(self._hashed(client))

    def _hashed(self, client: str) -> str:
        return hashlib.blake2b(client.encode(), key=self._key, digest_size=16).hexdigest()


class _Window:
    """How often each key came lately. A limit has a storage of its own, which forgets what is older than its time."""

    def __init__(self, limit: RateLimitItem | None) -> None:
        self._limit, self._limiter, self._lock = limit, MovingWindowRateLimiter(RecentCalls()), threading.Lock()

    def full(self, key: str) -> bool:
        with self._lock:
            return self._limit is not None and not self._limiter.test(self._limit, key)

    def add(self, key: str) -> None:
        if self._limit is not None:
            with self._lock:
                self._limiter.hit(self._limit, key)


@dataclass(frozen=True)
class Said:
    """What a drawing really is (0-9 or NOT_A_DIGIT), and who says so; perhaps only a drawing of that `owner`."""

    drawing_id: UUID
    label: int
    who: str
    owner: str | None = None


def give_label(state: AppState, said: Said, client: str, visitor: str | None = None) -> Future[Written]:
    """Write a label from `client` (see clients.client_of); done when the personal model of the `visitor` knows it.

    Without a visitor it is the model of whoever drew the drawing.
    """
    allowance = _allowance()
    hasty, crowded = allowance.hasty(client), allowance.crowded(client)
    written = logger.log_label(state.writer, said.drawing_id, said.label, said.who, said.owner, hasty, crowded)

    def count(done: Future[Written]) -> None:
        if not done.exception() and (row := done.result().row):
            allowance.count(client, LabelRow(*row))

    written.add_done_callback(count)
    return state.hands.relearned(written, visitor)


@cache
def _allowance() -> Allowance:
    return Allowance(load_settings().label_rate)
