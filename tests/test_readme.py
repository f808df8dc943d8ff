"""The README is true: what it names exists, what it shows runs, and its figures are the models' own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import benchmark
from dataset import Mnist
from pictures import png, zero
from running_app import RunningApp
from service import MODEL_DIR
from settings import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LAYOUT = README.split("## What is where")[1].split("```")[1]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_no_place_holder_was_left() -> None:
    assert not re.findall(r"@\w+@|TODO|XXX", README)


def test_every_source_file_has_its_line_and_every_line_its_file() -> None:
    named = [line.split()[0] for line in LAYOUT.strip().splitlines()]
    assert [name for name in named if not (ROOT / name).exists()] == []
    sources = {str(file.relative_to(ROOT)) for file in (ROOT / "src").rglob("*.py")}
    assert {name for name in named if name.startswith("src/")} == sources


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_table_says_what_the_models_cards_say() -> None:
    for model, row in (("cnn", "CNN"), ("linear", "Linear")):
        card = json.loads((MODEL_DIR / f"{model}.json").read_text())
        cells = next(line for line in README.splitlines() if line.startswith(f"| {row} ")).split("|")
        assert cells[2].strip() == f"{card['test_accuracy'] * 100:.2f} %"
        assert cells[3].strip() == f"{card['parameters']:,}"
        assert cells[4].strip() == f"{round((MODEL_DIR / f'{model}.pt').stat().st_size / 1000)} KB"


@pytest.mark.parametrize("program", blocks("python"))
def test_the_python_example_runs(program: str, mnist: Mnist) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0.85


def test_the_curl_example_is_a_call_that_works(app: RunningApp, elsewhere: Path) -> None:
    command = next(line for block in blocks("sh") for line in block.splitlines() if line.startswith("curl"))
    (elsewhere / "digit.png").write_bytes(png(zero()))
    done = subprocess.run(
        command.replace("http://localhost:8501", app.url).split(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["predicted_digit"] == 0


def test_the_example_that_reads_a_picture_runs(elsewhere: Path) -> None:
    command = next(line for block in blocks("sh") for line in block.splitlines() if "predict_image.py" in line)
    (elsewhere / "digit.png").write_bytes(png(zero()))
    _python, script, *words = command.split()
    done = subprocess.run([sys.executable, str(ROOT / script), *words], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("digit.png: 0 ")
    assert Path("seen.png").stat().st_size > 1000


def test_every_measurement_is_named() -> None:
    assert re.findall(r"src/benchmark\.py (\w+)", README) == list(benchmark.COMMANDS)


def test_the_documented_paths_answer(app: RunningApp) -> None:
    paths = set(re.findall(r"`(/(?:api/\w+|health|ready|metrics))`", README))
    assert paths >= {"/health", "/ready", "/metrics", "/api/docs"}
    for path in paths:
        assert httpx.get(app.url + path).status_code == 200, path
