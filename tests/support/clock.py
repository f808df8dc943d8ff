"""A clock that tests turn by hand, and the administrators' password in tests without a running app."""

from __future__ import annotations

RIGHT = "grüner Elefant 7"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
