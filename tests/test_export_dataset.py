"""The command that exports the labelled drawings: its flags, its folder, its exit codes."""

from __future__ import annotations

from pathlib import Path

import psycopg2.extensions
import pytest
import torch
from torchvision.datasets import MNIST

import export_dataset
from learning.dataset import Mnist, rows
from storage.database import Database
from storage.embedded import EmbeddedServer
from support.collection import collect, is_approved


@pytest.fixture(autouse=True)
def settings(server: EmbeddedServer, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command finds the tests' own PostgreSQL, as a server that somebody else runs."""
    known = psycopg2.extensions.parse_dsn(server.start())
    for name, value in (("DB_HOST", known["host"]), ("DB_USER", known["user"]), ("DB_PASSWORD", "none is asked for")):
        monkeypatch.setenv(name, value)


@pytest.fixture
def filled(database: Database, mnist: Mnist) -> Database:
    collect(database, rows(mnist.test, torch.arange(300)), 300)
    return database


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a refused call says, in one line."""
    assert export_dataset.main(list(arguments)) == 2
    error = capsys.readouterr().err
    assert error.startswith("export_dataset.py: ")
    assert error.count("\n") == 1
    return error


def test_it_writes_every_format_and_says_how_much(filled: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert export_dataset.main(["--format", "all", "--output", "out", "--licence", "CC0"]) == 0
    count = sum(map(is_approved, range(300)))
    assert capsys.readouterr().out == f"out: {count} labelled drawings, described in out/README.md\n"
    names = {path.name for path in Path("out").rglob("*") if path.is_file()}
    assert names >= {"README.md", "digits.parquet", "digits.zip", "strokes.jsonl", "t10k-labels-idx1-ubyte"}
    sheet = Path("out/README.md").read_text()
    assert "Licence: CC0" in sheet
    assert all(how in sheet for how in ("torchvision.datasets.MNIST", "ImageFolder", "read_parquet"))


def test_the_filters_reach_the_drawings(filled: Database, capsys: pytest.CaptureFixture[str]) -> None:
    flags = "--label 3 --source canvas --since 2026-03-01 --until 2026-09-01 --least-confidence 0.5 --outcome right"
    assert export_dataset.main([*flags.split(), "--read-as", "3", "--model", "cnn", "--unreviewed"]) == 0
    written = int(capsys.readouterr().out.split()[1])
    found = [MNIST("exported", train=train).targets for train in (True, False)]
    assert {int(label) for part in found for label in part} == {3}
    assert 0 < sum(map(len, found)) == written < 15


def test_it_never_overwrites(filled: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert export_dataset.main([]) == 0
    capsys.readouterr()
    assert "exported is not empty" in refusal(capsys)


def test_what_is_wrong_is_one_sentence(
    database: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no labelled drawing that fits" in refusal(capsys)
    assert not Path("exported").exists()
    monkeypatch.setenv("READ_ONLY", "true")
    assert "keeps nothing" in refusal(capsys)


@pytest.mark.parametrize(
    "arguments",
    [["--label", "12"], ["--since", "yesterday"], ["--format", "csv"], ["--licence", "a\nb"], ["--read-as", "x"]],
)
def test_a_wrong_flag_is_refused_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        export_dataset.main(arguments)
    assert capsys.readouterr().err.count("\n") == 1
