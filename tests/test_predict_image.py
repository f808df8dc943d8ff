"""The command that reads pictures, run as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import predict_image
from settings import ROOT
from support.pictures import one, png, zero


@pytest.fixture
def pictures(elsewhere: Path) -> Path:
    """A folder with two digits, and with what is none."""
    (elsewhere / "one.png").write_bytes(png(one()))
    (elsewhere / "zero.png").write_bytes(png(zero()))
    (elsewhere / "blank.png").write_bytes(png(Image.new("L", (40, 40), 255)))
    (elsewhere / "words.png").write_text("hello")
    return elsewhere


def test_it_reads_what_is_a_digit_and_says_of_each_other_file_what_is_wrong(pictures: Path) -> None:
    files = ["one.png", "words.png", "nowhere.png", "blank.png", ".", "zero.png"]
    command = [sys.executable, str(ROOT / "src/predict_image.py"), *files, "--json", "--visualize", "seen.png"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["file"], each["predicted_digit"], each["model"]) for each in said] == [
        ("one.png", 1, "cnn"),
        ("zero.png", 0, "cnn"),
    ]
    complaints = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in complaints] == files[1:5]
    assert all(line.startswith("predict_image.py: ") and line.endswith(".") for line in complaints)
    seen = Image.open("seen.png")
    assert seen.height % 2 == 0, "a row for each file that was read"
    rows = np.asarray(seen.convert("L")).reshape(2, -1)
    assert all((row < 60).sum() > 500 for row in rows)


def test_in_words_and_with_the_other_model(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict_image.main(["one.png", "--model", "linear"]) == 0
    assert capsys.readouterr().out.startswith("one.png: 1 (9")
    assert predict_image.main(["zero.png"]) == 0
    assert capsys.readouterr().out == "zero.png: 0 (over 99.9 % sure)\n"


def test_what_is_no_digit_is_said(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 2, (12, 12), np.uint8) * 255
    Image.fromarray(noise).resize((240, 240), Image.Resampling.NEAREST).save("noise.png")
    assert predict_image.main(["noise.png"]) == 0
    assert "does not look like a digit" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_picture_can_be_shown(pictures: Path, mode: str) -> None:
    if mode == "I;16":
        Image.fromarray(np.asarray(one(), np.uint16) * 257).save("kind.png")
    else:
        one().convert("RGB").convert(mode).save("kind.png")
    assert predict_image.main(["kind.png", "--visualize", "seen.png"]) == 0
    sheet = np.asarray(Image.open("seen.png").convert("L"))
    side, gap = predict_image.SIDE, predict_image.GAP
    assert (sheet[40:, gap : gap + side] < 60).sum() > 200, "the one"
    assert (sheet[40:, gap : gap + side] > 250).sum() > 20_000, "on white"


def test_a_picture_that_cannot_be_written_is_a_sentence(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict_image.main(["one.png", "--visualize", "no/such/folder.png"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_model_there_is_one_sentence(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict_image.main(["one.png", "--model-dir", "nowhere"]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert "train_model.py" in shown.err
    assert shown.err.count("\n") == 1


def test_whole_numbers_are_read_and_their_boxes_drawn(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = np.hstack([np.asarray(one()), np.asarray(zero())])
    Image.fromarray(np.vstack([both, both[:, ::-1].copy()])).save("lines.png")
    Image.fromarray(both).save("ten.png")
    assert predict_image.main(["ten.png", "--numbers"]) == 0
    assert capsys.readouterr().out == "ten.png: 10 (1 over 99.9 %, 0 over 99.9 % sure)\n"
    assert predict_image.main(["lines.png", "ten.png", "blank.png", "--numbers", "--json", "--visualize", "v.png"]) == 2
    shown = capsys.readouterr()
    lines, ten = (json.loads(line) for line in shown.out.splitlines())
    assert (lines["text"], lines["lines"], ten["text"]) == ("10\n01", ["10", "01"], "10")
    x, y, w, h = ten["digits"][1]["box"]
    assert 380 <= x < x + w <= 520
    assert 30 <= y < y + h <= 270
    assert len(shown.err.splitlines()) == 1
    blue = np.asarray(Image.open("v.png").convert("RGB")).astype(int)
    assert ((blue[..., 2] - blue[..., 0]) > 100).sum() > 6 * 200, "six boxes"


def test_a_number_without_digits_is_said(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = np.full((200, 200), 255, np.uint8)
    grid[20:180:16, 20:180] = grid[20:180, 20:180:16] = 0
    Image.fromarray(grid).save("grid.png")
    assert predict_image.main(["grid.png", "--numbers"]) == 0
    assert capsys.readouterr().out == "grid.png: nothing here looks like a digit\n"
