"""A generous version of what `benchmark.py page` measures: this machine may be busy, but not a hundred times slower.

Covers src/benchmarks: page.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks import page
from settings import ROOT
from support.chromium import find


def test_the_page_answers_while_one_draws_and_fits_on_a_phone() -> None:
    # In a process of its own: this one has a browser already, and Playwright drives one at a time.
    code = f"from benchmarks.page import measure; print(measure(3, {find()!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found = eval(done.stdout, {"Found": page.Found})  # noqa: S307 - what the line above has printed
    assert sorted(found.pen_up)[len(found.pen_up) // 2] < 2000
    assert found.answers_a_second >= 1
    assert found.outside == {size: [] for size in page.PHONES}
    assert found.our_bytes < 150_000
    assert found.usable < 30_000
