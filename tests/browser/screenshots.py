"""Take the README's pictures from the running app: `make screenshots`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from browser.chromium import find
from browser.digits import DIGITS
from browser.hand import answer, draw, open_page, say
from running_app import ROOT, RunningApp

FOLDER = ROOT / ".github"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = RunningApp(Path(folder)).start()
        try:
            flags = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
            browser = playwright.chromium.launch(executable_path=find(), args=flags)
            page = browser.new_page(viewport={"width": 860, "height": 860}, device_scale_factor=1.5)
            open_page(page, app.url)
            take(page)
            browser.close()
        finally:
            app.stop()


def take(page: Page) -> None:
    for label, strokes in (DIGITS[9], DIGITS[0], DIGITS[12], DIGITS[17]):
        draw(page, strokes)
        answer(page, len(strokes))
        say(page, label)
    draw(page, DIGITS[16][1])
    answer(page, 2)
    page.mouse.move(5, 5)
    page.get_by_text("Saved: that was").first.wait_for(state="detached")
    page.screenshot(path=FOLDER / "draw.png")


if __name__ == "__main__":
    main()
