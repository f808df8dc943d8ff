"""The History page: a visitor's own drawings, an administrator's everybody's, and what can be done with each.

Covers src/app_pages: history, history_wall, history_dialog.
"""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect

from frames.preprocessing import to_png
from storage.embedded import EmbeddedServer
from support.accessibility import violations
from support.administrators import choose, open_as_admin, phone
from support.hand import at_rest, unmoving, visitor_of
from support.running_app import RunningApp

PNG = to_png(np.pad(np.full((20, 4), 255, np.uint8), ((4, 4), (12, 12))))
LOG = """
INSERT INTO predictions (drawing_id, created_at, predicted_digit, confidence, probabilities, digit_score, image, source,
                         visitor, model, model_version, elapsed_ms)
SELECT gen_random_uuid(), now() + n * interval '1 second', n %% 10, 1 - n / 100.0, array_fill(0.1::real, ARRAY[10]),
       0.9, %s, 'canvas', %s, 'cnn', 1, 1
FROM generate_series(1, %s) AS n
"""


Both = tuple[RunningApp, EmbeddedServer]


def pictures(page: Page) -> Locator:
    return page.locator(".wall img")


def first_is(page: Page, words: str) -> None:
    expect(pictures(page).first).to_have_attribute("alt", f"A drawing, {words}")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    at_rest(page)


def test_a_visitor_finds_their_own_drawings_on_a_phone(separate: Both, browser: Browser) -> None:
    app, _ = separate
    page = phone(browser, "dark")
    page.goto(f"{app.url}/history")
    expect(page.get_by_text("You have not drawn anything yet: draw something first")).to_be_visible()
    app.sql(LOG, PNG, "f" * 64, 5)
    app.sql(LOG, PNG, visitor_of(page), 60)
    page.reload()
    expect(pictures(page)).to_have_count(48)
    first_is(page, "read as 0, 40 % sure")
    unmoving(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
    press(page, "Older")
    expect(pictures(page)).to_have_count(12)
    press(page, "Newer")
    expect(pictures(page)).to_have_count(48)

    page.get_by_role("button", name="Filter").click()
    choose(page, "Read as", "3")
    unmoving(page)
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_text("6 drawings.")).to_be_visible()
    assert {each.get_attribute("alt") for each in pictures(page).all()} == {
        f"A drawing, read as 3, {sure} % sure" for sure in range(47, 98, 10)
    }
    pictures(page).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("table", name="How likely each digit is").get_by_role("row")).to_have_count(10)
    unmoving(page)
    assert violations(page) == []
    dialog.get_by_role("button", name="5", exact=True).click()
    expect(page.get_by_text("Saved: that was a 5.")).to_be_visible()
    first_is(page, "read as 3, 47 % sure, labelled as a 5")
    press(page, "Undo")
    expect(page.get_by_text("Taken back.")).to_be_visible()
    first_is(page, "read as 3, 47 % sure")
    press(page, "Only read as 3: show all")
    expect(pictures(page)).to_have_count(48)
    assert app.sql("SELECT count(*) FROM label_events") == [(2,)]
    page.context.close()


def test_an_administrator_finds_everybodys_and_changes_none(separate: Both, page: Page) -> None:
    app, _ = separate
    app.sql(LOG, PNG, "f" * 64, 5)
    app.sql(LOG, PNG, None, 3)
    page.goto(f"{app.url}/history")
    expect(page.get_by_text("You have not drawn anything yet")).to_be_visible()
    open_as_admin(page, app, "review")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("8 drawings.")).to_be_visible()
    page.get_by_role("radio", name="Most doubtful").click()
    at_rest(page)
    first_is(page, "read as 5, 95 % sure")
    pictures(page).first.click()
    expect(page.get_by_role("dialog").get_by_text("95.0\u00a0% sure")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button", name="Delete")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Filter").click()
    choose(page, "Right or wrong", "read wrong")
    expect(page.get_by_text("Nothing matches: read wrong.")).to_be_visible()


def test_without_a_database_the_page_says_so_and_comes_by_itself(separate: Both, page: Page) -> None:
    app, server = separate
    server.stop()
    page.goto(f"{app.url}/history")
    expect(page.get_by_text("The database is unavailable, and this page needs it.")).to_be_visible()
    server.start()
    expect(page.get_by_text("You have not drawn anything yet")).to_be_visible()
