"""A queue in a file: in order, outliving the process, for one database alone, and with nothing thrown away."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import ROOT
from storage import spool as spooling
from storage.spool import Entry, Spool, UnreadableEntry
from storage.spool_file import SpoolBroken
from support.outage import Disk


def entries(spool: Spool, limit: int = 100) -> list[Entry]:
    return [stored.entry() for stored in spool.first(limit)]


def some(count: int, size: int = 1) -> list[Entry]:
    return [Entry("prediction", {"number": n, "id": uuid4(), "image": bytes([n]) * size}) for n in range(count)]


def sql(file: Path, statement: str) -> list[tuple[Any, ...]]:
    """What somebody else does with the file."""
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(statement).fetchall()


def test_entries_come_back_as_they_went_in_and_in_order(tmp_path: Path) -> None:
    spool, written = Spool(tmp_path / "spool.sqlite"), some(5)
    spool.serve("here")
    spool.append(written[:2])
    spool.append(written[2:])
    assert len(spool) == 5
    assert entries(spool) == written
    assert entries(spool, 3) == written[:3]
    spool.forget(spool.first(3)[-1].number)
    assert entries(spool) == written[3:]
    assert len(spool) == 2


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.one_of(
            st.none(), st.integers(), st.text(), st.binary(), st.uuids(), st.floats(0, 1), st.lists(st.floats(0, 1))
        ),
    )
)
def test_any_parameters_survive(tmp_path_factory: pytest.TempPathFactory, parameters: dict[str, Any]) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool") / "spool.sqlite")
    spool.serve("here")
    spool.append([Entry("label", parameters)])
    assert entries(spool) == [Entry("label", parameters)]
    spool.close()


def test_what_was_acknowledged_survives_the_death_of_the_process(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from storage.spool import *\n"
        "spool = Spool(Path(sys.argv[1])); spool.append([Entry('label', {'number': 1})])\n"
        "os.kill(os.getpid(), 9)"
    )
    file = tmp_path / "spool.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], env=os.environ | {"PYTHONPATH": str(ROOT / "src")}
    )
    assert done.returncode == -9
    spool = Spool(file)
    assert len(spool) == 1
    spool.serve("the first database that is seen")
    assert entries(spool) == [Entry("label", {"number": 1})]


def test_entries_for_another_database_stay_untouched_and_uncounted(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    spool.serve("old")
    spool.append(some(3))
    spool.close()
    spool = Spool(tmp_path / "spool.sqlite")
    assert len(spool) == 3, "until it is known which database this is, they wait"
    spool.serve("new")
    assert (len(spool), entries(spool)) == (0, [])
    spool.append(some(1))
    spool.forget(spool.first(1)[-1].number)
    spool.serve("old")
    assert len(entries(spool)) == len(spool) == 3


def test_entries_that_somebody_deletes_are_not_counted_for_long(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    spool.serve("here")
    spool.append(some(3))
    sql(tmp_path / "spool.sqlite", "DELETE FROM entries")
    assert entries(spool) == []
    assert len(spool) == 0


# --- Setting aside ----------------------------------------------------------------------------------------------------


def test_what_is_set_aside_is_kept_with_its_reason_and_the_others_wait_on(tmp_path: Path) -> None:
    file, drawing = tmp_path / "spool.sqlite", uuid4()
    spool, written = Spool(file), [*some(2), Entry("label", {"drawing_id": drawing}), *some(1)]
    spool.serve("here")
    spool.append(written)
    third = spool.first(10)[2]
    spool.set_aside(third.number, "a reason")
    assert entries(spool) == [*written[:2], written[3]]
    assert (len(spool), spool.set_aside_count) == (3, 1)
    assert spool.has_set_aside(drawing)
    assert not spool.has_set_aside(uuid4())
    spool.forget(spool.first(10)[-1].number)
    spool.close()
    kept = sql(file, "SELECT number, owner, statement, parameters, reason FROM set_aside")
    assert kept == [(third.number, "here", "label", third.parameters.decode(), "a reason")]
    spool = Spool(file)
    assert (len(spool), spool.set_aside_count) == (0, 1)
    sql(file, "DELETE FROM set_aside")
    assert spool.set_aside_count == 0, "somebody has dealt with it"


DEEP = f"'{'[' * 100_000}'"


@pytest.mark.parametrize(
    "parameters",
    ['"{"', "'[1]'", '\'{"a": {"uuid": 5}}\'', "'{\"a\": {}}'", '\'{"a": {"bytes": "~"}}\'', "x'ff00'", "5", DEEP],
)
def test_an_entry_that_cannot_be_read_keeps_no_other_from_being_read(tmp_path: Path, parameters: str) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    spool.serve("here")
    spool.append(some(1))
    values = f"VALUES ('here', 'x', {parameters})"
    sql(tmp_path / "spool.sqlite", f"INSERT INTO entries (owner, statement, parameters) {values}")
    spool.append(some(1))
    first, second, third = spool.first(10)
    assert first.entry().statement == third.entry().statement == "prediction"
    with pytest.raises(UnreadableEntry, match="cannot be read"):
        second.entry()


# --- A file that cannot be written ------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    spool.close()
    with pytest.raises(SpoolBroken, match=r"spool\.sqlite is closed"):
        spool.append(some(1))
    assert len(spool) == 0


def test_a_spool_without_a_folder_opens_as_soon_as_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    spool = Spool(tmp_path / "data/spool.sqlite")
    assert spool.trouble is not None
    assert spool.behind
    assert str(tmp_path) not in spool.trouble
    with pytest.raises(SpoolBroken, match=r"spool\.sqlite cannot be written"):
        spool.append(some(1))
    (tmp_path / "data").unlink()
    spool.append(some(1))
    assert len(spool) == 1
    assert not spool.trouble
    assert not spool.behind


class Full:
    """A file of SQLite that may grow no further: what a test asks for the spool's own connection."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.connections: list[sqlite3.Connection] = []
        monkeypatch.setattr(sqlite3, "connect", self._connect)
        self._real = sqlite3.dbapi2.connect

    def _connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        self.connections.append(self._real(*arguments, **options))
        return self.connections[-1]

    def pages(self, count: int) -> None:
        self.connections[-1].execute(f"PRAGMA max_page_count = {count}")


def test_a_file_that_may_not_grow_counts_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Full(monkeypatch)
    spool = Spool(tmp_path / "spool.sqlite")
    full.pages(1)
    with pytest.raises(SpoolBroken, match="full"):
        spool.append(some(1, 10_000))
    assert (len(spool), spool.trouble) == (0, "The spool cannot be written: database or disk is full.")
    spool.serve("here")
    assert (spool.owner, spool.first(10)) == ("here", [])
    full.pages(1_000_000)
    spool.append(some(1, 10_000))
    assert (len(spool), spool.trouble, len(entries(spool))) == (1, None, 1)


def test_on_a_full_disk_entries_can_be_read_and_are_delivered_once(disk: Disk) -> None:
    spool, written = Spool(disk.folder / "spool.sqlite"), some(4)
    spool.append(written)
    disk.fill()
    with pytest.raises(SpoolBroken, match="full"):
        spool.append(some(40, 5000))
    assert len(spool) == 4
    spool.serve("here")  # which cannot be written down
    assert (len(spool), entries(spool)) == (4, written)
    spool.set_aside(spool.first(1)[0].number, "a reason")
    assert (len(spool), entries(spool), spool.set_aside_count) == (3, written[1:], 1)
    spool.forget(spool.first(2)[-1].number)
    assert (len(spool), entries(spool)) == (1, written[3:])
    disk.free()
    spool.settle()
    assert not spool.behind
    assert (len(spool), entries(spool), spool.set_aside_count) == (1, written[3:], 1)
    spool.close()
    assert sql(disk.folder / "spool.sqlite", "SELECT count(*) FROM entries") == [(1,)]


def test_a_spool_that_is_opened_on_a_full_disk_works_once_there_is_room(disk: Disk) -> None:
    disk.fill()
    spool = Spool(disk.folder / "spool.sqlite")
    assert spool.trouble is not None
    with pytest.raises(SpoolBroken):
        spool.append(some(1))
    assert len(spool) == 0
    disk.free()
    spool.append(some(1))
    assert len(spool) == 1


def test_a_full_spool_takes_no_more_and_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "MAX_ENTRIES", 3)
    spool, taken = Spool(tmp_path / "spool.sqlite"), some(3)
    spool.append(taken)
    with pytest.raises(SpoolBroken):
        spool.append(some(1))
    spool.serve("here")
    assert entries(spool) == taken
    spool.forget(spool.first(1)[-1].number)
    spool.append(some(1))
    assert spool.full
