"""The threat model is true: each way in names a test that exists and runs with the others."""

from __future__ import annotations

import ast
import re

import pytest

from settings import ROOT

DEPLOYMENT = (ROOT / "DEPLOYMENT.md").read_text(encoding="utf-8")
(SECTION,) = re.findall(r"^## Threat model\n(.*?)^## ", DEPLOYMENT, re.M | re.S)
_WHO, WAYS_IN = (table.strip().splitlines()[2:] for table in re.findall(r"(?:^\|.*\n)+", SECTION, re.M))


@pytest.mark.parametrize("row", WAYS_IN)
def test_each_way_in_has_a_test_that_exists(row: str) -> None:
    way, holds, tests = (cell.strip() for cell in row.strip("|").split(" | "))
    assert way
    assert holds
    named = re.findall(r"`([^`]+)`", tests)
    assert named, "this way in has no test"
    for test in named:
        file, name = test.split("::")
        functions = [each for each in ast.parse((ROOT / file).read_text()).body if isinstance(each, ast.FunctionDef)]
        assert name in {each.name for each in functions}, f"{test} does not exist"


def test_every_file_of_attacks_is_in_it() -> None:
    """Who adds a check of what comes in says against what."""
    checks = ["admins", "failures", "hosts", "internals", "origins", "rates", "sessions", "visitors"]
    checks += ["connections", "receiving", "repeats", "sockets", "uploads"]
    assert [name for name in checks if f"tests/gateway/test_{name}.py::" not in SECTION] == []


def test_how_to_report_leads_to_it() -> None:
    policy = (ROOT / ".github/SECURITY.md").read_text(encoding="utf-8")
    assert "../DEPLOYMENT.md#threat-model" in policy
    assert ".github/SECURITY.md" in SECTION
