"""A process raises its own limit of open files, of which systems give few."""

from __future__ import annotations

import subprocess
import sys

from gateway.descriptors import MOST, OWN
from settings import ROOT

RAISED = """
import resource
from gateway import descriptors
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
print(descriptors.for_visitors())
descriptors.raise_limit()
print(*resource.getrlimit(resource.RLIMIT_NOFILE), hard, descriptors.for_visitors())
"""


def test_a_low_limit_is_raised_as_far_as_the_system_allows() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RAISED], cwd=ROOT / "src", capture_output=True, text=True, check=True
    ).stdout.split()
    few, soft, _, hard, many = map(int, done)
    assert few == OWN
    assert soft == (MOST if hard < 0 else min(MOST, hard))
    assert many == soft - OWN
