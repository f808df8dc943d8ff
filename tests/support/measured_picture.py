"""python tests/support/measured_picture.py FILE: peak memory here and in the decoder's process (MiB), seconds, outcome.

The peak is what comes on top of what Python and its libraries take before the file is read.
"""
# ruff: noqa: T201 - this is its result

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from frames.drawing import from_picture
from frames.images import ImageTooLarge, decode


def status(field: str) -> float:
    """A field of /proc/self/status, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def main(file: str) -> None:
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    start = time.perf_counter()
    data = Path(file).read_bytes()
    try:
        picture = decode(data)
        from_picture(picture)
        said = f"read {picture.mode} {picture.size}"
    except ImageTooLarge as error:
        said = f"ImageTooLarge {error}"
    seconds = time.perf_counter() - start
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{status('VmHWM') - before:.0f} {child:.0f} {seconds:.2f} {said}")


if __name__ == "__main__":
    main(sys.argv[1])
