"""Half of a million drawings, or of ROWS=10000000, goes for its age while others draw, and they notice nothing."""
# ruff: noqa: T201 - what is measured is printed

from __future__ import annotations

import os
import statistics
import threading
import time
from datetime import UTC, datetime

import pytest

import logger
from storage import waiting
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.recounting import differences
from storage.sweeping import Sweeper
from storage.writer import Writer
from support.labelling import reading
from support.many_drawings import MIDDLE, fill, settle

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]

ROWS = int(os.environ.get("ROWS", "1000000"))
PAUSE = 0.02  # seconds between two drawings of the one who draws
ALONE = 500  # drawings without a sweep, to compare with
SLOWER = 5.0  # times as long as alone, and LIMIT at least: what one in twenty may take
LIMIT = 0.1  # seconds


def test_a_sweep_is_noticed_by_nobody(
    database: Database, server: EmbeddedServer, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "ANSWER_TIMEOUT", 600.0)  # ANALYZE reads long
    fill(database, ROWS)
    settle(server)
    alone = [draw(writer) for _ in range(ALONE)]
    print(f"\n{ROWS:,} drawings; milliseconds until another one is saved")
    tell("alone", alone)
    sweeper = Sweeper(database, (datetime.now(UTC) - MIDDLE).days)
    swept: list[int] = []
    sweeping = threading.Thread(target=lambda: swept.append(sweeper.sweep()))
    start = time.perf_counter()
    sweeping.start()
    meanwhile = []
    while sweeping.is_alive():
        meanwhile.append(draw(writer))
    seconds = time.perf_counter() - start
    tell("meanwhile", meanwhile)
    print(f"{swept[0]:,} drawings were deleted in {seconds:.0f} s, {swept[0] / seconds:,.0f} a second")
    start = time.perf_counter()
    assert sweeper.sweep() < ROWS / 1000, "only what has grown old meanwhile"
    print(f"to find next to nothing took {time.perf_counter() - start:.2f} s")
    assert 0.45 * ROWS < swept[0] < 0.5 * ROWS, "a twentieth has a label and stays"
    assert late(meanwhile) < max(LIMIT, SLOWER * late(alone))
    assert differences(database) == []


def draw(writer: Writer) -> float:
    """Seconds until a drawing was saved."""
    row = reading()
    start = time.perf_counter()
    assert not logger.log_prediction(writer, row).result(60).spooled
    seconds = time.perf_counter() - start
    time.sleep(PAUSE)
    return seconds


def late(seconds: list[float]) -> float:
    """What nineteen in twenty stay below."""
    return statistics.quantiles(seconds, n=20)[-1]


def tell(name: str, seconds: list[float]) -> None:
    """Print the median, the 95th percentile and the worst."""
    half, most, worst = (1000 * each for each in (statistics.median(seconds), late(seconds), max(seconds)))
    print(f"{name:10} p50 {half:6.1f}   p95 {most:6.1f}   worst {worst:6.1f}   ({len(seconds):,} drawings)")
