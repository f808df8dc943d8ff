"""The command that recounts: what it prints, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import psycopg2.extensions
import pytest

import recount
from logger import log_prediction
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.writer import Writer
from support.rows import row


@pytest.fixture(autouse=True)
def settings(server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is made to find the tests' own PostgreSQL, as a server that somebody else runs."""
    known = psycopg2.extensions.parse_dsn(server.start())
    for name, value in (("DB_HOST", known["host"]), ("DB_USER", known["user"]), ("DB_PASSWORD", "none is asked for")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


def test_it_finds_what_differs_and_mends_it(
    database: Database, writer: Writer, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        log_prediction(writer, row(predicted_digit=4)).result()
    assert recount.main([]) == 0
    assert capsys.readouterr().out == "Every tally is equal to the rows.\n"
    with database.transaction() as cursor:
        cursor.execute("SELECT fold_tallies()")
        cursor.execute("DELETE FROM tallies WHERE step = 'month'")
        cursor.execute("UPDATE distributions SET drawings = 5 WHERE step = 'hour' AND measure = 'elapsed'")
    assert recount.main([]) == 1
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3
    assert said[0].startswith("tallies, month, ")
    assert said[0].endswith(", cnn, 1, canvas, 4, -1, -1: 3 too few")
    assert said[1].endswith(", cnn, 1, canvas, elapsed, -1, 14: 2 too many")
    assert said[2] == "The tallies differ from the rows: --repair mends them."
    assert recount.main(["--repair"]) == 0
    assert capsys.readouterr().out == "2 tallies were repaired.\nEvery tally is equal to the rows.\n"


def test_without_a_database_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DB_HOST", "/nowhere")
    monkeypatch.setattr("storage.database.READY_WITHIN", 0.5)
    assert recount.main([]) == 2
    assert capsys.readouterr().err.startswith("recount.py: ")
