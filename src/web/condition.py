"""GET /api/condition: what visitors should know of the app itself, as a word that changes with it.

An open page asks for it every few seconds, and has its script run only when the word is another one: to have a part of
the page run by itself instead would cost ten times as much.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from starlette.requests import Request

from serving.app_state import AppState, get_app_state
from storage.disk import space

RATE = "60/second"  # of one client: a school of 180 open pages


class Condition(NamedTuple):
    """Whether the app can read, and whether it saves."""

    loading: bool
    """The models are on their way."""
    without_models: bool
    missing: tuple[str, ...]
    """A sentence for each model that cannot read while another one does."""
    starting: bool
    """The database is on its way."""
    waiting: bool
    """Drawings wait in the spool, since the database is unavailable or its tables do not fit the app."""
    lost: bool
    """Not even the spool takes them."""
    nearly_full: bool
    """Saving will end before long for want of space."""

    @property
    def word(self) -> str:
        """Another one for each other condition."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


def condition_of(state: AppState) -> Condition:
    """The app's condition now."""
    keeps = not state.settings.read_only
    waiting = keeps and bool(state.database.away or state.writer.trouble)
    left = space(state.settings.data_dir) if keeps else None
    return Condition(
        loading=state.models.loading,
        without_models=state.models.error is not None,
        missing=tuple(state.models.missing.values()),
        starting=state.database.starting,
        waiting=waiting,
        lost=waiting and bool(state.writer.spool.trouble),
        nearly_full=left is not None and left.low,
    )


async def condition(_nothing: None, _request: Request) -> dict[str, str]:
    """The word for the app's condition."""
    return {"condition": condition_of(get_app_state()).word}
