"""Migrations run once, in order: against a real PostgreSQL."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import pytest

from storage import waiting
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


def test_a_migration_may_take_longer_than_any_other_answer(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index on millions of rows takes minutes; a limit would undo it, and the app would begin it again for ever."""
    dsn = server.start()
    monkeypatch.setattr(waiting, "ANSWER_TIMEOUT", 0.2)
    (tmp_path / "921_long.sql").write_text("SELECT pg_sleep(0.6); CREATE TABLE long_one (a int);")
    assert migrate(dsn, tmp_path) == ["921_long.sql"]
    impatient = psycopg2.connect(dsn)
    with pytest.raises(psycopg2.OperationalError, match="does not answer"), impatient.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.6)")


def test_replicas_that_start_together_migrate_once(server: EmbeddedServer, tmp_path: Path) -> None:
    dsn = server.start()
    (tmp_path / "911_slow.sql").write_text("SELECT pg_sleep(0.2); CREATE TABLE once (a int);")
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(dsn, tmp_path), range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 1]


@pytest.fixture
def empty(server: EmbeddedServer) -> Iterator[str]:
    """The connection string of a new, empty database on the same server."""
    dsn = server.start()
    admin = psycopg2.connect(dsn)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("CREATE DATABASE upgraded")
        yield psycopg2.extensions.make_dsn(dsn, dbname="upgraded")
        cursor.execute("DROP DATABASE upgraded WITH (FORCE)")
    admin.close()


@pytest.mark.parametrize("released", [1, 2, 3, 6])
def test_the_database_of_an_earlier_release_is_taken_over_with_all_that_is_in_it(
    empty: str, tmp_path: Path, released: int
) -> None:
    """From the first release on."""
    files = sorted(SQL_DIR.glob("*.sql"))
    for file in files[:released]:
        shutil.copy(file, tmp_path)
    assert migrate(empty, tmp_path) == [file.name for file in files[:released]]
    drawing = (
        "INSERT INTO predictions (drawing_id, predicted_digit, confidence, probabilities, digit_score, image, source, "
        "model, model_version, elapsed_ms, true_label, labelled_at, review) VALUES (gen_random_uuid(), 4, 0.8, "
        "'{0,0,0,0.01,0.8,0,0,0,0,0.19}', 0.9, 'png', 'canvas', %s, 1, 1, 4, now(), 'approved')"
    )
    version = "INSERT INTO model_versions (model, version, weights, sha256, status) VALUES (%s, 1, 'w', %s, 'active')"
    said = "INSERT INTO label_events (drawing_id, who, new_label) SELECT drawing_id, 'api', 4 FROM predictions"
    tables = ("predictions", "model_versions", "label_events") + ("installation",) * (released > 1)

    def everything() -> list[dict[str, object]]:
        rows = []
        for table in tables:
            cursor.execute(f"SELECT to_jsonb(t) FROM {table} t")  # noqa: S608 - our own names
            rows += [row for (row,) in cursor.fetchall()]
        return rows

    with psycopg2.connect(empty) as connection, connection.cursor() as cursor:
        for model in ("cnn", "linear"):
            cursor.execute(drawing, (model,))
            cursor.execute(version, (model, "0" * 64))
        cursor.execute(said)
        before = everything()
    assert len(before) == 6 + (released > 1)
    assert migrate(empty) == [file.name for file in files[released:]]
    with psycopg2.connect(empty) as connection, connection.cursor() as cursor:
        after = everything()
        assert all(any(old.items() <= new.items() for new in after) for old in before)
        assert len(after) == len(before)
        for counts in ("current_tallies", "current_distributions WHERE measure = 'elapsed'"):
            cursor.execute(f"SELECT step, sum(drawings)::int FROM {counts} GROUP BY step ORDER BY step")  # noqa: S608 - as above
            assert cursor.fetchall() == [("day", 2), ("hour", 2), ("month", 2)], "what was there is counted"
        cursor.execute(drawing, ("cnn-small",))  # a third model needs no migration
        with pytest.raises(psycopg2.errors.CheckViolation):
            cursor.execute(drawing, ("Oracle!",))


@pytest.mark.parametrize("schema", [1, 3, 5, 6])
def test_labels_from_every_earlier_schema_are_kept_and_may_become_not_a_digit(
    empty: str, tmp_path: Path, schema: int
) -> None:
    for file in sorted(SQL_DIR.glob("*.sql"))[:schema]:
        shutil.copy(file, tmp_path)
    migrate(empty, tmp_path)
    said = {"unlabelled": None, "pending": 3, "approved": 4, "rejected": 0}
    with psycopg2.connect(empty) as connection, connection.cursor() as cursor:
        for review, label in said.items():
            cursor.execute(
                "INSERT INTO predictions (drawing_id, predicted_digit, confidence, probabilities, digit_score, image, "
                "source, model, model_version, elapsed_ms, true_label, labelled_at, review) VALUES (gen_random_uuid(), "
                "4, 0.8, array_fill(0.1::real, ARRAY[10]), 0.9, 'png', 'canvas', 'cnn', 1, 1, %s, %s, %s)",
                (label, None if label is None else "2026-01-01", review),
            )
        cursor.execute(
            "INSERT INTO label_events (drawing_id, who, new_label) SELECT drawing_id, 'api', true_label "
            "FROM predictions WHERE true_label IS NOT NULL"
        )
    assert "007_not_a_digit.sql" in migrate(empty)
    with psycopg2.connect(empty) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT review, true_label, not_a_digit FROM predictions ORDER BY id")
        assert cursor.fetchall() == [(review, label, False) for review, label in said.items()]
        cursor.execute("UPDATE predictions SET true_label = NULL, not_a_digit = true WHERE true_label IS NOT NULL")
        cursor.execute("UPDATE label_events SET old_label = new_label, new_label = 10")
        cursor.execute("SELECT old_label, new_label FROM label_events ORDER BY id")
        assert cursor.fetchall() == [(3, 10), (4, 10), (0, 10)]


@pytest.mark.parametrize(
    "wrong",
    [
        "true_label = 4, not_a_digit = true",
        "true_label = 10",
        "true_label = NULL",
        "true_label = NULL, not_a_digit = true, labelled_at = NULL",
        "true_label = NULL, not_a_digit = true, review = 'unlabelled'",
        "true_label = NULL, review = 'unlabelled'",
        "not_a_digit = NULL",
    ],
)
def test_a_row_has_one_label_whole_or_none(empty: str, wrong: str) -> None:
    migrate(empty)
    with psycopg2.connect(empty) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO predictions (drawing_id, predicted_digit, confidence, probabilities, digit_score, image, "
            "source, model, model_version, elapsed_ms, true_label, labelled_at, review) VALUES (gen_random_uuid(), "
            "4, 0.8, array_fill(0.1::real, ARRAY[10]), 0.9, 'png', 'canvas', 'cnn', 1, 1, 4, now(), 'approved')"
        )
        with pytest.raises(psycopg2.IntegrityError):
            cursor.execute(f"UPDATE predictions SET {wrong}")  # noqa: S608 - the test's own words


def test_every_column_is_explained_in_the_line_above_it() -> None:
    lines = [line.strip() for file in sorted(SQL_DIR.glob("*.sql")) for line in file.read_text().splitlines()]
    column = re.compile(r"[a-z_]+ +(bigint|uuid|timestamptz|smallint|integer|real|text|bytea|jsonb|boolean)\b")
    above = [before for before, line in pairwise(lines) if column.match(line)]
    assert len(above) >= 31
    assert [line for line in above if not line.startswith("-- ") and not line.endswith(".")] == []
