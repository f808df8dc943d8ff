"""The spool's file: a damaged one is kept under another name, and a new one takes its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.spool import Entry, Spool

ENTRY = Entry("label", {"image": b"x" * 3000})


def full_spool(file: Path) -> None:
    spool = Spool(file)
    spool.serve("here")
    spool.append([ENTRY] * 50)
    spool.close()


def random_bytes(file: Path) -> None:
    file.write_bytes(bytes((number * 7919) % 251 for number in range(5000)))


def cut_short(file: Path) -> None:
    full_spool(file)
    with file.open("r+b") as cut:
        cut.truncate(20_000)


def emptied_beside_its_log(file: Path) -> None:
    full_spool(file)
    file.write_bytes(b"")
    Path(f"{file}-wal").write_bytes(b"what was acknowledged last")


def another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE invoices (number INTEGER)")


def another_schema(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE entries (number INTEGER, name TEXT)")


def one_more_column(file: Path) -> None:
    full_spool(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM entries")
        connection.execute("ALTER TABLE entries ADD COLUMN priority INTEGER NOT NULL DEFAULT 1")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'DEFAULT 1', '') WHERE name = 'entries'")
        connection.commit()


DAMAGES = [random_bytes, cut_short, emptied_beside_its_log, another_program, another_schema, one_more_column]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_kept_under_another_name_and_a_new_one_starts(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "spool.sqlite"
    damage(file)
    before = {path.name.removeprefix("spool.sqlite"): path.read_bytes() for path in tmp_path.iterdir()}
    spool = Spool(file)
    (kept,) = spool.damaged_files
    assert kept.startswith("spool-damaged-20")
    assert kept.endswith("Z.sqlite")
    assert before == {ending: (tmp_path / (kept + ending)).read_bytes() for ending in before}
    assert [record.message for record in caplog.records if kept in record.message]
    spool.serve("here")
    spool.append([ENTRY])
    assert (len(spool), spool.first(9)[0].entry()) == (1, ENTRY)
    spool.close()
    assert Spool(file).damaged_files == [kept], "the new one is sound"


def test_a_spool_of_a_later_version_with_more_columns_is_not_damaged(tmp_path: Path) -> None:
    full_spool(tmp_path / "spool.sqlite")
    with closing(sqlite3.connect(tmp_path / "spool.sqlite")) as connection:
        connection.execute("ALTER TABLE entries ADD COLUMN priority INTEGER NOT NULL DEFAULT 1")
        connection.execute("CREATE TABLE more (a INTEGER)")
    spool = Spool(tmp_path / "spool.sqlite")
    spool.serve("here")
    spool.append([ENTRY])
    assert (len(spool), spool.damaged_files) == (51, [])


def overwrite(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:  # for everything to be in the file itself
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = file.stat().st_size
    with file.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xff" * (size - 4096))


def drop_the_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE entries")


@pytest.mark.parametrize("damage", [overwrite, drop_the_table], ids=lambda damage: damage.__name__)
def test_damage_that_shows_while_it_runs_costs_nothing_that_comes_later(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    file = tmp_path / "spool.sqlite"
    full_spool(file)
    spool = Spool(file)
    spool.serve("here")
    read = spool.first(10)
    damage(file)
    spool.append([ENTRY])
    spool.append([ENTRY])
    assert len(spool.damaged_files) == 1
    assert [stored.entry() for stored in spool.first(9)] == [ENTRY, ENTRY]
    spool.forget(0)
    assert len(spool) == 2
    assert read[-1].number > 2


def test_numbers_of_the_damaged_file_mean_nothing_in_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "spool.sqlite"
    full_spool(file)
    spool = Spool(file)
    spool.serve("here")
    last = spool.first(10)[-1].number
    drop_the_table(file)
    spool.append([ENTRY])
    spool.set_aside(last, "delivered from the damaged file")
    spool.forget(last)
    assert (len(spool), spool.set_aside_count) == (1, 0)
