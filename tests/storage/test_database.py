"""A pool that waits, and a server that may die: against a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg2
import psycopg2.errors
import pytest

from settings import load_settings
from storage import waiting
from storage.database import Database, DatabaseAway, RemoteServer, SchemaMismatch
from storage.embedded import EmbeddedServer
from support.outage import Switch, opened, postmaster
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
    with pytest.raises(SchemaMismatch), database.transaction() as cursor:
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
    with pytest.raises(SchemaMismatch), database.at_once() as cursor:
        cursor.execute("CREATE TABLE half_done (); SELECT * FROM nowhere")
    assert_nothing_is_half_done(database)
    with database.at_once() as cursor:
        cursor.execute("CREATE TABLE done (); CREATE TABLE done_too ()")
        with database.transaction() as other:
            other.execute("SELECT to_regclass('done_too')::text")
            assert other.fetchone() == ("done_too",)
        cursor.execute("DROP TABLE done, done_too")


def test_what_postgresql_says_of_a_statement_is_in_the_log_once_and_nowhere_else(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        with pytest.raises(SchemaMismatch) as mismatch, database.transaction() as cursor:
            cursor.execute("SELECT secret FROM predictions WHERE visitor = 'Alice'")
        assert str(mismatch.value) == "The database's tables do not fit this version of the app."
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        'the database rejects a statement of the app: column "secret" does not exist'
    ]
    assert database.away is None


def test_errors_of_the_caller_stay_as_they_are(database: Database) -> None:
    with pytest.raises(psycopg2.errors.UniqueViolation), database.transaction() as cursor:
        cursor.execute("INSERT INTO installation DEFAULT VALUES")
    with pytest.raises(psycopg2.errors.DivisionByZero), database.transaction() as cursor:
        cursor.execute("SELECT 1 / 0")
    with pytest.raises(psycopg2.ProgrammingError, match="no results"), database.transaction() as cursor:
        cursor.execute("SET LOCAL work_mem = '1MB'")
        cursor.fetchone()
    database.ping()


def test_a_read_only_database_is_said(database: Database) -> None:
    with pytest.raises(DatabaseAway, match="is read-only"), database.transaction() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute("DELETE FROM predictions")


def test_a_connection_outside_the_pool_is_the_callers_own(database: Database, server: EmbeddedServer) -> None:
    with database.connection() as connection, connection.cursor() as cursor:
        for _ in range(database.pool_size):
            with database.transaction() as other:
                other.execute("SELECT 1")
        with pytest.raises(psycopg2.errors.UndefinedTable):
            cursor.execute("SELECT * FROM nowhere")
        cursor.execute("SELECT 1")
    assert connection.closed
    switch = Switch(server)
    with opened(switch.dsn) as shaky:
        switch.off(shaky)
        with pytest.raises(DatabaseAway), shaky.connection():
            pass
        switch.on(shaky)
        with shaky.connection():
            pass


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


def test_a_dead_server_is_noticed_and_started_without_a_caller(tmp_path: Path) -> None:
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


def test_a_frozen_server_is_not_waited_for_forever(
    server: EmbeddedServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "ANSWER_TIMEOUT", 0.5)
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
    assert time.monotonic() - start < 1, "nobody waits for a server that is known to be unavailable"
    database.close()
