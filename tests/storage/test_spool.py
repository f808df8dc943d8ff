"""A queue in a file: in order, outliving the process, and for one database alone."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import ROOT
from storage.spool import Entry, Spool, SpoolBroken


def entries(spool: Spool, limit: int = 100) -> list[Entry]:
    return [entry for _, entry in spool.first(limit)]


def some(count: int) -> list[Entry]:
    return [Entry("prediction", {"number": number, "id": uuid4(), "image": bytes([number])}) for number in range(count)]


def test_entries_come_back_as_they_went_in_and_in_order(tmp_path: Path) -> None:
    spool, written = Spool(tmp_path / "spool.sqlite"), some(5)
    spool.serve("here")
    spool.append(written[:2])
    spool.append(written[2:])
    assert len(spool) == 5
    assert entries(spool) == written
    assert entries(spool, 3) == written[:3]
    spool.forget(spool.first(3)[-1][0])
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
    spool.forget(spool.first(1)[-1][0])
    spool.serve("old")
    assert len(entries(spool)) == len(spool) == 3


def test_it_knows_which_drawings_it_holds(tmp_path: Path) -> None:
    spool, mine = Spool(tmp_path / "spool.sqlite"), uuid4()
    assert not spool.mentions(mine)
    spool.append([Entry("prediction", {"drawing_id": mine})])
    assert spool.mentions(mine)
    assert not spool.mentions(uuid4())


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    with sqlite3.connect(tmp_path / "spool.sqlite") as other:
        other.execute("DROP TABLE entries")
    with pytest.raises(SpoolBroken, match=r"spool\.sqlite cannot be written"):
        spool.append(some(1))
    assert len(spool) == 0
