"""The README is correct: what it names exists, its examples run, and its figures match the model cards."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import benchmark
from learning.dataset import Mnist
from learning.weights import SHIPPED_DIR
from settings import ROOT
from support.pictures import png, zero
from support.running_app import RunningApp

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAP = README.split("## What is where")[1].split("```")[1]
CHANGES = README.split("Where do I change")[1].split("## ")[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_no_placeholder_is_left() -> None:
    assert not re.findall(r"@\w+@|TODO|XXX", README)


def mapped() -> list[str]:
    """The paths that the map names: an indented line's are in src/, and a line may name several files."""
    _src, *lines = MAP.strip().splitlines()
    found = [re.fullmatch(r"( *)(\S+(?:, \S+)*) {2,}\S.*", line) for line in lines]
    assert None not in found, "each line of the map is one or more names, two spaces and a description"
    return [("src/" if line[1] else "") + name for line in found if line for name in line[2].split(", ")]


def test_the_map_names_every_folder_and_every_top_file_of_src_once() -> None:
    named = mapped()
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert [name for name in named if (ROOT / name).is_dir() != name.endswith("/")] == []
    top = [path for path in (ROOT / "src").iterdir() if path.suffix == ".py" or path.is_dir()]
    expected = [f"src/{path.name}{'/' * path.is_dir()}" for path in top if path.name != "__pycache__"]
    assert sorted(name for name in named if name.startswith("src/")) == sorted(expected)
    assert len(named) == len(set(named))


def test_the_map_names_every_other_folder() -> None:
    assert {name for name in mapped() if name.endswith("/")} >= {"model/", "sql/", "docker/", "tests/"}


def test_the_table_of_changes_names_paths_that_exist() -> None:
    _header, _line, *rows = re.findall(r"^\| .+ \| (.+) \|$", CHANGES, re.M)
    assert rows
    for row in rows:
        paths = re.findall(r"`([^`]+)`", row)
        assert paths, f"this row names no file: {row}"
        assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_link_works() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_table_matches_the_model_cards() -> None:
    for model, row in (("cnn", "CNN"), ("linear", "Linear")):
        card = json.loads((SHIPPED_DIR / f"{model}.json").read_text())
        cells = next(line for line in README.splitlines() if line.startswith(f"| {row} ")).split("|")
        assert cells[2].strip() == f"{card['test_accuracy'] * 100:.2f} %"
        assert cells[3].strip() == f"{card['parameters']:,}"
        assert cells[4].strip() == f"{round((SHIPPED_DIR / f'{model}.pt').stat().st_size / 1000)} KB"


def python_example(naming: str) -> str:
    (program,) = [block for block in blocks("python") if naming in block]
    return program


def test_the_python_example_that_trains_runs(mnist: Mnist) -> None:
    program = python_example("load_mnist")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0.85


def test_the_python_example_that_calls_the_api_runs(app: RunningApp, elsewhere: Path) -> None:
    (elsewhere / "digit.png").write_bytes(png(zero()))
    program = python_example("/feedback").replace("http://localhost:8501", app.url)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 0.9")


CALLS = [line for block in blocks("sh") for line in block.splitlines() if "curl " in line]


@pytest.mark.parametrize("command", CALLS)
def test_the_curl_examples_work(app: RunningApp, elsewhere: Path, command: str) -> None:
    (elsewhere / "digit.png").write_bytes(png(zero()))
    command = command.replace("http://localhost:8501", app.url).replace("curl ", "curl --silent --fail ")
    env = os.environ | {"session": secrets.token_hex(16)}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True, env=env)
    answer = json.loads(done.stdout)
    if "/predict" in command:
        assert answer["predicted_digit"] == 0
        assert answer["model"] == ("linear" if "model=linear" in command else "cnn")


def test_the_table_and_the_curl_examples_name_every_api_call(app: RunningApp) -> None:
    paths = httpx.get(f"{app.url}/api/openapi.json").json()["paths"]
    calls = {f"{method.upper()} /api{path}" for path, methods in paths.items() for method in methods}
    assert set(re.findall(r"^\| `([A-Z]+ /api/\S+)` \|", README, re.M)) == calls
    shown = {command.split("http://localhost:8501")[1] for command in CALLS}
    assert shown | {"/api/feedback"} == {"/api" + path.replace("{model}", "cnn") for path in paths}


def test_the_example_that_reads_a_picture_runs(elsewhere: Path) -> None:
    command = next(line for block in blocks("sh") for line in block.splitlines() if "predict_image.py" in line)
    (elsewhere / "digit.png").write_bytes(png(zero()))
    _python, script, *words = command.split()
    done = subprocess.run([sys.executable, str(ROOT / script), *words], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("digit.png: 0 ")
    assert Path("seen.png").stat().st_size > 1000


def test_every_benchmark_is_named() -> None:
    assert re.findall(r"src/benchmark\.py (\w+)", README) == list(benchmark.COMMANDS)


def test_the_documented_paths_respond(app: RunningApp) -> None:
    paths = set(re.findall(r"`(/(?:api/\w+|health|ready|metrics))`", README))
    assert paths >= {"/health", "/ready", "/metrics", "/api/docs"}
    for path in paths:
        assert httpx.get(app.url + path).status_code == 200, path
