"""What the page looks like in the dark, without motion, and without a model to read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from support.digits import DIGITS
from support.hand import answer, draw, open_page, unmoving
from support.running_app import ROOT, RunningApp

# Contrast as WCAG 2.2 has it (1 to 21; 4.5 is asked of text), of each text against the nearest painted ground below it.
CONTRAST = """selector => {
    const brush = document.createElement("canvas").getContext("2d", {willReadFrequently: true})
    const rgba = color => {
        brush.clearRect(0, 0, 1, 1); brush.fillStyle = color; brush.fillRect(0, 0, 1, 1)
        return [...brush.getImageData(0, 0, 1, 1).data]
    }
    const light = rgb => rgb.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0)
    const ground = node => {
        const color = rgba(getComputedStyle(node).backgroundColor)
        return color[3] == 255 || !node.parentElement ? color.slice(0, 3) : ground(node.parentElement)
    }
    const seen = node => node ? getComputedStyle(node).opacity * seen(node.parentElement) : 1
    return [...document.querySelectorAll(selector)].map(node => {
        const below = ground(node), share = seen(node)
        const ink = rgba(getComputedStyle(node).color).slice(0, 3).map((v, i) => v * share + below[i] * (1 - share))
        const [low, high] = [light(ink), light(below)].sort((a, b) => a - b)
        return (high + .05) / (low + .05)
    })
}"""
TEXTS = ".reading .digit, .reading .says, .bars .percent, .bars .name, .seen span, h1"


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
    for folder in ("src", "sql", ".streamlit"):
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
