"""The pages of an app that keeps nothing: a drawing is read, and nobody is asked for what would be lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from storage.nothing_kept import NOTHING_KEPT
from support.accessibility import violations
from support.hand import answer, at_rest, digit_button, draw, open_page, unmoving
from support.running_app import RunningApp

SEVEN = [[(0.3, 0.2), (0.5, 0.2), (0.7, 0.2), (0.55, 0.5), (0.45, 0.85)]]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    app = RunningApp(tmp_path_factory.mktemp("reader"), READ_ONLY="true", ADMIN_PASSWORD="of no use")
    yield app.start()
    app.stop()


@pytest.mark.parametrize("width", [360, 1100])
def test_a_drawing_is_read_and_the_page_says_that_nothing_is_kept(reader: RunningApp, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_page(page, reader.url)
    expect(page.get_by_text(NOTHING_KEPT)).to_be_visible()
    expect(page.get_by_role("button", name="Challenge: ten digits")).to_have_count(0)
    expect(page.locator(".dot")).to_have_count(0)  # it would say that drawings are saved
    with page.expect_response(f"{reader.url}/api/strokes") as read:
        draw(page, SEVEN)
    assert read.value.status == 200
    assert answer(page, len(SEVEN)) == 7
    expect(digit_button(page, 7)).to_be_disabled()
    for name in ("Yes, a 7", "Not a digit"):
        expect(page.get_by_role("button", name=name)).to_be_hidden()
    page.keyboard.press("7")
    assert answer(page, len(SEVEN)) == 7, "a label would have emptied the canvas"
    for words in ("Your recent drawings", "Your hand", "Not saved yet", "Kept until"):
        expect(page.get_by_text(words)).to_have_count(0)
    unmoving(page)
    assert violations(page) == []


def test_it_says_why_and_nothing_of_labels(reader: RunningApp, page: Page) -> None:
    open_page(page, reader.url)
    draw(page, SEVEN)
    answer(page, len(SEVEN))
    page.get_by_role("button", name="Why?").click()
    sheet = page.locator("dialog.because")
    expect(sheet.get_by_role("heading", name="Why 7?")).to_be_visible()
    expect(sheet.get_by_text("label")).to_have_count(0)


def test_the_digits_of_a_number_are_read_and_cannot_be_labelled(reader: RunningApp, page: Page) -> None:
    open_page(page, reader.url)
    page.get_by_role("tab", name="Number").click()
    canvas = page.locator("[class*=st-key-number-canvas-] canvas.upper-canvas")
    expect(canvas).to_be_visible()
    at_rest(page)
    draw(page, [[(x / 2, y) for x, y in stroke] for stroke in SEVEN], canvas)
    expect(page.get_by_test_id("text")).to_have_text("7")
    expect(digit_button(page, 7)).to_be_disabled()
    page.keyboard.press("7")
    at_rest(page)
    expect(page.locator(".toast")).to_be_hidden()
    for name in ("Yes, a 7", "Not a digit"):
        expect(page.get_by_role("button", name=name)).to_be_hidden()


def test_about_and_the_administrators_pages_say_so_too(reader: RunningApp, page: Page) -> None:
    page.goto(f"{reader.url}/about")
    expect(page.get_by_text(f"Nothing. {NOTHING_KEPT}")).to_be_visible()
    expect(page.get_by_role("heading", name="For administrators")).to_have_count(0)
    for name in ("History", "Insights"):
        expect(page.get_by_role("link", name=name)).to_have_count(0)
        page.goto(f"{reader.url}/{name.lower()}")
        expect(page.get_by_text(NOTHING_KEPT)).to_be_visible()
    for path in ("review", "models", "experiments"):
        page.goto(f"{reader.url}/{path}")
        expect(page.get_by_text("This page is closed: there is nothing to administer.")).to_be_visible()
        expect(page.get_by_label("Password")).to_have_count(0)
