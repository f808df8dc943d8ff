"""Whether what was read could be kept: an answer is given in any case, and without an id where it could not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future

from storage.writer import NotWritten, Written


async def all_kept(written: Sequence[Future[Written]]) -> bool:
    """Wait until rows are safe, in the database or in the spool; False where one is in neither, as on a full disk."""
    outcomes = await asyncio.gather(*map(asyncio.wrap_future, written), return_exceptions=True)
    failed = [each for each in outcomes if isinstance(each, BaseException)]
    for error in failed:
        if not isinstance(error, NotWritten):
            raise error
    return not failed
