"""A hundred thousand malformed pictures and bodies: no crash, no hang, and no error but the documented ones."""
# ruff: noqa: T201 - what is measured is printed, for the README

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from settings import ROOT
from support.fuzzed_api import send_malformed
from support.running_app import RunningApp

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

PICTURES, BODIES = 60_000, 40_000
LONGEST = 1.0  # second


def test_no_damaged_picture_crashes_or_holds_up_what_reads_pictures(tmp_path: Path) -> None:
    """In one process, as in the app; the time is that of its own thread, for others may use the cores."""
    done = subprocess.run(
        [sys.executable, "tests/support/fuzzing.py", "0", str(PICTURES), tmp_path / "at-hand"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "src:tests"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"picture {(tmp_path / 'at-hand').read_text()}: {done.stderr[-2000:]}"
    found = json.loads(done.stdout)
    seconds, number = found["slowest"]
    print(f"\n{PICTURES} damaged pictures: {found['outcomes']}; the slowest, {number}, took {seconds * 1e3:.0f} ms")
    assert found["findings"] == []
    assert sum(found["outcomes"].values()) == PICTURES
    assert found["outcomes"]["read"] > PICTURES / 10, "many of them get past the header"
    assert seconds < LONGEST


def test_no_malformed_body_gets_anything_but_a_documented_answer(tmp_path: Path) -> None:
    app = RunningApp(tmp_path).start()
    try:
        fuzzed = asyncio.run(send_malformed(app.url, 0, BODIES))
        seconds, number = fuzzed.slowest
        print(f"\n{BODIES} malformed bodies: {dict(sorted(fuzzed.codes.items()))}")
        print(f"the slowest answer, to body {number}, took {seconds * 1e3:.0f} ms")
        assert fuzzed.findings == []
        assert sum(fuzzed.codes.values()) == BODIES
        for number in [number for seconds, number in fuzzed.times if seconds >= LONGEST]:
            seconds = _alone(app.url, number)
            print(f"body {number}, asked again with nothing beside it, took {seconds * 1e3:.0f} ms")
            assert seconds < LONGEST, f"body {number} holds up what answers it"
        assert app.status("/ready") == 200
        assert "Traceback" not in app.log.read_text(), "what was refused is no error of the app's"
    finally:
        app.stop()


def _alone(url: str, number: int) -> float:
    """The seconds that a body takes when it is the only one, at best: what others did meanwhile is not its doing."""
    return min(asyncio.run(send_malformed(url, number, 1)).slowest[0] for _ in range(3))
