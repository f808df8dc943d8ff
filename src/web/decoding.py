"""A picture as it is sent -> what is made of it, with whatever takes long apart from the thread that reads drawings.

A photograph takes a hundred times as long to decode as a drawing, and a hundred times the memory. So only so many are
decoded at once, some more may wait, and whoever comes then is asked to come again.
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
AGAIN = 5  # seconds: until then, most of those who wait have been served


class Busy(RuntimeError):
    """Too many large pictures are being decoded."""

    def __init__(self) -> None:
        super().__init__(f"Too many large pictures are being read at once: send this one again in {AGAIN} seconds.")


_pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="photograph")
_places = threading.BoundedSemaphore(AT_ONCE + WAITING)


def picture_in(sent: Sent) -> Image.Image:
    """The picture that was sent. Takes what `decode` takes, or its base64; raises what `decode` does."""
    return decode(bytes_in(sent) if isinstance(sent, str) else sent)


def apart(work: Callable[[], Made]) -> Future[Made]:
    """Have work done on one of the threads for large pictures. Raises Busy where too much of it waits already."""
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        done = _pool.submit(work)
    except BaseException:
        _places.release()
        raise
    done.add_done_callback(lambda _done: _places.release())
    return done


def made_now(data: bytes, make: Callable[[Image.Image], Made]) -> Made:
    """What is made of the picture in a file's bytes, for a caller who can wait. Raises what `made_of` does."""
    if is_quick(data):
        return make(decode(data))
    return apart(lambda: make(decode(data))).result()


async def made_of(sent: Sent, make: Callable[[Image.Image], Made]) -> Callable[[], Made]:
    """What is made of the picture that was sent, as a function that is quick to call, wherever that is.

    A small picture is decoded when that function is called, a large one apart, while this waits. Both raise what
    `decode` and `make` raise, and this raises Busy.
    """
    if isinstance(sent, str) and len(sent) <= QUICK_BYTES:
        sent = bytes_in(sent)

    def work() -> Made:
        with metrics.timed("preprocess"):
            return make(picture_in(sent))

    if isinstance(sent, bytes) and is_quick(sent):
        return work
    done = apart(work)
    await asyncio.wrap_future(done)
    return done.result
