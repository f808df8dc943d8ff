"""The command that learns from labels: its flags, its one object on stdout, its exit codes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2.extensions
import pytest
import torch

import retrain_model
from feedback import gate, retraining
from feedback.wording import STAGES
from learning.dataset import Mnist, rows
from learning.registry import MODELS
from storage import model_store, trainings
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.writer import Writer
from support.classroom import draw, hasten, person, small
from support.shipped import network


@pytest.fixture(autouse=True)
def settings(server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is made to find the tests' own PostgreSQL, as a server that somebody else runs."""
    known = psycopg2.extensions.parse_dsn(server.start())
    for name, value in (("DB_HOST", known["host"]), ("DB_USER", known["user"]), ("DB_PASSWORD", "none is asked for")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


@pytest.fixture
def little(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training of seconds: a part of MNIST, one epoch, hardly a step."""
    config = replace(MODELS["cnn"].fine_tuning, epochs=1, lr=1e-6, synthetic_digits=100, non_digits=50)
    monkeypatch.setitem(MODELS, "cnn", replace(MODELS["cnn"], fine_tuning=config))
    hasten(monkeypatch)
    monkeypatch.setattr(retraining, "LABEL_ROWS", 200)
    monkeypatch.setattr(gate, "DIGIT_REFUSED_TOLERANCE", 0.05)  # of 50 digits, one is 2 %
    monkeypatch.setattr(retrain_model, "load_mnist", lambda _folder: small(mnist, 500, 500, 200))


@pytest.fixture
def labels(database: Database, writer: Writer, mnist: Mnist) -> int:
    """Sixty labels of six people."""
    digits = rows(mnist.test, torch.arange(60))
    draw(writer, network("cnn"), digits, digits.labels.tolist(), [person(n % 6) for n in range(60)], "cnn")
    return 60


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the object on stdout, and stderr."""
    code = retrain_model.main(["--json", *arguments])
    said = capsys.readouterr()
    answer: dict[str, Any] = json.loads(said.out)
    assert set(answer) == {"promoted", "version", "reason", "labels_used", "metrics"}
    return code, answer, said.err


def test_it_learns_and_says_so_in_one_object(
    database: Database, labels: int, little: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer, progress = run(capsys)
    assert (code, answer["promoted"], answer["version"]) == (0, True, 2), answer["reason"]
    assert 30 < answer["labels_used"] < labels
    assert answer["metrics"]["after"]["validation"]["accuracy"] > 0.97
    for stage in ("screening", "training", "gate", "saving"):
        assert f"% · {STAGES[stage][0]}" in progress
    assert model_store.active(database, "cnn") == 2


def test_a_dry_run_keeps_nothing(
    database: Database, labels: int, little: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer, _ = run(capsys, "--dry-run")
    assert (code, answer["promoted"], answer["version"]) == (0, False, None)
    assert answer["reason"].startswith("Dry run")
    assert answer["labels_used"] > 30
    assert model_store.active(database, "cnn") == 1


def test_the_gates_refusal_is_no_failure(
    database: Database, labels: int, little: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    harmful = replace(MODELS["cnn"].fine_tuning, lr=0.5)
    monkeypatch.setitem(MODELS, "cnn", replace(MODELS["cnn"], fine_tuning=harmful))
    code, answer, _ = run(capsys)
    assert (code, answer["promoted"], answer["version"]) == (0, False, 2)
    assert "validation digits" in answer["reason"]


def test_too_few_labels_are_no_failure_either(
    database: Database, little: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer, _ = run(capsys, "--min-labels", "7")
    assert (code, answer["promoted"], answer["labels_used"]) == (0, False, 0)
    assert answer["reason"] == "There are 0 new approved labels; 7 are needed."


def test_a_training_under_way_is_a_clear_refusal(
    database: Database, little: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with trainings.only_training(database):
        code, answer, errors = run(capsys)
    assert (code, answer["promoted"]) == (2, False)
    assert "one at a time" in answer["reason"]
    assert answer["reason"] in errors


def test_without_mnist_it_refuses_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody answers there
    code, answer, _ = run(capsys)
    assert (code, answer["promoted"]) == (2, False)
    assert "There is no MNIST in" in answer["reason"]


@pytest.mark.parametrize("arguments", [["--min-labels", "0"], ["--min-labels", "some"], ["--epochs", "3"]])
def test_a_wrong_flag_is_refused_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        retrain_model.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_without_json_it_says_a_sentence(database: Database, little: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert retrain_model.main([]) == 0
    assert capsys.readouterr().out == "Nothing was trained. There are 0 new approved labels; 50 are needed.\n"


def test_without_json_it_says_what_was_gained_what_was_lost_and_what_may_be(
    database: Database, labels: int, little: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retrain_model.main([]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Version 2 was trained and promoted. MNIST's validation digits: ")
    assert "may lose 0.05 points" in said
    assert re.search(r"held-out labels \(\d+\) .* \d+ gained, \d+ lost", said)
    counts = {name: int(count) for count, name in re.findall(r"^ +(\d+)  (.+)$", said, re.M)}
    first, *others = counts.values()
    assert first == sum(others) == labels
