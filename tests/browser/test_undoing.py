"""Whatever the toast says was done, its "Undo" undoes: labels of drawings, of uploads and in the list; a deletion.

Covers src/app_pages: undoing.
"""

from __future__ import annotations

from playwright.sync_api import FilePayload, Page, expect

from support.digits import DIGITS
from support.hand import answer, at_rest, draw, ink, open_page, rows_of, say, toast, visitor_of
from support.pictures import png, zero
from support.running_app import RunningApp

PREVIEW = "Your picture, with the ink that was read outlined"


def labels(app: RunningApp, page: Page) -> list[int | None]:
    return [row[1] for row in rows_of(app, page)]


def undo(page: Page) -> None:
    page.locator(".toast").get_by_role("button", name="Undo").click()


def kept(app: RunningApp, page: Page) -> None:
    """Draw a 0 and say so."""
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    say(page, 0)
    at_rest(page)


def change_to(page: Page, label: int) -> None:
    page.get_by_role("button", name="Change").click()
    page.get_by_role("dialog").get_by_role("button", name=str(label), exact=True).click()
    expect(toast(page, f"Saved: that was a {label}.")).to_be_visible()


def test_a_wrong_label_of_an_upload_is_taken_back_and_its_picture_is_there_again(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    upload_and_call_it_a_6(page)
    page.get_by_role("tab", name="Draw").click()
    undo(page)
    expect(page.get_by_role("img", name=PREVIEW)).to_be_visible()
    assert answer(page, 1) == 0
    assert labels(app, page) == [None]
    page.get_by_role("button", name="Yes, a 0").click()
    expect(toast(page, "Saved: that was a 0.")).to_be_visible()
    assert labels(app, page) == [0], "the same drawing"


def test_undo_right_after_a_tab_shows_the_picture_and_leaves_the_canvas_as_it_was(app: RunningApp, page: Page) -> None:
    """The page's script runs once for both: what it would send of the tabs is what it has sent before."""
    open_page(page, app.url)
    draw(page, DIGITS[7][1])
    seven = answer(page, 1)
    upload_and_call_it_a_6(page)
    at_rest(page)
    tab = page.get_by_role("tab", name="Draw").element_handle()
    button = page.locator(".toast").get_by_role("button", name="Undo").element_handle()
    page.evaluate("([tab, button]) => { tab.click(); button.click() }", [tab, button])
    expect(page.get_by_role("img", name=PREVIEW)).to_be_visible()
    assert answer(page, 1) == 0
    page.get_by_role("tab", name="Draw").click()
    assert answer(page, 1) == seven
    assert ink(page) > 0
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_role("button", name="Redo", exact=True)).to_be_enabled()
    at_rest(page)
    assert ink(page) == 0


def upload_and_call_it_a_6(page: Page) -> None:
    page.get_by_role("tab", name="Upload").click()
    at_rest(page)
    file: FilePayload = {"name": "zero.png", "mimeType": "image/png", "buffer": png(zero())}
    page.locator("input[type=file]").set_input_files(files=[file])
    expect(page.get_by_role("img", name=PREVIEW)).to_be_visible()  # an answer of one stroke may still be the canvas's
    assert answer(page, 1) == 0
    page.get_by_role("button", name="It is a 6", exact=True).click()
    expect(toast(page, "Saved: that was a 6.")).to_be_visible()
    expect(page.get_by_role("img", name=PREVIEW)).to_have_count(0)


def test_a_change_in_the_list_gives_back_the_label_that_was_there(app: RunningApp, page: Page) -> None:
    kept(app, page)
    change_to(page, 6)
    assert labels(app, page) == [6]
    undo(page)
    expect(toast(page, "Taken back.")).to_be_visible()
    assert labels(app, page) == [0]


def test_a_first_label_in_the_list_is_taken_back_whole(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    page.get_by_role("button", name="Clear").click()
    at_rest(page)
    change_to(page, 6)
    undo(page)
    expect(toast(page, "Taken back.")).to_be_visible()
    assert labels(app, page) == [None]


def test_what_an_administrator_has_decided_is_not_said_to_be_taken_back(app: RunningApp, page: Page) -> None:
    kept(app, page)
    app.sql("UPDATE predictions SET reviewer = 'admin' WHERE visitor = %s", visitor_of(page))
    undo(page)
    expect(toast(page, "An administrator has decided on this answer: it stays.")).to_be_visible()
    assert labels(app, page) == [0]


def test_a_drawing_that_is_gone_already_is_not_said_to_be_deleted(app: RunningApp, page: Page) -> None:
    kept(app, page)
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    app.sql("DELETE FROM predictions WHERE visitor = %s", visitor_of(page))
    page.get_by_role("button", name="Delete").click()
    expect(toast(page, "This drawing is no longer there.")).to_be_visible()
    expect(page.get_by_role("heading", name="Your recent drawings")).to_have_count(0)
