"""The app's own PostgreSQL: started, stopped with its last user, and started again after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from settings import ROOT
from storage.embedded import EmbeddedServer, remove_stale_locks
from support.outage import postmaster


def test_it_creates_its_database_once_and_is_reached_by_its_socket_alone(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "new-folder", 'our "digits"')
    try:
        assert server.start() == server.start()
        connection = psycopg2.connect(server.start())
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_database(), current_setting('server_version_num')::int / 10000")
            assert cursor.fetchone() == ('our "digits"', 16)
            cursor.execute("SHOW listen_addresses")
            assert cursor.fetchone() == ("",)
        connection.close()
    finally:
        server.stop()
    assert postmaster(tmp_path / "new-folder") is None


def test_why_it_does_not_start_is_said_without_the_packages_own_words(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("not a folder")
    server = EmbeddedServer(tmp_path, "digits")
    with pytest.raises(OSError, match=r"embedded PostgreSQL does not start: .*File exists"):
        server.start()
    server.stop()


def test_a_locale_that_the_machine_lacks_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_TIME", "LANG"):
        monkeypatch.setenv(name, "xx_XX.UTF-8")
    server = EmbeddedServer(tmp_path, "digits")
    try:
        connection = psycopg2.connect(server.start())
        with connection.cursor() as cursor:
            cursor.execute("SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'digits'")
            assert cursor.fetchone() == ("C", "UTF8")
        connection.close()
    finally:
        server.stop()


def test_what_initdb_says_is_in_the_error_and_a_log_is_named_only_if_there_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "of-somebody-else").touch()
    server = EmbeddedServer(tmp_path, "digits")
    with pytest.raises(OSError, match=r"does not start: initdb: error: .* exists but is not empty") as raised:
        server.start()
    assert "its log" not in str(raised.value)
    (folder / "log").touch()
    with pytest.raises(OSError, match=f"; its log is {folder}/log"):
        server.start()
    server.stop()


def test_it_starts_although_the_first_start_was_killed_in_the_middle_of_initdb(tmp_path: Path) -> None:
    """What initdb writes last is missing, and what it writes first is there."""
    program = (
        "import os, pathlib, signal, sys; from storage import embedded\n"
        "run = embedded.run_program\n"
        "def broken(command, args, **options):\n"
        "    run(command, args, **options)\n"
        "    (pathlib.Path(args[-1]) / 'global/pg_control').unlink()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "embedded.run_program = broken\n"
        "embedded.EmbeddedServer(pathlib.Path(sys.argv[1]), 'digits').start()"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.glob("*/PG_VERSION"))
    server = EmbeddedServer(tmp_path, "digits")
    try:
        psycopg2.connect(server.start()).close()
    finally:
        server.stop()
    assert [each.name for each in tmp_path.iterdir()] == ["postgres"]


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


def test_the_files_of_a_dead_server_go_only_when_they_mislead(tmp_path: Path) -> None:
    file, lock = tmp_path / "postmaster.pid", tmp_path / ".s.PGSQL.5432.lock"
    remove_stale_locks(tmp_path)  # no file: nothing to do

    file.write_text("999999999\n")
    remove_stale_locks(tmp_path)
    assert file.exists(), "PostgreSQL itself knows what to do with a number that nobody has"

    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    file.write_text(f"{other.pid}\n")
    lock.touch()
    remove_stale_locks(tmp_path)
    assert not file.exists(), "the number belongs to another program now"
    assert not lock.exists()
    other.communicate()
