"""The command's own part: its subcommands, their flags, and mistakes as a sentence."""

from pathlib import Path

import pytest

import benchmark
from benchmarks import time_to_accuracy
from benchmarks.time_to_accuracy import Lap


def test_train_prints_both_side_by_side(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(benchmark, "load_mnist", lambda _: None)
    monkeypatch.setattr(
        time_to_accuracy, "sprint", lambda _m, target, seed: Lap(10.0 + 2 * seed, target + 0.001 * (1 - 2 * seed))
    )
    slow = [Lap(60.0, 0.98), Lap(220.0, 0.991), Lap(300.0, 0.996), Lap(400.0, 0.997)]
    monkeypatch.setattr(time_to_accuracy, "textbook", lambda *_: iter(slow))
    assert benchmark.main(["train", "--seeds", "2", "--textbook-seeds", "1"]) == 0
    shown = capsys.readouterr()
    rows = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:-1]] for line in shown.out.splitlines()}
    assert rows["99.0%"] == ["11.0 ± 1.4", "1 of 2", "99.00 ± 0.14 %", "220.0", "20.0"]
    assert rows["99.5%"][-2:] == ["300.0", "27.3"]
    assert "after 400 s" not in shown.err  # it stops where both are reached


def test_a_target_never_reached_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(benchmark, "load_mnist", lambda _: None)
    monkeypatch.setattr(time_to_accuracy, "sprint", lambda *_: Lap(10.0, 0.99))
    monkeypatch.setattr(time_to_accuracy, "textbook", lambda *_: iter([Lap(60.0, 0.98)]))
    assert benchmark.main(["train", "--target", "0.99", "--seeds", "1"]) == 0
    assert "not reached | - |" in capsys.readouterr().out


def test_without_a_subcommand_all_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    for name, (flags, _) in benchmark.COMMANDS.items():
        monkeypatch.setitem(benchmark.COMMANDS, name, (flags, lambda asked: ran.append(asked.command)))
    assert benchmark.main([]) == 0
    assert ran == list(benchmark.COMMANDS)


def test_no_mnist_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert benchmark.main(["train", "--data-dir", str(tmp_path)]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("benchmark.py: There is no MNIST in ")


@pytest.mark.parametrize("flags", [["train", "--seeds", "0"], ["fly"], ["accuracy", "--count", "few"]])
def test_nonsense_is_refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        benchmark.main(flags)
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
