"""The frame around the pages: who finds what in the navigation, the About page, and nothing of Streamlit's own.

Covers src/app_pages: about, ui.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from learning.card import ModelCard
from learning.weights import read_weights
from percentages import percent
from settings import ROOT
from support.hand import at_rest
from support.running_app import SESAME, RunningApp
from support.shipped import card

CHROME = (
    '[data-testid="stAppDeployButton"], [data-testid="stMainMenu"], footer, [data-testid="stDecoration"], '
    '[class*="viewerBadge"]'
)

LINKS = ".st-key-nav a"
ON_TOP = """node => {
    const box = node.getBoundingClientRect()
    return node.contains(document.elementFromPoint(box.x + 5, box.y + box.height / 2))
}"""


def links(page: Page) -> list[str]:
    """The pages in the navigation."""
    at_rest(page)
    return page.locator(LINKS).all_inner_texts()


def named(page: Page) -> list[str]:
    """The same without their icons' names."""
    return [text.split("\n")[-1] for text in links(page)]


def test_only_administrators_find_their_pages_in_the_navigation(
    page: Page, separate: tuple[RunningApp, object]
) -> None:
    app, _ = separate
    page.goto(app.url)
    expect(page.get_by_role("heading", name="Draw a digit")).to_be_visible()
    assert named(page) == ["Draw", "History", "Insights", "About"]
    page.get_by_role("link", name="About").click()
    expect(page.get_by_role("heading", name="About")).to_be_visible()
    page.get_by_role("link", name="Models: trainings and versions").click()
    page.get_by_label("Password", exact=True).fill(SESAME)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.locator(LINKS)).to_have_count(7)
    assert named(page) == ["Draw", "History", "Insights", "Review", "Models", "Experiments", "About"]
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator(LINKS)).to_have_count(4)
    for address in ("review", "models", "experiments"):
        page.goto(f"{app.url}/{address}")
        expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_the_page_shows_the_card_beside_the_weights_and_leads_to_the_api(app: RunningApp, page: Page) -> None:
    page.goto(f"{app.url}/about")
    shown = card()
    assert isinstance(shown, ModelCard)
    expect(page.get_by_text(read_weights(ROOT / "model", "cnn").sha256)).to_be_visible()
    expect(page.get_by_text(f"{percent(shown.test_accuracy, 2)} are read")).to_be_visible()
    expect(page.get_by_text("Review, Models and Experiments are closed")).to_be_visible()
    at_rest(page)
    link = page.get_by_role("link", name="the HTTP API")
    assert page.evaluate("link => link.href", link.element_handle()) == f"{app.url}/api/docs"


@pytest.mark.parametrize("command", [(), ("-m", "streamlit", "run")], ids=["python", "streamlit run"])
def test_nothing_of_the_framework_is_on_the_pages_however_and_wherever_the_app_is_started(
    command: tuple[str, ...], browser: Browser, tmp_path: Path
) -> None:
    """Streamlit looks for its settings where it is started; these lie beside app.py."""
    app = RunningApp(tmp_path)
    app.command, app.cwd = command, tmp_path
    try:
        app.start(ready=False)
        page = browser.new_page()
        for path in ("", "about"):
            page.goto(f"{app.url}/{path}")
            expect(page.locator("h1")).to_be_visible()
            at_rest(page)
            expect(page.locator(CHROME)).to_have_count(0)
            for word in ("Deploy", "Made with", "Streamlit"):
                assert word not in page.inner_text("body")
        page.close()
    finally:
        app.stop()


def test_a_page_that_fails_says_so_in_our_own_words_and_tells_the_log_why(page: Page, tmp_path: Path) -> None:
    for folder in ("src", "model", "sql"):
        shutil.copytree(ROOT / folder, tmp_path / "copy" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "copy/src/app_pages/about.py").write_text("raise RuntimeError('a secret of the house')\n")
    app = RunningApp(tmp_path, root=tmp_path / "copy", READ_ONLY="true")
    try:
        page.goto(f"{app.start().url}/about")
        expect(page.get_by_role("alert")).to_contain_text("Something went wrong on this page.")
        assert "secret" not in page.inner_text("body")
        assert "RuntimeError: a secret of the house" in app.log.read_text()
        page.get_by_role("link", name="Draw").click()
        expect(page.get_by_role("heading", name="Draw a digit")).to_be_visible()
    finally:
        app.stop()


def test_on_a_phone_the_page_that_was_chosen_is_not_covered(app: RunningApp, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(app.url)
    page.get_by_role("link", name="About").click()
    heading = page.get_by_role("heading", name="About")
    expect(heading).to_be_visible()
    at_rest(page)
    assert heading.evaluate(ON_TOP)


@pytest.mark.parametrize("size", [(360, 740), (740, 360), (1280, 800)])
def test_the_navigation_scrolls_away_with_the_page(app: RunningApp, page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{app.url}/about")
    expect(page.get_by_role("heading", name="About", exact=True)).to_be_visible()
    at_rest(page)
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop = 200")
    box = page.get_by_role("link", name="Draw").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 0, "it would lie over what is read"
