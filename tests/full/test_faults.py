"""What can go wrong with the database, its disk, the wire, the app and the clock, under 100 predictions a second.

Every reading and every label that was acknowledged is there exactly once in the end, and no reading fails while the app
lives. PostgreSQL and the people who draw share the machine with the app. The disk is a tmpfs, filled to the last byte;
the clock is libfaketime's, for the app's process alone.
"""
# ruff: noqa: T201 - what is measured is printed, for the README

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from support import faults
from support.faults import Endangered
from support.fire import Fire
from support.running_app import RunningApp, wait_until

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

PER_SECOND, HANDS, LABEL_EACH = 100, 16, 5
STOPPED, AWAY, BETWEEN = 30.0, 15.0, 3.0  # seconds
RESTARTS, KILLS = 20, 20
RESUMED = 5.0  # seconds


@contextmanager
def fire_at(app: RunningApp, what: str) -> Iterator[Fire]:
    """People draw meanwhile; then all is there."""
    with Fire(app, PER_SECOND, HANDS, LABEL_EACH) as fire:
        time.sleep(BETWEEN)
        yield fire
        time.sleep(BETWEEN)
    print(f"\n{what}: {fire.all_is_there_once()}; none lost, doubled or failed")


@pytest.fixture(scope="module")
def endangered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endangered]:
    with faults.endangered(tmp_path_factory.mktemp("endangered")) as one:
        yield one


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[RunningApp]:
    """An app with its own PostgreSQL, which it starts again by itself."""
    app = RunningApp(tmp_path).start()
    yield app
    app.stop()


def resumes(app: RunningApp) -> None:
    took = faults.saving_resumes(app)
    print(f"  saving resumed after {took:.1f} s")
    assert took < RESUMED


def test_the_database_is_killed(endangered: Endangered) -> None:
    app, server = endangered.app, endangered.server
    with fire_at(app, "killed"):
        faults.kill_the_database(app)
        wait_until(partial(faults.spooled, app), 30, "the outage")
        server.start()
        resumes(app)


def test_the_database_is_stopped(endangered: Endangered) -> None:
    app, server = endangered.app, endangered.server
    with fire_at(app, f"stopped for {STOPPED:.0f} s"):
        server.stop()
        time.sleep(STOPPED)
        assert faults.spooled(app)
        server.start()
        resumes(app)


def test_the_database_is_frozen(endangered: Endangered) -> None:
    """Its processes stop and keep every connection, as on a machine that swaps."""
    app = endangered.app
    server = psutil.Process(app.postmaster())
    with fire_at(app, f"frozen for {AWAY:.0f} s"):
        frozen = [server, *server.children()]
        for process in frozen:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(AWAY)
        assert faults.spooled(app)
        for process in frozen:
            with suppress(psutil.NoSuchProcess):
                process.resume()
        resumes(app)


@pytest.mark.parametrize("how", ["cut", "silence"])
def test_the_wire_to_the_database_breaks(endangered: Endangered, how: str) -> None:
    app, wire = endangered.app, endangered.wire
    with fire_at(app, f"the wire: {how} for {AWAY:.0f} s"):
        getattr(wire, how)()
        time.sleep(AWAY)
        assert faults.spooled(app)
        wire.mend()
        resumes(app)


def test_the_databases_disk_is_full(endangered: Endangered) -> None:
    app, server, disk = endangered.app, endangered.server, endangered.disk
    if disk is None:
        pytest.skip("a small disk can't be mounted here: run this as root")
    with fire_at(app, f"the disk full for {AWAY:.0f} s"):
        disk.fill()
        wait_until(partial(faults.spooled, app), 60, "that the disk is too full to save")
        time.sleep(AWAY)
        disk.free()
        server.start()  # it may have ended itself
        resumes(app)


def test_the_database_restarts_again_and_again(endangered: Endangered) -> None:
    app, server = endangered.app, endangered.server
    took = []
    with fire_at(app, f"{RESTARTS} restarts"):
        for _ in range(RESTARTS):
            server.stop()
            server.start()
            took.append(faults.saving_resumes(app))
            time.sleep(random.uniform(0, 1))
    print(f"  saving resumed after {max(took):.1f} s at most")
    assert max(took) < RESUMED


def test_the_app_is_killed_again_and_again(alone: RunningApp) -> None:
    with fire_at(alone, f"the app killed {KILLS} times") as fire:
        for _ in range(KILLS):
            fire.more(1)
            time.sleep(random.uniform(0, 2))
            fire.kill_the_app()


def test_the_apps_own_database_is_killed_again_and_again(alone: RunningApp) -> None:
    with fire_at(alone, f"the app's own PostgreSQL killed {KILLS} times"):
        for _ in range(KILLS):
            killed = faults.kill_the_database(alone)
            wait_until(partial(faults.is_back, alone, killed), 60, "the new server")
            time.sleep(random.uniform(0, 1))


@pytest.mark.skipif(not faults.FAKETIME.exists(), reason="Debian's package faketime is missing")
def test_the_clock_jumps(tmp_path: Path) -> None:
    with faults.endangered(tmp_path, clock=True) as one:
        assert one.clock is not None
        with fire_at(one.app, "the clock a day forward, two back, and right again"):
            for days in (1, -1, 0):
                one.clock.jump(days)
                wait_until(partial(one.is_ahead, days), 30, "the jump")
                time.sleep(BETWEEN)
                assert one.app.status("/ready") == 200
