"""Everything is killed while 50 pictures a second are read: what was answered is there in the end, and there once.

At full length, and with more that can go wrong, in full/test_faults.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from settings import ROOT
from storage.embedded import EmbeddedServer
from support import faults
from support.faults import Endangered
from support.fire import Fire
from support.running_app import RunningApp, wait_until


def test_nothing_is_lost_or_doubled_when_the_database_is_killed_five_times(mortal: RunningApp) -> None:
    with Fire(mortal) as fire:
        for _ in range(5):
            fire.more(20)
            killed = faults.kill_the_database(mortal)
            fire.more(5)  # meanwhile
            wait_until(partial(faults.is_back, mortal, killed), 60, "the new server")
    fire.all_is_there_once()


def test_nothing_is_lost_or_doubled_when_the_app_is_killed_three_times(mortal: RunningApp) -> None:
    with Fire(mortal) as fire:
        for kill in range(3):
            fire.more(20)
            if kill:  # with rows in its spool as well
                faults.kill_the_database(mortal)
                fire.more(5)
            fire.kill_the_app()
        fire.more(20)
    fire.all_is_there_once()


@pytest.fixture(scope="module")
def endangered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endangered]:
    with faults.endangered(tmp_path_factory.mktemp("endangered")) as one:
        yield one


def test_nothing_is_lost_or_doubled_when_the_wire_to_the_database_is_cut(endangered: Endangered) -> None:
    app, wire = endangered.app, endangered.wire
    with Fire(app) as fire:
        fire.more(20)
        wire.cut()
        fire.more(20)
        assert faults.spooled(app)
        wire.mend()
        faults.saving_resumes(app)
    fire.all_is_there_once()


def test_nothing_is_lost_or_doubled_when_the_databases_disk_is_full(endangered: Endangered) -> None:
    app, disk = endangered.app, endangered.disk
    if disk is None:
        pytest.skip("a small disk can't be mounted here")
    with Fire(app) as fire:
        fire.more(20)
        disk.fill()
        wait_until(lambda: faults.spooled(app), 60, "that the disk is too full to save")
        fire.more(20)
        disk.free()
        faults.saving_resumes(app, endangered.server)
    fire.all_is_there_once()


def test_labels_given_while_the_server_is_stopped_are_there_once(
    separate: tuple[RunningApp, EmbeddedServer],
) -> None:
    app, server = separate
    with Fire(app, label_each=2) as fire:
        fire.more(10)
        server.stop()
        fire.more(20)
        server.start()
        faults.saving_resumes(app)
    assert fire.all_is_there_once().labelled >= 10


def test_what_lasts_is_timed_by_a_clock_that_does_not_jump() -> None:
    """full/test_faults.py has it jump: an app under faketime takes long to start."""
    sources = "".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    assert "time.monotonic()" in sources
    assert "time.time(" not in sources
    assert "datetime.now() -" not in sources
