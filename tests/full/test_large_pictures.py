"""What the largest pictures take of memory and time, in a process of their own, from a file's bytes to a drawing."""
# ruff: noqa: T201 - what is measured is printed

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from frames.memory import MEMORY
from settings import ROOT
from support.large_pictures import LARGE, written

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]

Image.MAX_IMAGE_PIXELS = None
SECONDS = 2.0  # one on a machine with nothing else to do: the figure that is printed says what it was here


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("name", LARGE)
def test_a_large_picture_stays_within_its_memory_and_time(name: str, tmp_path: Path) -> None:
    file = written(name, tmp_path)
    done = subprocess.run(
        [sys.executable, "tests/support/measured_picture.py", str(file)],
        cwd=ROOT,
        env={"PYTHONPATH": "src:tests"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    peak, child, seconds, said = done.stdout.strip().split(maxsplit=3)
    print(f"{name}, {file.stat().st_size / 1e6:.1f} MB: {peak} MiB and {child} MiB apart, {seconds} s, {said}")
    assert max(float(peak), float(child)) * 2**20 <= MEMORY  # not the sum: the one waits while the other decodes
    assert float(seconds) <= SECONDS
    assert said.startswith("ImageTooLarge" if name.endswith("(refused)") else "read")
