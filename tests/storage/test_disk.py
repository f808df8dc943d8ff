"""How full the disk is, seen in time, also of a folder that is not there yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.database import Database
from storage.disk import Space, database_bytes, space
from support.outage import Disk

GB = 10**9


@pytest.mark.parametrize(
    ("free", "size", "low"),
    [
        (3 * GB, 1000 * GB, False),
        (GB, 1000 * GB, True),
        (GB, 8 * GB, False),
        (GB // 2, 8 * GB, True),
        (0, GB, True),
    ],
)
def test_it_is_low_in_time(free: int, size: int, low: bool) -> None:
    assert Space(free, size).low is low
    assert Space(free, size).words == f"{free / GB:.1f} of {size / GB:.1f} GB"


def test_a_disk_is_measured_and_a_folder_need_not_be_there(disk: Disk) -> None:
    empty = space(disk.folder / "not" / "yet")
    assert empty is not None
    assert empty.size == 2**20
    assert not empty.low
    disk.fill()
    assert space(disk.folder) == Space(0, 2**20)


def test_nothing_is_said_where_the_system_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise OSError

    monkeypatch.setattr("shutil.disk_usage", refuse)
    assert space(tmp_path) is None


def test_the_database_knows_its_size(database: Database) -> None:
    assert database_bytes(database) > 1_000_000
