"""POST /api/erase: whoever has a session's secret deletes everything that is kept of it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from gateway.visitors import api_visitor
from serving.app_state import get_app_state
from storage.database import DatabaseAway
from storage.erasure import erase
from storage.nothing_kept import NOTHING_KEPT
from web.problems import problems
from web.schemas import Erased, Erasure

router = APIRouter()


@router.post("/erase", responses=problems(400, 413, 422, 429, 503))
async def erase_session(asked: Erasure) -> Erased:
    """Delete all drawings of a session, with their labels, and its personal model.

    The session is the permission to do so, as a password would be. While the database is unavailable the request is
    kept, and followed when the database is back.
    """
    state, visitor = get_app_state(), api_visitor(asked.session)
    if state.settings.read_only or visitor is None:
        raise DatabaseAway(NOTHING_KEPT)
    done = await asyncio.wrap_future(state.hands.relearned(erase(state.writer, visitor), visitor))
    state.sweeper.wake()
    if done.row is None:
        return Erased(drawings=0, complete=False)
    return Erased(drawings=done.row[1], complete=not done.row[2])
