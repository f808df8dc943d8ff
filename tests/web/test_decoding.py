"""Small pictures are decoded where they are read, large ones apart, and not more at once than the memory holds."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import pytest
from PIL import Image

from frames.images import NotAnImage
from support.pictures import encoded, photograph, png, zero
from web import decoding
from web.decoding import AT_ONCE, WAITING, Busy, Made, Sent, apart, made_of

FLAT = encoded(Image.new("L", (2000, 1500), 255), "WEBP")
LARGE: dict[str, Sent] = {
    "many bytes": png(photograph()),
    "few bytes of many pixels": FLAT,
    "base64 of many bytes": b64encode(png(photograph())).decode(),
    "base64 of many pixels": b64encode(FLAT).decode(),
    "TIFF": encoded(zero(), "TIFF"),
    "AVIF": encoded(zero(), "AVIF"),
}
SMALL: dict[str, Sent] = {"PNG": png(zero()), "base64": b64encode(png(zero())).decode(), "GIF": encoded(zero(), "GIF")}


def made(sent: Sent, make: Callable[[Image.Image], Made]) -> Callable[[], Made]:
    """What `made_of` gives; in a thread, since a browser test beside it may have an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, made_of(sent, make)).result()


def where(sent: Sent) -> str:
    """The name of the thread that decodes what was sent, where it is called from this one."""
    return made(sent, lambda _picture: threading.current_thread().name)()


@pytest.mark.parametrize("kind", LARGE)
def test_what_takes_long_is_decoded_apart(kind: str) -> None:
    assert where(LARGE[kind]).startswith("photograph")


@pytest.mark.parametrize("kind", SMALL)
def test_what_is_quick_is_decoded_where_it_is_read(kind: str) -> None:
    assert where(SMALL[kind]) == threading.current_thread().name


@pytest.mark.parametrize("sent", [b"seven", b"II*\0seven", "c2V2ZW4", b"RIFF" + bytes(200_000)])
def test_what_is_no_picture_is_refused(sent: Sent) -> None:
    with pytest.raises(NotAnImage):
        made(sent, np.asarray)()


def test_so_many_are_decoded_at_once_so_many_wait_and_then_it_is_busy() -> None:
    go_on, running = threading.Event(), threading.Semaphore(0)

    def slow() -> int:
        running.release()
        assert go_on.wait(30)
        return 7

    sent = [apart(slow) for _ in range(AT_ONCE + WAITING)]
    for _ in range(AT_ONCE):
        assert running.acquire(timeout=30)
    assert not running.acquire(blocking=False)
    with pytest.raises(
        Busy, match=r"^Too many large pictures are being read at once: send this one again in 5 seconds\.$"
    ):
        apart(slow)
    sent.pop().cancel()
    sent.append(apart(slow))
    go_on.set()
    wait(sent, 30)
    assert {each.result() for each in sent} == {7}
    assert apart(lambda: 8).result(30) == 8
    assert decoding.WAITING <= 20, "their files wait in memory"
