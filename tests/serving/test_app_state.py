"""The state of the app: opened once, shared, closed whole, and opened anew."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from frames.drawing import Drawing
from serving.app_state import close_app_state, get_app_state
from support.running_app import wait_until


def test_it_is_opened_once_and_closing_it_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DB_HOST", "")
    state = get_app_state()
    try:
        assert get_app_state() is state
        drawing = Drawing(np.full((28, 28), 255, np.uint8))
        reading = state.reader.read_and_keep(lambda: drawing, "linear", "api", None).result(60)
        wait_until(lambda: state.writer.spooled == 0 and state.database.away is None, what="the row in the database")
        with state.database.transaction() as cursor:
            cursor.execute("SELECT drawing_id FROM predictions")
            assert cursor.fetchall() == [(reading.drawing_id,)]
    finally:
        close_app_state()
        gc.unfreeze()
    assert state.database.away
    assert not (tmp_path / "postgres/postmaster.pid").exists()
    close_app_state()  # closing twice is no error
