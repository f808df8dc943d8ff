"""The Terraform modules parse, every name that they use exists, and every variable is described and used.

No provider is at hand here, so the arguments of the resources are not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from settings import ROOT

hcl2 = pytest.importorskip("hcl2")

FOLDER = ROOT / "docker/terraform"
MODULES = sorted(path.name for path in FOLDER.iterdir())
REFERENCE = re.compile(r"(?<![\w.])(var|local|data|[a-z]+(?:_[a-z0-9]+)+)\.([a-z]\w*)(?:\.([a-z]\w*))?")


def blocks(module: str) -> list[tuple[str, Any]]:
    """Every top-level block of a module by its kind."""
    found: list[tuple[str, Any]] = []
    for file in sorted((FOLDER / module).glob("*.tf")):
        with file.open(encoding="utf-8") as text:
            found += [(kind, each) for kind, of_kind in hcl2.load(text).items() for each in of_kind]
    return [(kind, each) for kind, each in found if isinstance(each, dict)]


def named(module: str, kind: str) -> dict[str, Any]:
    """The blocks of a kind, by their labels with a dot between them."""
    labels = {}
    for each in (each for of_kind, each in blocks(module) if of_kind == kind):
        ((first, inner),) = each.items()
        if kind in ("resource", "data"):
            ((second, inner),) = inner.items()
            first = f"{first}.{second}"
        labels[first.replace('"', "")] = inner
    return labels


def texts(value: Any) -> Iterator[str]:
    """Every string in a parsed value."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key != "__comments__":
                yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def references(module: str) -> set[str]:
    """The names that the expressions of a module use: var.x, local.x, data.type.x, type.x."""
    found = set()
    for text in texts([each for _, each in blocks(module)]):
        for expression in re.findall(r"(?<!\$)\$\{(.*)\}", text, re.S):
            for kind, first, second in REFERENCE.findall(expression):
                found.add(f"data.{first}.{second}" if kind == "data" else f"{kind}.{first}")
    return found


def local_names(module: str) -> set[str]:
    (names,) = (each for kind, each in blocks(module) if kind == "locals")
    return {name for name in names if not name.startswith("__")}


def dynamic_labels(module: str) -> set[str]:
    text = "".join(file.read_text(encoding="utf-8") for file in (FOLDER / module).glob("*.tf"))
    return set(re.findall(r'dynamic "(\w+)"', text))


def test_there_are_modules() -> None:
    assert MODULES == ["aws", "digitalocean"]


@pytest.mark.parametrize("module", MODULES)
def test_every_name_that_is_used_exists(module: str) -> None:
    defined = {f"var.{name}" for name in named(module, "variable")}
    defined |= {f"local.{name}" for name in local_names(module)}
    defined |= {f"data.{name}" for name in named(module, "data")}
    defined |= set(named(module, "resource"))
    used = {name for name in references(module) if name.split(".")[0] not in dynamic_labels(module)}
    assert len(used) > 8, "this test no longer finds the names"
    assert used - defined == set()


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_defined_in_vain(module: str) -> None:
    used = references(module)
    assert {f"var.{name}" for name in named(module, "variable")} - used == set()
    assert {f"local.{name}" for name in local_names(module)} - used == set()
    assert {f"data.{name}" for name in named(module, "data")} - used == set()


@pytest.mark.parametrize("module", MODULES)
def test_every_variable_and_output_is_described(module: str) -> None:
    for kind in ("variable", "output"):
        assert named(module, kind), f"{module} has no {kind}"
        for name, each in named(module, kind).items():
            assert len(each["description"]) > 10, name


@pytest.mark.parametrize("module", MODULES)
def test_the_servers_install_themselves_by_the_one_cloud_init_file(module: str) -> None:
    text = (FOLDER / module / "main.tf").read_text(encoding="utf-8")
    (path,) = re.findall(r'file\("\$\{path\.module\}/(.*?)"\)', text)
    file = (FOLDER / module / path).resolve()
    assert file == ROOT / "docker/cloud-init.yaml"
    replaced = re.findall(r'"(https://github\.com/you/.*?| DOMAIN=\\n)"', text)
    assert len(replaced) == 2
    for each in replaced:
        assert file.read_text().count(each.replace("\\n", "\n")) == 1, each


@pytest.mark.parametrize("module", MODULES)
def test_the_providers_are_pinned_and_no_secret_is_in_a_file(module: str) -> None:
    ((_, settings),) = [each for each in blocks(module) if each[0] == "terraform"]
    for provider in settings["required_providers"]:
        assert all("~>" in each["version"] for name, each in provider.items() if not name.startswith("__"))
    text = "".join(file.read_text(encoding="utf-8") for file in (FOLDER / module).glob("*.tf"))
    assert not re.search(r"(?i)(password|secret|token|access_key)\s*=\s*\"", text)


def test_the_state_stays_out_of_the_repository() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".terraform/", "*.tfstate*"} <= set(ignored)
