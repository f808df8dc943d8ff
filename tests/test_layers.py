"""Imports point inward only, and each heavy library stays in its rooms."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from settings import ROOT

LAYERS = (
    {"images", "ink", "canvas", "preprocessing"}
    | {"settings", "command_line", "networks", "prediction", "dataset", "strokes", "augmentation", "spool"}
    | {"guards", "admins", "fields", "metrics"},
    {"training", "evaluation", "database"},
    {"writer", "insights", "model_store", "trust"},
    {"logger", "predictor", "trainer", "reader"},
    {"watcher", "retraining", "comparison", "conversion"},
    {"service"},
    {"visitors", "api", "health", "monitoring", "ui", "app_pages"},
    {"report", "speed"},
    {"report", "speed"},
    {"app", "train_model", "retrain_model", "benchmark", "export_onnx", "predict_image", "latency", "load"},
)
ALLOWED = {
    "torch": LAYERS[-1]
    | LAYERS[-2]
    | {"networks", "preprocessing", "dataset", "strokes", "augmentation", "training", "evaluation", "predictor"}
    | {"retraining"},
    "psycopg2": {"database", "writer", "model_store"},
    "prometheus_client": {"metrics", "monitoring"},
    "streamlit": {"visitors", "app", "ui", "app_pages"},
}

FILES = sorted((ROOT / "src").rglob("*.py"))


def room(file: Path) -> str:
    """A module's name, or its folder's."""
    return file.relative_to(ROOT / "src").parts[0].removesuffix(".py")


def imported(file: Path) -> set[str]:
    """The top-level names that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def layer(name: str) -> int | None:
    return next((i for i, rooms in enumerate(LAYERS) if name in rooms), None)


@pytest.mark.parametrize("file", FILES, ids=room)
def test_imports_point_inward(file: Path) -> None:
    own = layer(room(file))
    assert own is not None, f"{room(file)} stands in no layer: give it one, here and in the README"
    for name in imported(file):
        other = layer(name)
        assert other is None or other <= own, f"{room(file)} imports {name}, which lies further out"


@pytest.mark.parametrize("library", ALLOWED)
def test_a_heavy_library_stays_in_its_rooms(library: str) -> None:
    users = {room(file) for file in FILES if library in imported(file)}
    assert users <= ALLOWED[library]
    assert users, f"nobody uses {library}"


def test_no_module_takes_the_name_of_another() -> None:
    taken = set(sys.stdlib_module_names) | {"onnx", "model", "torch", "streamlit", "fastapi", "limits"}
    assert not {room(file) for file in FILES} & taken
