"""Migrations run once, in order: against a real PostgreSQL."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import psycopg2.errors
import pytest

from storage.embedded import EmbeddedServer
from storage.migrations import SQL_DIR, migrate


def test_migrations_run_once_in_order_and_each_in_its_own_transaction(server: EmbeddedServer, tmp_path: Path) -> None:
    dsn = server.start()
    (tmp_path / "901_first.sql").write_text("CREATE TABLE first_one (a int);")
    (tmp_path / "902_broken.sql").write_text("CREATE TABLE second_one (a int); SELECT * FROM nowhere;")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        migrate(dsn, tmp_path)
    (tmp_path / "902_broken.sql").write_text("CREATE TABLE second_one (a int);")
    assert migrate(dsn, tmp_path) == ["902_broken.sql"]
    assert migrate(dsn, tmp_path) == []


def test_replicas_that_start_together_migrate_once(server: EmbeddedServer, tmp_path: Path) -> None:
    dsn = server.start()
    (tmp_path / "911_slow.sql").write_text("SELECT pg_sleep(0.2); CREATE TABLE once (a int);")
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(dsn, tmp_path), range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 1]


def test_every_column_is_explained_in_the_line_above_it() -> None:
    lines = [line.strip() for file in sorted(SQL_DIR.glob("*.sql")) for line in file.read_text().splitlines()]
    column = re.compile(r"[a-z_]+ +(bigint|uuid|timestamptz|smallint|integer|real|text|bytea|jsonb)\b")
    above = [before for before, line in pairwise(lines) if column.match(line)]
    assert len(above) >= 31
    assert [line for line in above if not line.startswith("-- ") and not line.endswith(".")] == []
