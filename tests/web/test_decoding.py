"""No picture is decoded where drawings are read: large ones apart, and not more at once than the memory holds."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from uuid import uuid4

import httpx
import numpy as np
import pytest
from PIL import Image

from frames.images import NotAnImage
from gateway.visitors import COOKIE
from support.own_loop import run
from support.pictures import encoded, photograph, png, zero
from support.running_app import RunningApp
from web import decoding
from web.decoding import AT_ONCE, SMALL_WAITING, WAITING, Busy, Made, Sent, apart, made_of

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
    """What `made_of` gives."""
    return run(made_of(sent, make))


def where(sent: Sent) -> str:
    """The name of the thread that decodes what was sent."""
    return made(sent, lambda _picture: threading.current_thread().name)()


@pytest.mark.parametrize("kind", LARGE)
def test_what_takes_long_is_decoded_apart(kind: str) -> None:
    assert where(LARGE[kind]).startswith("photograph")


@pytest.mark.parametrize("kind", SMALL)
def test_what_is_quick_waits_for_no_photograph_and_no_drawing_waits_for_it(kind: str) -> None:
    """A grid of a kilobyte takes a hundred times as long to look through as a digit."""
    assert where(SMALL[kind]).startswith("picture")


@pytest.mark.parametrize("sent", [b"seven", b"II*\0seven", "c2V2ZW4", b"RIFF" + bytes(200_000)])
def test_what_is_no_picture_is_refused(sent: Sent) -> None:
    with pytest.raises(NotAnImage):
        made(sent, np.asarray)()


def test_a_flood_of_large_pictures_delays_no_drawing(app: RunningApp) -> None:
    """Each of half a hundred kilobytes and 20 megapixels, and ten of them a second."""
    picture = encoded(Image.new("RGB", (5000, 4000), "white"), "WEBP", method=0)
    assert len(picture) < 60_000
    canvas = {"revision": 1, "model": "cnn", "side": 480, "pen": 26, "strokes": "100 100 300 100 200 300", "up": True}

    def flood(_: int) -> int:
        return httpx.post(f"{app.url}/api/predict", files={"file": picture}, timeout=120).status_code

    with ThreadPoolExecutor(20) as crowd, httpx.Client(cookies={COOKIE: "f" * 43}, timeout=120) as client:
        sent = [crowd.submit(flood, n) for n in range(14)]
        for _ in range(5):
            began = time.monotonic()
            assert client.post(f"{app.url}/api/strokes", json=canvas | {"id": str(uuid4())}).status_code == 200
            assert time.monotonic() - began < 5
        assert {each.result() for each in sent} == {422, 503}  # there is no ink in it, or no room for it


def test_many_small_ones_wait_and_then_it_is_busy() -> None:
    go_on = threading.Event()
    sent = [apart(lambda: go_on.wait(30), quick=True) for _ in range(1 + SMALL_WAITING)]
    with pytest.raises(Busy, match=r"^Too many pictures are being read at once"):
        apart(lambda: True, quick=True)
    assert apart(lambda: True).result(30), "large ones have threads of their own"
    go_on.set()
    assert all(each.result(30) for each in sent)


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
