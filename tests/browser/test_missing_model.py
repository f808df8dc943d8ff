"""One model of two is damaged: pages and API go on with the other, and say which one is missing.

Covers src/web: model_choice.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from settings import ROOT
from support.classroom import damaged
from support.digits import DIGITS
from support.hand import answer, draw, open_page
from support.pictures import one, png
from support.running_app import RunningApp

pytestmark = pytest.mark.browser

SAID = "The CNN model cannot read at the moment. cnn.pt is damaged or of another kind: run `python src/train_model.py`."


def test_the_other_model_goes_on(page: Page, tmp_path: Path) -> None:
    for folder in ("src", "model", "sql"):
        shutil.copytree(ROOT / folder, tmp_path / "copy" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    weights = tmp_path / "copy/model/cnn.pt"
    weights.write_bytes(damaged(weights.read_bytes()))
    app = RunningApp(tmp_path, root=tmp_path / "copy", READ_ONLY="true").start()
    try:
        ready = httpx.get(f"{app.url}/ready", timeout=30)
        assert (ready.status_code, ready.json()["missing"]) == (200, SAID)
        assert "\ndigit_reader_models_missing 1.0\n" in app.text("/metrics")
        assert [each["model"] for each in httpx.get(f"{app.url}/api/models", timeout=30).json()] == ["linear"]
        told = httpx.get(f"{app.url}/api/models/cnn", timeout=30)
        assert (told.status_code, told.json()) == (503, {"detail": SAID})
        for path in ("predict", "read"):
            for asked, code in (("", 200), ("linear", 200), ("cnn", 503)):
                sent = {"files": {"file": png(one())}, "data": {"model": asked} if asked else {}}
                got = httpx.post(f"{app.url}/api/{path}", timeout=30, **sent)  # type: ignore[arg-type]
                assert got.status_code == code, (path, asked, got.text)
                assert code == 200 or got.json() == {"detail": SAID}
        open_page(page, app.url)
        expect(page.get_by_text("The CNN model cannot read at the moment.")).to_be_visible()
        expect(page.get_by_text("The Linear model reads.")).to_be_visible()
        draw(page, DIGITS[0][1])
        answer(page, 1)
        expect(page.get_by_role("radio", name="CNN")).to_have_count(0)
    finally:
        app.stop()
