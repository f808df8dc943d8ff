"""How fast nameless labels come from one address: it is known while they are taken, as a keyed hash, and never stored.

A label of a drawing without a session has no person whose others could be counted. Whoever shares an address with a
hasty one, a school say, loses nothing: a label that comes too fast waits for review, and those with a name never count.
"""

from __future__ import annotations

import hashlib
import secrets

from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from web.middleware import RecentCalls


class NamelessLabels:
    """Counts nameless labels by their address; `rate` is in labels a minute, None no limit. For one thread."""

    def __init__(self, rate: int | None) -> None:
        self._rate = RateLimitItemPerMinute(rate) if rate else None
        self._limiter = MovingWindowRateLimiter(RecentCalls())
        self._key = secrets.token_bytes(32)

    def too_fast(self, client: str) -> bool:
        """Whether the next nameless label from this address would be one too many."""
        return self._rate is not None and not self._limiter.test(self._rate, self._hashed(client))

    def count(self, client: str) -> None:
        """Count one."""
        if self._rate is not None:
            self._limiter.hit(self._rate, self._hashed(client))

    def _hashed(self, client: str) -> str:
        return hashlib.blake2b(client.encode(), key=self._key, digest_size=16).hexdigest()
