"""Ways into the tests' PostgreSQL that can fail: an outage at will, a database of a test's own, a disk that is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import psycopg2.extensions
import pytest

from logger import statements
from storage import erasure
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.labels import Rules
from storage.spool import Spool
from storage.writer import Writer
from support.running_app import wait_until


def run(dsn: str, *statements: str) -> None:
    """Execute statements, each in a transaction of its own."""
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def postmaster(data_dir: Path) -> int | None:
    """The process number of the embedded server in that folder; None while there is none, or it is just starting."""
    try:
        return int((data_dir / "postgres/postmaster.pid").read_text().split("\n")[0])
    except (FileNotFoundError, ValueError):
        return None


class Known:
    """A server whose connection string is known."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def start(self) -> str:
        return self.dsn

    def stop(self) -> None:
        pass


class Switch(Known):
    """A server that can be switched off and on, for one database alone: PostgreSQL no longer lets its role log in."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server_dsn = server.start()
        run(self._server_dsn, "DROP ROLE IF EXISTS switched", "CREATE ROLE switched SUPERUSER LOGIN")
        super().__init__(psycopg2.extensions.make_dsn(self._server_dsn, user="switched"))

    def off(self, database: Database) -> None:
        """Cut the connections, and wait until the database knows."""
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'switched'"
        run(self._server_dsn, "ALTER ROLE switched NOLOGIN", cut)
        wait_until(lambda: database.away is not None, what="the outage")

    def on(self, database: Database) -> None:
        """Accept connections again, and wait until the database has some."""
        run(self._server_dsn, "ALTER ROLE switched LOGIN")
        assert database.wait_until_ready(60)


def writing(database: Database, folder: Path) -> Writer:
    """A writer to a database, not started, with its spool in a folder."""
    return Writer(database, Spool(folder / "spool.sqlite"), statements(Rules()) | erasure.statements())


def started(database: Database, folder: Path) -> Writer:
    """The same, started."""
    writer = writing(database, folder)
    writer.open()
    return writer


@contextmanager
def opened(dsn: str) -> Iterator[Database]:
    """A small database that notices within moments what happens to its server."""
    database = Database(Known(dsn), pool_size=2, retry_seconds=0.02)
    database.open()
    assert database.wait_until_ready(60), database.away
    yield database
    database.close()


def of_its_own(server: EmbeddedServer, name: str) -> str:
    """The connection string of a new, empty database on the tests' server: its tables may be changed."""
    dsn = server.start()
    run(dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    return psycopg2.extensions.make_dsn(dsn, dbname=name)


class Disk:
    """A small disk that can be filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        with (self.folder / "ballast").open("wb", buffering=0) as file:
            for size in (2**20, 4096, 1):
                with pytest.raises(OSError, match="No space left"):
                    while True:
                        file.write(b"0" * size)

    def free(self) -> None:
        (self.folder / "ballast").unlink()


@contextmanager
def small_disk(folder: Path, size: str = "1m") -> Iterator[Disk]:
    """A tmpfs at that folder; skips the test where it cannot be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"a small disk cannot be mounted: {mount.stderr.decode().strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
