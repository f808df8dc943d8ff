"""The command: every flag does what it says, the files are whole and belong together, mistakes are a sentence."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import torch

import train_model
from learning.dataset import Mnist, rows
from learning.registry import MODELS, TRAINABLE
from learning.training import History, accuracy, fit
from learning.weights import write_weights
from settings import ROOT
from support import shipped

COMMAND = [sys.executable, str(ROOT / "src" / "train_model.py")]


@pytest.fixture
def little(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> Mnist:
    """The command on a little of MNIST, with few generated drawings."""
    few = Mnist(*(rows(d, torch.arange(n)) for d, n in zip(mnist, (600, 100, 200), strict=True)))
    monkeypatch.setattr(train_model, "load_mnist", lambda _: few)
    for name in ("cnn", "cnn-small"):
        small = replace(TRAINABLE[name].recipe, synthetic_digits=200, non_digits=100)
        monkeypatch.setitem(TRAINABLE, name, replace(TRAINABLE[name], recipe=small))
    return few


def described(folder: Path, name: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return card


def test_both_models_are_written_with_their_descriptions(little: Mnist, tmp_path: Path) -> None:
    assert train_model.main(["--epochs", "1", "--output", str(tmp_path / "new")]) == 0
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["cnn.json", "cnn.pt", "linear.json", "linear.pt"]
    for name in MODELS:
        card, file = described(tmp_path / "new", name), tmp_path / "new" / f"{name}.pt"
        network = MODELS[name].build()
        network.load_state_dict(torch.load(file, weights_only=True))
        assert card["architecture"] == name
        assert card["parameters"] == sum(p.numel() for p in network.parameters())
        assert card["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert card["test_accuracy"] == pytest.approx(accuracy(network, little.test), abs=1e-6)
        assert card["train_accuracy"] == pytest.approx(accuracy(network, little.train), abs=1e-6)
        assert card["torch"] == torch.__version__
        assert card["cores"] == os.cpu_count()
        assert card["wall_seconds"] >= 0
        assert len(card["per_digit_accuracy"]) == 10
        assert set(card["digit_score"]) == {"scale", "offset", "threshold"}
        assert card["temperature"] > 0
        assert card["ece"] >= 0
        assert card["nll"] > 0
        assert datetime.fromisoformat(card["trained_at"]).utcoffset() is not None
        assert os.uname().nodename not in file.with_suffix(".json").read_text()


def test_the_small_one_is_trained_on_request(little: Mnist, tmp_path: Path) -> None:
    assert train_model.main(["--model", "cnn-small", "--epochs", "1", "--output", str(tmp_path)]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cnn-small.json", "cnn-small.pt"]
    assert described(tmp_path, "cnn-small")["parameters"] == 101_371


@pytest.mark.parametrize(
    ("flags", "knob", "value"),
    [
        (["--epochs", "3"], "epochs", 3),
        (["--lr", "0.02"], "lr", 0.02),
        (["--optimizer", "sgd"], "optimizer", "sgd"),
        (["--dropout", "0.25"], "dropout", 0.25),
        (["--batch-size", "100"], "batch_size", 100),
        (["--seed", "7"], "seed", 7),
    ],
)
def test_every_flag_reaches_the_training(
    little: Mnist, tmp_path: Path, flags: list[str], knob: str, value: object
) -> None:
    base = ["--model", "linear", "--output", str(tmp_path)]
    assert train_model.main([*base, *(["--epochs", "1"] if knob != "epochs" else []), *flags]) == 0
    card = described(tmp_path, "linear")
    assert card["knobs"][knob] == value
    assert card["seed"] == (value if knob == "seed" else MODELS["linear"].recipe.seed)
    assert not (tmp_path / "cnn.pt").exists()
    assert len(card["history"]) == (value if knob == "epochs" else 1)


def test_flags_left_out_keep_the_recipe() -> None:
    asked = train_model.parser().parse_args([])
    assert asked.model == "all"
    assert all(train_model.recipe(name, asked) == MODELS[name].recipe for name in MODELS)
    assert train_model.recipe("cnn", train_model.parser().parse_args(["--dropout", "0"])).dropout == 0


def test_progress_shows_loss_and_accuracy(little: Mnist, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train_model.main(["--model", "linear", "--epochs", "1", "--output", str(tmp_path)])
    shown = capsys.readouterr()
    assert "loss=" in shown.err
    assert "accuracy=" in shown.err
    assert "linear: " in shown.out
    assert "% of the test digits" in shown.out


def test_the_same_seed_writes_the_same_weights(little: Mnist, tmp_path: Path) -> None:
    for folder in "ab":
        train_model.main(["--model", "cnn", "--epochs", "1", "--batch-size", "500", "--output", str(tmp_path / folder)])
    first, second = (described(tmp_path / folder, "cnn") for folder in "ab")
    assert first["sha256"] == second["sha256"]


@pytest.mark.parametrize(
    "flags",
    [
        ["--epochs", "0"],
        ["--epochs", "-3"],
        ["--epochs", "2.5"],
        ["--epochs", "many"],
        ["--lr", "-0.1"],
        ["--lr", "0"],
        ["--lr", "nan"],
        ["--lr", "inf"],
        ["--dropout", "1"],
        ["--dropout", "-0.1"],
        ["--batch-size", "0"],
        ["--batch-size", "1"],
        ["--seed", "-1"],
        ["--model", "resnet"],
        ["--optimizer", "lion"],
        ["--epoch", "3"],
        ["--nonsense"],
    ],
)
def test_nonsense_is_refused_in_one_sentence(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        train_model.main(flags)
    assert caught.value.code == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("train_model.py: ")
    assert said.endswith(".")
    assert "\n" not in said


def test_no_mnist_and_no_network_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    nowhere = {**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    ran = subprocess.run(
        [*COMMAND, "--data-dir", str(tmp_path / "none"), "--output", str(tmp_path / "model")],
        env=nowhere, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr.startswith("train_model.py: There is no MNIST in ")
    assert len(ran.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "model").exists()


def test_an_output_that_cannot_be_written_is_one_sentence(
    little: Mnist, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert train_model.main(["--model", "linear", "--epochs", "1", "--output", str(tmp_path / "file")]) == 2
    assert "file" in capsys.readouterr().err.splitlines()[-1]


@pytest.fixture
def old_pair(tmp_path: Path) -> dict[str, bytes]:
    """A pair in `tmp_path` that a failing run must leave alone."""
    for suffix in ("pt", "json"):
        (tmp_path / f"linear.{suffix}").write_bytes(f"the old {suffix}".encode())
    return {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_killed_run_leaves_the_old_pair(mnist: Mnist, tmp_path: Path, old_pair: dict[str, bytes]) -> None:
    run = subprocess.Popen(
        [
            *COMMAND,
            "--model",
            "linear",
            "--epochs",
            "5000",
            "--output",
            str(tmp_path),
            "--data-dir",
            str(ROOT / "data"),
        ],
        stderr=subprocess.PIPE,
    )
    assert run.stderr is not None
    seen = b""
    while b"loss=" not in seen:  # it is training now
        piece = os.read(run.stderr.fileno(), 4096)
        assert piece, seen
        seen += piece
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    run.stderr.close()
    assert files(tmp_path) == old_pair


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_full_disk_leaves_the_old_pair(
    little: Mnist, tmp_path: Path, old_pair: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    calls: list[int] = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == fails_at:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert train_model.main(["--model", "linear", "--epochs", "1", "--output", str(tmp_path)]) == 2
    assert files(tmp_path) == old_pair


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    network, card = MODELS["linear"].build(), shipped.card("linear")
    write_weights(tmp_path, "linear", network, card)
    open_before = (tmp_path / "linear.pt").open("rb")
    before = (tmp_path / "linear.pt").read_bytes()
    torch.nn.init.normal_(next(network.parameters()))
    write_weights(tmp_path, "linear", network, card)
    with open_before:
        assert open_before.read() == before  # whoever had opened the old file reads the old file to its end
    after = (tmp_path / "linear.pt").read_bytes()
    assert after != before
    assert described(tmp_path, "linear")["sha256"] == hashlib.sha256(after).hexdigest()


def test_log_dir_writes_what_tensorboard_shows(little: Mnist, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
        EventAccumulator,
    )

    logs = tmp_path / "logs"
    flags = ["--model", "linear", "--epochs", "2", "--output", str(tmp_path / "model"), "--log-dir", str(logs)]
    assert train_model.main(flags) == 0
    events = EventAccumulator(str(logs))
    events.Reload()
    assert [e.step for e in events.Scalars("linear/validation_accuracy")] == [1, 2]
    assert {"linear/loss", "linear/train_accuracy", "linear/test_accuracy"} <= set(events.Tags()["scalars"])
    assert events.Tags()["images"] == ["linear/confusion"]
    assert events.Tags()["graph"]


def test_a_missing_tensorboard_is_one_sentence(
    little: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(SystemExit) as caught:
        train_model.main(["--log-dir", str(tmp_path / "logs"), "--output", str(tmp_path / "model")])
    assert caught.value.code == 2
    assert "--log-dir needs tensorboard" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()  # said before the training, not after it


@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_pair_is_consistent(name: str) -> None:
    stored, card = shipped.shipped(name), shipped.card(name)
    assert stored.sha256 == hashlib.sha256(stored.data).hexdigest()
    assert card.parameters == sum(p.numel() for p in shipped.network(name).parameters())
    assert len(stored.data) <= 2_000_000
    assert card.knobs == json.loads(json.dumps(MODELS[name].recipe.as_dict())), "the recipe that made these weights"


@pytest.mark.parametrize(("name", "floor"), [("linear", 0.924), ("cnn", 0.994)])
def test_the_shipped_network_is_as_good_as_its_card_says(mnist: Mnist, name: str, floor: float) -> None:
    measured = accuracy(shipped.network(name), mnist.test)
    assert measured == pytest.approx(shipped.card(name).test_accuracy, abs=2e-4)
    assert measured >= floor


def test_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train_model.main(["--help"])
    assert "python src/train_model.py" in capsys.readouterr().out


def test_a_training_that_diverges_is_one_sentence(
    little: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def diverge(network: torch.nn.Module, *arguments: Any) -> History:
        history = fit(network, *arguments)
        torch.nn.init.constant_(list(network.parameters())[-1], float("nan"))
        return history

    monkeypatch.setattr(train_model, "fit", diverge)
    assert train_model.main(["--model", "linear", "--epochs", "1", "--output", str(tmp_path)]) == 2
    assert "smaller learning rate" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.pt"))
