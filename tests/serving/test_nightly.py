"""The nightly check as the app runs it, and the command that it starts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import psycopg2.extensions
import pytest

import self_check
from serving.nightly import NightlyCheck
from storage.check_log import CheckUnderWay
from storage.database import Database
from storage.embedded import EmbeddedServer
from support.rows import insert
from support.running_app import wait_until


@pytest.fixture(autouse=True)
def settings(server: EmbeddedServer, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is made to find the tests' own PostgreSQL, as a server that somebody else runs."""
    known = psycopg2.extensions.parse_dsn(server.start())
    for name, value in (("DB_HOST", known["host"]), ("DB_USER", known["user"]), ("DB_PASSWORD", "none is asked for")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with database.transaction() as cursor:
        cursor.execute("TRUNCATE self_checks")


@pytest.fixture
def nightly(database: Database) -> Iterator[NightlyCheck]:
    """Looks often, and begins at once."""
    checking = NightlyCheck(database, grace=0, interval=0.2)
    yield checking
    checking.close()


def test_the_check_starts_by_itself_and_what_it_finds_is_known_and_logged(
    database: Database, nightly: NightlyCheck, caplog: pytest.LogCaptureFixture
) -> None:
    insert(database, 3)  # their pictures are none, and their version is not there
    with caplog.at_level(logging.WARNING):
        nightly.open()
        last = wait_until(lambda: nightly.last, 60, "the check")
        assert last.who == "nightly"
        assert last.finished_at is not None
        said = "There are drawings of version 1 of cnn, which is not there."
        assert said in last.findings
        assert f"self-check: {said}" in caplog.messages
    wait_until(lambda: not nightly.running, 30, "the end of its process")
    assert not nightly.look().due, "once a night"


def test_nobody_waits_in_vain_for_one_that_runs(nightly: NightlyCheck) -> None:
    nightly.start("admin")
    with pytest.raises(CheckUnderWay):
        nightly.start("admin")
    nightly.close()
    assert not nightly.running
    nightly.start("nightly")
    assert not nightly.running, "the app is ending"


def test_the_command_says_what_it_found(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert self_check.main([]) == 0
    assert capsys.readouterr().out == "Nothing is wrong: 0 drawings, 0 days and 0 versions were looked at.\n"
    insert(database, 2)
    assert self_check.main(["--all"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "There are drawings of version 1 of cnn, which is not there."
    assert said[1].startswith("2 pictures cannot be decoded (in the table predictions, id ")
    assert said[-1] == "(2 drawings, 1 days and 0 versions were looked at.)"
    assert self_check.main(["--who", "nightly"]) == 0, "it is not time yet"


def test_without_a_database_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DB_HOST", "/nowhere")
    monkeypatch.setattr("storage.database.READY_WITHIN", 0.5)
    assert self_check.main([]) == 2
    assert capsys.readouterr().err.startswith("self_check.py: ")
