"""The version of the app before the newest migration, beside today's."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from settings import ROOT

PARTS = ("src", "sql", "model")
UNTIL_THE_RULE = 14
"""Migrations up to this one were made before the rule that each leaves the version before it working."""


def newest_migration() -> Path:
    return max((ROOT / "sql").glob("*.sql"))


def earlier_version(folder: Path) -> tuple[Path, str]:
    """A copy of the version before the newest migration in `folder`, and what it is.

    From git where its history is here. Otherwise, as in a shallow clone, today's code without its newest migration:
    then only the schema is newer than it knows.
    """
    commit = _commit_before(newest_migration())
    if commit:
        packed = subprocess.run(["git", "archive", commit, *PARTS], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        return folder, f"commit {commit[:10]}"
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "sql" / newest_migration().name).unlink()
    return folder, f"today's without {newest_migration().name}"


def _commit_before(migration: Path) -> str:
    """The parent of the commit that has added a migration; nothing where git does not know it."""
    added = _git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(migration.relative_to(ROOT)))
    return _git("rev-parse", "--verify", "--quiet", f"{added}^") if added else ""


def _git(*words: str) -> str:
    if shutil.which("git") is None:
        return ""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
