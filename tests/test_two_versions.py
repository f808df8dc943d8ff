"""Two versions of the app on one database, the older one on a schema that is newer than it knows.

A rolling upgrade at full length, with a retraining, is in full/test_two_versions.py.
"""

from __future__ import annotations

from pathlib import Path

import httpx

from storage.embedded import EmbeddedServer
from support.earlier import earlier_version, newest_migration
from support.fire import PICTURE
from support.running_app import RunningApp


def test_what_one_version_has_read_the_other_labels(
    separate: tuple[RunningApp, EmbeddedServer], tmp_path: Path
) -> None:
    new, _ = separate
    root, what = earlier_version(tmp_path / "earlier")
    (tmp_path / "data").mkdir()
    old = RunningApp(tmp_path / "data", root, **new.environment)
    old.server_dir = new.server_dir
    assert (newest_migration().name,) in new.sql("SELECT name FROM schema_migrations")
    assert not (root / "sql" / newest_migration().name).exists()
    old.start()
    try:
        for reads, labels in ((old, new), (new, old)):
            read = httpx.post(f"{reads.url}/api/predict", files={"file": PICTURE}, timeout=60).raise_for_status().json()
            said = httpx.post(f"{labels.url}/api/feedback", json={"id": read["id"], "label": 1}, timeout=60)
            assert said.status_code == 200, f"{what}: {said.text}"
            assert new.sql("SELECT true_label FROM predictions WHERE drawing_id = %s::uuid", read["id"]) == [(1,)]
        assert httpx.get(f"{old.url}/api/stats", timeout=60).status_code == 200
    finally:
        old.stop()
