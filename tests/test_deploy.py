"""docker/deploy.sh, with a stand-in for ssh that runs on this machine what it would run on the server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from settings import ROOT

SSH = """#!/bin/sh
echo "$2" >>"$HOME/asked"
cd "$HOME"
case $2 in
  *update.sh*) exit 0 ;;
  *tar*) [ -z "$BROKEN" ] || exec 0<"$BROKEN" ;;
esac
exec sh -c "$2"
"""


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """The server's home, with an older version of the project."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ssh").write_text(SSH)
    (tmp_path / "bin/ssh").chmod(0o755)
    for name in ("src/gone.py", "sql/001_init_db.sql", "docker/Caddyfile", ".env", "backups/nightly.dump.gz"):
        file = tmp_path / "digit-reader" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("old")
    return tmp_path


def deploy(server: Path, broken: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{server / 'bin'}:{os.environ['PATH']}", "HOME": str(server), "BROKEN": broken}
    command = [str(ROOT / "docker/deploy.sh"), "you@server"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what is deployed is the last commit")
def test_the_last_commit_replaces_what_was_there_and_nothing_else(server: Path) -> None:
    done = deploy(server)
    assert done.returncode == 0, done.stderr
    folder = server / "digit-reader"
    assert (folder / "src/app.py").read_text() == (ROOT / "src/app.py").read_text()
    assert not (folder / "src/gone.py").exists()
    assert (folder / ".env").read_text() == (folder / "backups/nightly.dump.gz").read_text() == "old"
    assert not (folder / ".incoming").exists()
    assert "docker/update.sh" in (server / "asked").read_text().splitlines()[-1]


def test_a_transfer_that_breaks_off_replaces_nothing_and_starts_nothing(server: Path) -> None:
    half = server / "half.tar"
    half.write_bytes(b"src/app.py" + bytes(200))
    done = deploy(server, str(half))
    assert done.returncode != 0
    folder = server / "digit-reader"
    assert {file.read_text() for file in folder.rglob("*") if file.is_file()} == {"old"}
    assert "update.sh" not in (server / "asked").read_text()


def test_a_server_without_settings_is_refused_with_what_to_do(server: Path) -> None:
    shutil.rmtree(server / "digit-reader")
    done = deploy(server)
    assert done.returncode == 1
    assert "has no digit-reader/.env: set it up first" in done.stderr
