"""What the page looks like in the dark, without motion, and without a model to read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from settings import ROOT
from support.contrast import CONTRAST
from support.digits import DIGITS
from support.hand import answer, draw, open_page, unmoving
from support.running_app import RunningApp

# Contrast as WCAG 2.2 has it (1 to 21; 4.5 is asked of text), of each text against the nearest painted ground below it.
TEXTS = ".digit, .headline, .bars .percent, .bars .name, .none, h1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_the_answer_stands_out(app: RunningApp, browser: Browser, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page = context.new_page()
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    ground = page.locator(".stApp").evaluate("node => getComputedStyle(node).backgroundColor")
    brightness = sum(int(part) for part in ground[4:-1].split(",")) / 3
    assert (brightness < 80) == (scheme == "dark"), ground
    unmoving(page)
    contrasts: list[float] = page.evaluate(CONTRAST, TEXTS)
    assert len(contrasts) > 20
    assert min(contrasts) >= 4.5
    context.close()


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_nothing_moves_for_those_who_asked_for_that(
    app: RunningApp, browser: Browser, motion: str, moves: bool
) -> None:
    context = browser.new_context(reduced_motion="reduce" if motion == "reduce" else "no-preference")
    page = context.new_page()
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    animation = page.get_by_test_id("digit").evaluate("node => getComputedStyle(node).animationName")
    transition = page.locator(".bars .fill").first.evaluate("node => getComputedStyle(node).transitionDuration")
    assert (animation != "none") == moves
    assert (transition != "0s") == moves
    context.close()


def test_without_a_model_the_page_says_what_to_do(page: Page, tmp_path: Path) -> None:
    for folder in ("src", "sql"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    app = RunningApp(tmp_path, root=tmp_path)
    try:
        app.start(ready=False)
        page.goto(app.url)
        expect(page.get_by_text("No model can read at the moment.")).to_be_visible()
        expect(page.get_by_text("python src/train_model.py")).to_be_visible()
        expect(page.get_by_text("No model", exact=True)).to_be_visible()
        assert app.status("/health") == 200
        assert app.status("/ready") == 503
    finally:
        app.stop()
