"""A picture as it is sent -> what is made of it, apart from the thread that reads drawings.

A photograph takes a hundred times as long to decode as a drawing, and a hundred times the memory. And a file of a
kilobyte may hold a grid of a hundred lines, which takes a hundred times as long to look through as a digit. So there
are threads for large pictures and one for small ones; at each of the two some more may wait, and whoever comes then is
asked to come again.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from PIL import Image

import metrics
from frames.images import QUICK_BYTES, decode, is_quick
from web.base64_pictures import bytes_in

Made = TypeVar("Made")
Sent = bytes | str  # a file's bytes, or base64 or a data URL of them

AT_ONCE = min(2, os.cpu_count() or 1)  # each takes up to memory.MEMORY
WAITING = 8  # of at most a second each
SMALL_WAITING = 64  # of a few milliseconds each; at most a fifth of a second
AGAIN = 5  # seconds: until then, most of those who wait have been served


class Busy(RuntimeError):
    """Too many pictures are being decoded."""

    def __init__(self, which: str) -> None:
        super().__init__(f"Too many {which} are being read at once: send this one again in {AGAIN} seconds.")


class _Threads:
    """So many threads for one kind of work, and so many places for what waits for them."""

    def __init__(self, name: str, which: str, at_once: int, waiting: int) -> None:
        self._which = which
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._places = threading.BoundedSemaphore(at_once + waiting)

    def submit(self, work: Callable[[], Made]) -> Future[Made]:
        if not self._places.acquire(blocking=False):
            raise Busy(self._which)
        try:
            done = self._pool.submit(work)
        except BaseException:
            self._places.release()
            raise
        done.add_done_callback(lambda _done: self._places.release())
        return done


_large = _Threads("photograph", "large pictures", AT_ONCE, WAITING)
_small = _Threads("picture", "pictures", 1, SMALL_WAITING)  # Python runs one thread at a time: more would only compete


def picture_in(sent: Sent) -> Image.Image:
    """The picture that was sent. Takes what `decode` takes, or its base64; raises what `decode` does."""
    return decode(bytes_in(sent) if isinstance(sent, str) else sent)


def apart(work: Callable[[], Made], quick: bool = False) -> Future[Made]:
    """Have work done on a thread for large pictures, or `quick` work on the one for small ones.

    Raises Busy where too much of it waits already.
    """
    return (_small if quick else _large).submit(work)


def made_now(data: bytes, make: Callable[[Image.Image], Made]) -> Made:
    """What is made of the picture in a file's bytes, for a caller who can wait. Raises what `made_of` does."""
    return apart(lambda: make(decode(data)), is_quick(data)).result()


async def made_of(sent: Sent, make: Callable[[Image.Image], Made]) -> Callable[[], Made]:
    """What is made of the picture that was sent, as a function that only hands it over.

    That function raises what `decode` and `make` raise, as this does, and this raises Busy.
    """
    if isinstance(sent, str) and len(sent) <= QUICK_BYTES:
        sent = bytes_in(sent)

    def work() -> Made:
        with metrics.timed("preprocess"):
            return make(picture_in(sent))

    done = apart(work, isinstance(sent, bytes) and is_quick(sent))
    await asyncio.wrap_future(done)
    return done.result
