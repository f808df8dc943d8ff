"""A pool that waits, a server that may die, and migrations that run once: against a real PostgreSQL."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil
import psycopg2
import psycopg2.errors
import pytest

from settings import ROOT, load_settings
from storage import database as module
from storage.database import Database, DatabaseAway, RemoteServer
from storage.embedded import EmbeddedServer, forget_dead_postmaster
from storage.migrations import SQL_DIR, migrate
from support.running_app import wait_until


def test_more_threads_than_connections_wait_instead_of_failing(database: Database) -> None:
    def one(number: int) -> int:
        with database.transaction() as cursor:
            cursor.execute("SELECT %s, pg_sleep(0.01)", (number,))
            row = cursor.fetchone()
            assert row is not None
            return int(row[0])

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(one, range(200))) == list(range(200))


def test_who_waits_too_long_is_told_so(database: Database) -> None:
    taken, done = threading.Barrier(5), threading.Event()

    def hold() -> None:
        with database.transaction() as cursor:
            cursor.execute("SELECT 1")
            taken.wait(10)
            done.wait(10)

    holders = [threading.Thread(target=hold) for _ in range(4)]
    for holder in holders:
        holder.start()
    taken.wait(10)
    with pytest.raises(DatabaseAway, match="busy"), database.transaction(wait=0.05):
        pass
    done.set()
    for holder in holders:
        holder.join()
    database.ping()


def fail_half_way(database: Database) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable), database.transaction() as cursor:
        cursor.execute("CREATE TABLE half_done ()")
        cursor.execute("SELECT * FROM nowhere")


def assert_nothing_is_half_done(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute("SELECT to_regclass('half_done')")
        assert cursor.fetchone() == (None,)


def test_an_error_rolls_back_and_leaves_the_pool_as_it_was(database: Database) -> None:
    for _ in range(10):
        fail_half_way(database)
    assert_nothing_is_half_done(database)


def test_what_is_executed_at_once_is_one_transaction_and_committed(database: Database) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable), database.at_once() as cursor:
        cursor.execute("CREATE TABLE half_done (); SELECT * FROM nowhere")
    assert_nothing_is_half_done(database)
    with database.at_once() as cursor:
        cursor.execute("CREATE TABLE done (); CREATE TABLE done_too ()")
        with database.transaction() as other:
            other.execute("SELECT to_regclass('done_too')::text")
            assert other.fetchone() == ("done_too",)
        cursor.execute("DROP TABLE done, done_too")


def test_a_connection_goes_back_to_the_pool_as_it_was(database: Database) -> None:
    for _ in range(5):
        with database.at_once() as cursor:
            cursor.execute("SELECT 1")
        fail_half_way(database)
    assert_nothing_is_half_done(database)


def test_a_statement_that_takes_too_long_is_ended(database: Database) -> None:
    with pytest.raises(DatabaseAway, match="too long"), database.transaction() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 50")
        cursor.execute("SELECT pg_sleep(5)")
    database.ping()
    assert database.away is None


def test_connections_that_died_while_idle_are_not_handed_out(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: database.ping(), range(16)))
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = 'digit-reader' AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone() != (0,)
        cursor.execute("SELECT pg_sleep(0.1)")  # the others end in their own time
    for _ in range(8):
        database.ping()
    assert database.away is None


def test_a_killed_server_is_started_again_and_nothing_is_lost(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path, "digits")
    database = Database(server, pool_size=2, retry_seconds=0.05)
    database.open()
    try:
        assert database.wait_until_ready(60), database.away
        with database.transaction() as cursor:
            cursor.execute("INSERT INTO schema_migrations (name) VALUES ('kept')")
        killed = postmaster(tmp_path)
        assert killed
        os.kill(killed, signal.SIGKILL)
        with pytest.raises(DatabaseAway), database.transaction() as cursor:
            cursor.execute("SELECT pg_sleep(1)")
        wait_until(lambda: database.away is None and postmaster(tmp_path) != killed, what="the new server")
        with database.transaction() as cursor:
            cursor.execute("SELECT count(*) FROM schema_migrations WHERE name = 'kept'")
            assert cursor.fetchone() == (1,)
    finally:
        database.close()
    assert not (tmp_path / "postgres/postmaster.pid").exists(), "a closed database leaves no server behind"
    with pytest.raises(DatabaseAway, match="closed"):
        database.ping()


def test_a_server_ends_with_its_last_user_even_if_another_was_killed(tmp_path: Path) -> None:
    """A killed app cannot say that it no longer uses the server: the next one must not wait for that."""
    program = (
        "import os, signal, sys, pathlib; from storage.embedded import EmbeddedServer\n"
        "EmbeddedServer(pathlib.Path(sys.argv[1]), 'digits').start()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    left = postmaster(tmp_path)
    server = EmbeddedServer(tmp_path, "digits")
    server.start()
    assert postmaster(tmp_path) == left, "what the killed one had started"
    server.stop()
    assert postmaster(tmp_path) is None


def postmaster(data_dir: Path) -> int | None:
    try:
        return int((data_dir / "postgres/postmaster.pid").read_text().split("\n")[0])
    except (FileNotFoundError, ValueError):
        return None  # it is just coming or going


def test_the_keeper_notices_by_itself_and_starts_the_server(tmp_path: Path) -> None:
    database = Database(EmbeddedServer(tmp_path, "digits"), pool_size=2, retry_seconds=0.05)
    database.open()
    try:
        assert database.wait_until_ready(60), database.away
        killed = postmaster(tmp_path)
        assert killed
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: database.away is None and postmaster(tmp_path) != killed, what="the new server")
        database.ping()
    finally:
        database.close()


def test_a_frozen_server_is_not_waited_for_for_ever(
    server: EmbeddedServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEADLINE", 0.5)
    with database.transaction() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'digit-reader'")
        backends = [psutil.Process(pid) for (pid,) in cursor.fetchall()]
    for backend in backends:
        backend.suspend()
    start = time.monotonic()
    try:
        with pytest.raises(DatabaseAway, match="does not answer"), database.transaction() as cursor:
            cursor.execute("SELECT 1")
    finally:
        for backend in backends:
            with suppress(psutil.NoSuchProcess):
                backend.resume()
    assert time.monotonic() - start < 5
    wait_until(lambda: reachable(database), what="the thawed server")


def reachable(database: Database) -> bool:
    with suppress(DatabaseAway):
        database.ping()
        return True
    return False


def test_a_server_that_is_nowhere_is_said_at_once_and_tried_again() -> None:
    settings = load_settings({"DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_PASSWORD": "x"}, Path("no.env"))
    database = Database(RemoteServer(settings), retry_seconds=0.05)
    assert database.away == "The database is starting."
    database.open()
    wait_until(lambda: not database.starting, what="the reason")
    assert database.away in ("The database cannot be reached.", "The database refuses connections: it is not running.")
    start = time.monotonic()
    with pytest.raises(DatabaseAway, match="The database"):
        database.ping()
    assert time.monotonic() - start < 1, "nobody waits for a server that is known to be away"
    database.close()


def test_migrations_run_once_in_order_and_each_in_its_own_transaction(server: EmbeddedServer, tmp_path: Path) -> None:
    dsn = server.start()
    (tmp_path / "901_first.sql").write_text("CREATE TABLE first_one (a int);")
    (tmp_path / "902_broken.sql").write_text("CREATE TABLE second_one (a int); SELECT * FROM nowhere;")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        migrate(dsn, tmp_path)
    (tmp_path / "902_broken.sql").write_text("CREATE TABLE second_one (a int);")
    assert migrate(dsn, tmp_path) == ["902_broken.sql"]
    assert migrate(dsn, tmp_path) == []


def test_replicas_that_start_together_migrate_once(server: EmbeddedServer, tmp_path: Path) -> None:
    dsn = server.start()
    (tmp_path / "911_slow.sql").write_text("SELECT pg_sleep(0.2); CREATE TABLE once (a int);")
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(dsn, tmp_path), range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 1]


def test_every_column_is_explained_in_the_line_above_it() -> None:
    lines = [line.strip() for file in sorted(SQL_DIR.glob("*.sql")) for line in file.read_text().splitlines()]
    column = re.compile(r"[a-z_]+ +(bigint|uuid|timestamptz|smallint|integer|real|text|bytea|jsonb)\b")
    above = [before for before, line in pairwise(lines) if column.match(line)]
    assert len(above) >= 31
    assert [line for line in above if not line.startswith("-- ") and not line.endswith(".")] == []


def test_the_files_of_a_dead_server_go_only_when_they_mislead(tmp_path: Path) -> None:
    file, lock = tmp_path / "postmaster.pid", tmp_path / ".s.PGSQL.5432.lock"
    forget_dead_postmaster(tmp_path)  # no file: nothing to do

    file.write_text("999999999\n")
    forget_dead_postmaster(tmp_path)
    assert file.exists(), "PostgreSQL itself knows what to do with a number that nobody has"

    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    file.write_text(f"{other.pid}\n")
    lock.touch()
    forget_dead_postmaster(tmp_path)
    assert not file.exists(), "the number belongs to another program now"
    assert not lock.exists()
    other.communicate()
