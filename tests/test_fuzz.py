"""Malformed pictures and bodies, some hundreds: a hundred thousand of them are in full/test_fuzz.py."""

from __future__ import annotations

from collections import Counter

import pytest

from support.fuzzed_api import send_malformed
from support.fuzzing import outcome
from support.mutations import ISOLATED, files, picture, repaired
from support.own_loop import run
from support.running_app import RunningApp


@pytest.mark.parametrize("kind", sorted(files()))
def test_each_file_is_valid_until_it_is_damaged(kind: str) -> None:
    assert repaired(files()[kind]) == files()[kind]
    assert outcome(files()[kind]) in {"read", "NoInk"}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_damaged_picture_is_read_or_refused_with_a_documented_error() -> None:
    outcomes = Counter(outcome(data) for kind, data in map(picture, range(500)) if kind not in ISOLATED)
    assert outcomes.keys() <= {"read", "NoInk", "NotAnImage", "ImageTooLarge", "TooManyDigits"}
    assert outcomes["read"] > 50, "some are hardly damaged"
    assert outcomes["NotAnImage"] > 50, "and others much"


def test_a_malformed_body_gets_a_documented_answer(app: RunningApp) -> None:
    fuzzed = run(send_malformed(app.url, 0, 300))
    assert fuzzed.findings == []
    assert sum(fuzzed.codes.values()) == 300
    assert {200, 400, 422} <= fuzzed.codes.keys()
    assert app.status("/ready") == 200
