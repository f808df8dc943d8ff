"""Predictions over HTTP: the app itself, started on a folder of its own, under 1, 8 and 64 concurrent clients.

A response counts only with its row: at the end the database is asked for each of them.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from socket import socket
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import psutil
from PIL import Image

from benchmarks.latency import canvases
from settings import ROOT
from storage.database import Database
from storage.embedded import EmbeddedServer

CLIENTS = (1, 8, 64)
WARM_UP = 200  # requests before the clock starts
PICTURES = 50
MODES = {"colour": "RGBA", "grey": "L"}
"""The kinds of pictures: as a browser's canvas saves them, and as most programs would send a drawing."""
PERSONAL = "colour, in 8 sessions"
SESSIONS = [f"benchmark-session-{number}" for number in range(8)]
LABELS = 20  # that each session has before the clock starts
START_TIMEOUT = 120.0  # seconds that the app may take to start


class AppFailed(ConnectionError):
    """The app did not start, or a response was not a prediction."""


class Throughput(NamedTuple):
    """A number of clients, each with one request at a time on a persistent connection."""

    clients: int
    per_second: float
    p50: float
    """Milliseconds, from the first byte sent to the last received."""
    p99: float


class Load(NamedTuple):
    """The result of a whole run."""

    measured: dict[str, list[Throughput]]
    """By the kind of picture, one of MODES, or PERSONAL."""
    logged: int
    """Predictions that were answered, each of which has its row."""
    growth: float
    """Megabytes by which the app's memory grew over the last `memory_requests`."""


def load(requests: int, memory_requests: int) -> Load:
    """Measure `requests` predictions for each number of clients, then watch the memory over `memory_requests` more.

    Raises AppFailed, also when the rows are not those that were answered.
    """
    calls = {kind: [http_request(picture) for picture in pictures(PICTURES, kind)] for kind in MODES}
    with tempfile.TemporaryDirectory() as folder:
        with running_app(Path(folder)) as (port, process):
            _, ids = asyncio.run(send(port, calls["colour"], 8, WARM_UP))
            measured: dict[str, list[Throughput]] = {kind: [] for kind in MODES}
            for kind, clients in product(MODES, CLIENTS):
                found, more = asyncio.run(send(port, calls[kind], clients, requests))
                measured[kind].append(found)
                ids += more
            drawn = pictures(PICTURES)
            more = [label(port, session, picture) for session in SESSIONS for picture in drawn[:LABELS]]
            personal = [http_request(drawn[n % PICTURES], SESSIONS[n % len(SESSIONS)]) for n in range(8 * PICTURES)]
            measured[PERSONAL] = []
            for clients in CLIENTS:
                found, answered = asyncio.run(send(port, personal, clients, requests))
                measured[PERSONAL].append(found)
                more += answered
            ids += more
            before = process.memory_info().rss
            ids += asyncio.run(send(port, calls["colour"], 8, memory_requests))[1]
            growth = (process.memory_info().rss - before) / 1e6
        compare(ids, rows(Path(folder)))
        return Load(measured, len(ids), growth)


def pictures(count: int, kind: str = "colour") -> list[bytes]:
    """Drawings of 280 x 280 pixels, of a kind in MODES, each as the bytes of a PNG."""
    return [_png(Image.fromarray(canvas).convert(MODES[kind])) for canvas in canvases(count)]


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def http_request(picture: bytes, session: str = "") -> bytes:
    """A whole POST /api/predict, ready to be sent."""
    body = b'--digit\r\nContent-Disposition: form-data; name="file"; filename="digit.png"\r\n\r\n' + picture
    if session:
        body += b'\r\n--digit\r\nContent-Disposition: form-data; name="session"\r\n\r\n' + session.encode()
    body += b"\r\n--digit--\r\n"
    head = "POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=digit\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def label(port: int, session: str, picture: bytes) -> UUID:
    """Send a picture in a session, and label it as it was read; the drawing's id. Raises OSError."""
    url = f"http://127.0.0.1:{port}/api"
    picture_text = base64.b64encode(picture).decode()
    answer = _post(f"{url}/predict/base64", {"image": picture_text, "session": session})
    _post(f"{url}/feedback", {"id": answer["id"], "label": answer["predicted_digit"]})
    return UUID(answer["id"])


def _post(url: str, body: dict[str, object]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own address
        answer: dict[str, Any] = json.load(response)
    return answer


@contextmanager
def running_app(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """The app, ready, on a data folder: its port and its process. Raises AppFailed."""
    with socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    own = {"DATA_DIR": str(folder), "PORT": str(port), "ADDRESS": "127.0.0.1", "DB_HOST": "", "API_RATE_LIMIT": ""}
    with (folder / "app.log").open("wb") as log:
        app = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, ROOT / "src/app.py"], cwd=ROOT, env=os.environ | own, stdout=log, stderr=log
        )
    try:
        _wait_until_ready(app, port)
        yield port, psutil.Process(app.pid)
    finally:
        app.terminate()
        app.wait(60)


def _wait_until_ready(app: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START_TIMEOUT
    while app.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=10):
                return
        except OSError:  # not listening yet, or a 503
            time.sleep(0.1)
    raise AppFailed(
        f"The app was not ready within {START_TIMEOUT:.0f} s: start it with `make run`, and see what it says."
    )


async def send(port: int, calls: list[bytes], clients: int, requests: int) -> tuple[Throughput, list[UUID]]:
    """Send so many requests from so many clients; the figures, and the drawings' ids. Raises AppFailed."""
    times: list[float] = []
    ids: list[UUID] = []
    left = iter(range(requests))

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in left:
            start = time.perf_counter()
            writer.write(calls[number % len(calls)])
            answer = await _answer(reader)
            times.append((time.perf_counter() - start) * 1e3)
            ids.append(UUID(json.loads(answer)["id"]))
        writer.close()
        await writer.wait_closed()

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - start
    p50, p99 = np.percentile(times, (50, 99))
    return Throughput(clients, requests / seconds, float(p50), float(p99)), ids


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The body of one answer, which must be a 200 of declared length."""
    head = await reader.readuntil(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    if status.split()[1] != "200":
        raise AppFailed(f"The app answered {status}: {body[:200]!r}.")
    return body


def rows(folder: Path) -> list[UUID]:
    """The drawing of each row that an app, which has ended, left in its folder. Raises AppFailed."""
    database = Database(EmbeddedServer(folder, "digits"))
    database.open()
    try:
        if not database.wait_until_ready(START_TIMEOUT):
            raise AppFailed(f"The rows cannot be counted. {database.away}")
        with database.transaction() as cursor:
            cursor.execute("SELECT drawing_id FROM predictions")
            return [drawing_id for (drawing_id,) in cursor.fetchall()]
    finally:
        database.close()


def compare(answered: list[UUID], logged: list[UUID]) -> None:
    """Raise AppFailed unless every response has its row, and every row its response."""
    if sorted(answered) != sorted(logged):
        missing, more = set(answered) - set(logged), set(logged) - set(answered)
        raise AppFailed(f"{len(missing)} answers have no row, and {len(more)} rows no answer.")
