"""Whether there is memory for a training: as Linux and its containers say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from feedback import memory
from feedback.memory import TooLittleMemory, available_memory, require_memory

MEBIBYTE = 2**20


def machine(root: Path, available: int, limit: str = "", used: int = 0, cached: int = 0) -> Path:
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable: {available // 1024} kB\n")
    if limit:
        folder = root / "sys/fs/cgroup"
        folder.mkdir(parents=True)
        for name, text in {"max": limit, "current": f"{used}", "stat": f"anon 7\ninactive_file {cached}"}.items():
            (folder / f"memory.{name}").write_text(text + "\n")
    return root


def test_the_machine_says_how_much_there_is(tmp_path: Path) -> None:
    assert available_memory(machine(tmp_path, 900 * MEBIBYTE)) == 900 * MEBIBYTE


def test_a_containers_limit_counts_and_cached_files_do_not(tmp_path: Path) -> None:
    limited = machine(tmp_path, 900 * MEBIBYTE, f"{600 * MEBIBYTE}", 500 * MEBIBYTE, 50 * MEBIBYTE)
    assert available_memory(limited) == 150 * MEBIBYTE


def test_an_older_machines_container_counts_as_well(tmp_path: Path) -> None:
    limited = machine(tmp_path, 900 * MEBIBYTE, "max", 500 * MEBIBYTE)
    folder = limited / "sys/fs/cgroup/memory"
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text(f"{600 * MEBIBYTE}\n")
    (folder / "memory.usage_in_bytes").write_text(f"{500 * MEBIBYTE}\n")
    (folder / "memory.stat").write_text(f"inactive_file 1\ntotal_inactive_file {20 * MEBIBYTE}\n")
    assert available_memory(limited) == 120 * MEBIBYTE


def test_a_container_without_a_limit_has_what_the_machine_has(tmp_path: Path) -> None:
    assert available_memory(machine(tmp_path, 900 * MEBIBYTE, "max", 500 * MEBIBYTE)) == 900 * MEBIBYTE


def test_where_nothing_is_known_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert available_memory(tmp_path) is None
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    require_memory()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory is available")
def test_this_machine_has_some() -> None:
    assert (available_memory() or 0) > 50 * MEBIBYTE
    require_memory(MEBIBYTE)
    with pytest.raises(TooLittleMemory, match="free some"):
        require_memory(2**60)
