"""What many tests need: MNIST, and a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psutil
import pytest

from learning.dataset import Mnist, MnistMissing, load_mnist
from logger import statements
from settings import ROOT
from storage import erasure, hands, withdrawal
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.labels import Rules
from storage.spool import Spool
from storage.writer import Writer
from support.running_app import SESAME, PatientServer, RunningApp, app_and_server, wait_until

# On a developer's machine the property tests look for new counterexamples each time; continuous integration must say
# the same of the same commit.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    hypothesis.settings.load_profile("ci")


def pytest_xdist_auto_num_workers() -> int:
    """A worker waits half of its time, for a browser, server or database: one more of them than there are cores."""
    return (psutil.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def mnist() -> Mnist:
    """MNIST from `data/MNIST`, or downloaded there; where neither is to be had, its tests are skipped."""
    try:
        return load_mnist(ROOT / "data")
    except MnistMissing as error:
        if os.environ.get("CI") == "true" and (ROOT / "../shared/mnist").is_dir():
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A PostgreSQL of the tests' own, out of the same package as the app's."""
    server = PatientServer(tmp_path_factory.mktemp("database"), "digits")
    yield server
    server.stop()


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[Database]:
    """An open database with empty tables."""
    database = Database(server, pool_size=4, retry_seconds=0.05)
    database.open()
    assert database.wait_until_ready(60), database.away
    with database.transaction() as cursor:
        cursor.execute("TRUNCATE predictions, label_events, model_versions, promotions, retrainings, hands, erasures")
    yield database
    database.close(stop_server=False)


@pytest.fixture
def writer(database: Database, tmp_path: Path) -> Iterator[Writer]:
    """A writer to that database, with an empty spool."""
    known = statements(Rules()) | hands.statements() | withdrawal.statements() | erasure.statements()
    writer = Writer(database, Spool(tmp_path / "spool.sqlite"), known)
    writer.open()
    yield writer
    writer.close()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """One running app for all tests that leave it as it was. It trusts them as a proxy that may speak HTTPS."""
    running = RunningApp(tmp_path_factory.mktemp("app"), TRUSTED_PROXIES="127.0.0.1").start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app for all tests that kill it, or the PostgreSQL that it has started, and find it running in the end."""
    running = RunningApp(tmp_path_factory.mktemp("mortal")).start()
    yield running
    process = psutil.Process(running.postmaster())
    running.stop()
    gone = not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert gone, "a stopped app leaves no server behind"


@pytest.fixture(scope="session")
def _separate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningApp, EmbeddedServer]]:
    with app_and_server(tmp_path_factory.mktemp("separate"), ADMIN_PASSWORD=SESAME) as both:
        yield both


@pytest.fixture
def separate(_separate: tuple[RunningApp, EmbeddedServer]) -> Iterator[tuple[RunningApp, EmbeddedServer]]:
    """An app without drawings, and a PostgreSQL that is not its own: a test may stop it and start it again."""
    app, server = _separate
    app.sql("TRUNCATE predictions, label_events, hands")
    yield app, server
    server.start()
    wait_until(lambda: app.status("/ready") == 200 and "\ndigit_reader_spool_entries 0.0" in app.text("/metrics"))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the current one: nothing may depend on where a command is started."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
