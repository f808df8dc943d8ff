"""A visitor sees what is kept of them, downloads it, and deletes all of it, also while the database is away.

Covers src/app_pages: yours.
"""

from __future__ import annotations

import zipfile

from playwright.sync_api import Page, expect

from storage.embedded import EmbeddedServer
from support.digits import DIGITS
from support.hand import answer, at_rest, canvas, draw, ink, open_page, rows_of, say, visitor_of
from support.running_app import RunningApp, wait_until

FOUR = DIGITS[9][1]


def go_to_yours(page: Page) -> None:
    at_rest(page)
    page.get_by_role("link", name="Your data").click()
    expect(page.get_by_role("heading", name="Your data", exact=True)).to_be_visible()
    at_rest(page)


def delete_everything(page: Page) -> None:
    page.get_by_role("button", name="Delete everything of mine").click()
    page.get_by_role("button", name="Yes, delete everything").click()


def test_it_is_shown_downloaded_and_deleted(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, FOUR)
    answer(page, len(FOUR))
    say(page, 4)
    draw(page, FOUR)
    answer(page, len(FOUR))
    expect(page.get_by_text("A drawing without a label is deleted after 90 days")).to_be_visible()
    visitor = visitor_of(page)
    wait_until(lambda: len(rows_of(app, page)) == 2, what="both rows")
    go_to_yours(page)
    expect(page.get_by_role("row", name="drawings 2, the oldest of")).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download everything").click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        assert len([name for name in archive.namelist() if name.startswith("drawings/")]) == 2
    page.get_by_role("button", name="Delete everything of mine").click()
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_role("button", name="Delete everything of mine")).to_be_visible()
    assert len(rows_of(app, page)) == 2, "a second press is needed"
    delete_everything(page)
    expect(page.get_by_text("Everything of yours is deleted.")).to_be_visible()
    expect(page.get_by_role("row", name="kept of you nothing")).to_be_visible()
    assert app.sql("SELECT 1 FROM label_events WHERE who = %s", visitor) == []
    page.goto(app.url)  # a session that knows nothing, in the browser's same tab
    expect(canvas(page)).to_be_visible()
    at_rest(page)
    assert ink(page) == 0, "the browser does not bring the drawing back"
    assert rows_of(app, page) == []


def test_what_waits_to_be_saved_is_deleted_too(separate: tuple[RunningApp, EmbeddedServer], page: Page) -> None:
    app, server = separate
    open_page(page, app.url)
    draw(page, FOUR)
    answer(page, len(FOUR))
    wait_until(lambda: len(rows_of(app, page)) == 1, what="the row")
    server.stop()
    say(page, 4)
    draw(page, FOUR)
    answer(page, len(FOUR))
    go_to_yours(page)
    delete_everything(page)
    expect(page.get_by_text("All of it will be deleted as soon as the database is back.")).to_be_visible()
    server.start()
    expect(page.get_by_role("row", name="kept of you nothing")).to_be_visible()
    wait_until(lambda: "\ndigit_reader_spool_entries 0.0" in app.text("/metrics"), what="the delivery")
    assert rows_of(app, page) == []
