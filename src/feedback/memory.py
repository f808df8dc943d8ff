"""How much memory a training takes, and whether there is that much: better refused than killed half-way."""

from __future__ import annotations

from pathlib import Path

NEEDED = 800 * 2**20  # bytes beyond what PyTorch itself takes: 660 MiB were measured at the most (tests/full)


class TooLittleMemory(RuntimeError):
    """There is not enough memory for a training; the message says how much there is and how much it takes."""


def require_memory(needed: int = NEEDED) -> None:
    """Raises TooLittleMemory where fewer than `needed` bytes are available; passes where that cannot be known."""
    available = available_memory()
    if available is not None and available < needed:
        raise TooLittleMemory(
            f"A training takes {needed / 2**20:.0f} MiB of memory, and {available / 2**20:.0f} are available: "
            "free some, or train on a larger machine with the same database."
        )


def available_memory(root: Path = Path("/")) -> int | None:
    """The bytes that this process can still take, in the machine and in its container; None elsewhere than on Linux."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        machine = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    return min([machine, *_container(root)])


# Where a container's limit, what it uses, and how much of that are cached files is said: by cgroup v2, and by v1.
_GROUPS = (
    ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def _container(root: Path) -> list[int]:
    """What the container's limit leaves: none, or one number. Cached files give way, and do not count."""
    left = []
    for folder, maximum, current, cached in _GROUPS:
        try:
            limit, used = (int((root / folder / name).read_text()) for name in (maximum, current))
            statistics = dict(line.split() for line in (root / folder / "memory.stat").read_text().splitlines())
            left.append(max(0, limit - used + int(statistics[cached])))
        except (OSError, ValueError, KeyError):  # no limit is the word "max", or in v1 a number beyond all memory
            continue
    return left
