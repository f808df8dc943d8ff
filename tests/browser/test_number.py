"""A whole number, written on the wide canvas or uploaded: each digit is read, corrected and kept by itself.

Covers src/app_pages: number_answer, number_desk, number_pad, number_upload, whole_number.
"""

from __future__ import annotations

import re

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from support.accessibility import violations
from support.digits import DIGITS
from support.hand import Stroke, answer, at_rest, digit_button, draw, open_page, rows_of, toast, unmoving, visitor_of
from support.pictures import png, zero
from support.running_app import RunningApp, wait_until

ZERO, ONE, FOUR, SEVEN = DIGITS[0][1], DIGITS[3][1], DIGITS[9][1], DIGITS[15][1]


def wide_canvas(page: Page) -> Locator:
    return page.locator("[class*=st-key-number-canvas-] canvas.upper-canvas")


def open_number(page: Page, app: RunningApp) -> None:
    open_page(page, app.url)
    at_rest(page)
    page.get_by_role("tab", name="Number").click()
    expect(wide_canvas(page)).to_have_count(1)
    expect(page.get_by_text("Write a number")).to_be_visible()
    at_rest(page)


def placed(strokes: list[Stroke], place: int, of: int = 4) -> list[Stroke]:
    """A digit at one of so many places beside each other, in parts of the wide canvas or picture."""
    return [[((place + x) / of, y) for x, y in stroke] for stroke in strokes]


def write(page: Page, *digits: list[Stroke]) -> None:
    for place, strokes in enumerate(digits):
        draw(page, placed(strokes, place), wide_canvas(page))


def expect_text(page: Page, text: str) -> None:
    expect(page.get_by_test_id("text")).to_have_text(text)
    at_rest(page)


def digits(page: Page) -> Locator:
    """The buttons below the number, one for each digit."""
    return page.get_by_role("list", name="Digits").get_by_role("button")


def labels(app: RunningApp, page: Page) -> list[tuple[int, int | None]]:
    """What was read and said, in the order in which the digits were drawn."""
    return [row[:2] for row in rows_of(app, page)]


def test_each_digit_is_corrected_by_itself_and_the_number_follows(app: RunningApp, page: Page) -> None:
    open_number(page, app)
    write(page, ONE, ZERO, SEVEN)
    expect_text(page, "107")
    digits(page).nth(1).click()
    expect(page.get_by_test_id("says")).to_contain_text("sure")
    digit_button(page, 6).click()
    expect(toast(page, "Saved: that was a 6. Thank you!")).to_be_visible()
    expect_text(page, "167")
    assert [row[1:] for row in labels(app, page)] == [(None,), (6,), (None,)]
    toast(page, "Saved").get_by_role("button", name="Undo").click()
    expect_text(page, "107")
    assert [row[1] for row in labels(app, page)] == [None, None, None]

    digits(page).nth(2).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("n")
    expect(toast(page, "Saved: that was not a digit.")).to_be_visible()
    expect_text(page, "10")
    draw(page, placed(ZERO, 3), wide_canvas(page))
    expect_text(page, "100")
    page.keyboard.press("Backspace")
    expect_text(page, "10")
    kept = "SELECT not_a_digit FROM predictions WHERE visitor = %s ORDER BY id"
    wait_until(lambda: len(rows_of(app, page)) == 3, what="the row of the digit that was undone to go")
    assert app.sql(kept, visitor_of(page)) == [(False,), (False,), (True,)], "the label stays with its ink"


def test_a_digit_that_gets_another_stroke_is_the_same_row_without_the_label_it_had(app: RunningApp, page: Page) -> None:
    open_number(page, app)
    first, second = placed(FOUR, 1)
    draw(page, [first], wide_canvas(page))
    expect(digits(page)).to_have_count(1)
    at_rest(page)
    page.keyboard.press("6")
    expect_text(page, "6")
    expect(digits(page)).to_contain_text("was")
    page.keyboard.press("7")
    expect_text(page, "7")
    assert [row[1] for row in rows_of(app, page)] == [7]
    toast(page, "that was a 7.").get_by_role("button", name="Undo").click()
    expect_text(page, "6")
    assert [row[1] for row in rows_of(app, page)] == [6]
    draw(page, [second], wide_canvas(page))
    expect_text(page, "4")
    wait_until(lambda: labels(app, page) == [(4, None)], what="the row of the whole digit, without a label")


def test_a_number_is_back_after_another_tab_a_reload_and_a_slip(app: RunningApp, page: Page) -> None:
    open_number(page, app)
    write(page, ONE, FOUR)
    expect_text(page, "14")
    page.get_by_role("tab", name="Draw").click()
    expect(wide_canvas(page)).to_have_count(0)
    page.get_by_role("tab", name="Number").click()
    expect_text(page, "14")
    digits(page).first.click()
    page.keyboard.press("7")
    expect_text(page, "74")
    wait_until(lambda: labels(app, page) == [(1, 7), (4, None)], what="the label in the database")
    page.reload()
    at_rest(page)
    page.get_by_role("tab", name="Number").click()
    expect_text(page, "74")
    tools = page.locator(".st-key-number-tools")
    tools.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Write a number")).to_be_visible()
    toast(page, "Cleared.").get_by_role("button", name="Undo").click()
    expect_text(page, "74")
    assert [row[0] for row in rows_of(app, page)] == [1, 4], "no digit has a second row"


def test_a_digit_that_was_deleted_in_the_list_is_not_kept_again(app: RunningApp, page: Page) -> None:
    open_number(page, app)
    write(page, ONE, FOUR)
    expect_text(page, "14")
    digits(page).first.click()
    page.keyboard.press("1")
    expect(toast(page, "Saved: that was a 1.")).to_be_visible()
    expect(page.get_by_role("button", name="Change")).to_have_count(2)
    at_rest(page)
    page.get_by_role("button", name="Change").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    at_rest(page)
    draw(page, placed(ZERO, 2), wide_canvas(page))
    expect_text(page, "140")
    wait_until(lambda: [row[0] for row in rows_of(app, page)] == [1, 0], what="the row of the next digit")


def upload(page: Page, data: bytes) -> None:
    file: FilePayload = {"name": "number.png", "mimeType": "image/png", "buffer": data}
    at_rest(page)
    page.locator("input[type=file]").set_input_files(files=[file])


def written(*numerals: list[Stroke]) -> bytes:
    """A picture of digits beside each other."""
    picture = Image.new("L", (160 * len(numerals), 200), 255)
    pen = ImageDraw.Draw(picture)
    for place, strokes in enumerate(numerals):
        for stroke in placed(strokes, place, len(numerals)):
            pen.line([(x * picture.width, y * picture.height) for x, y in stroke], fill=0, width=12, joint="curve")
    return png(picture)


def boxes(page: Page) -> Locator:
    return page.locator(".scene").get_by_role("button")


def test_a_picture_of_several_digits_has_a_box_around_each(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    page.get_by_role("tab", name="Upload").click()
    upload(page, written(ONE, ZERO, SEVEN, FOUR))
    expect(page.get_by_text("These are several digits.")).to_be_visible()
    expect_text(page, "1074")
    picture, around = page.locator(".scene").bounding_box(), boxes(page).nth(1).bounding_box()
    assert picture is not None
    assert around is not None
    middle = (around["x"] + around["width"] / 2 - picture["x"]) / picture["width"]
    assert middle == pytest.approx(1.5 / 4, abs=0.02)
    boxes(page).nth(1).click()
    digit_button(page, 6).click()
    expect(toast(page, "Saved: that was a 6. Thank you!")).to_be_visible()
    expect_text(page, "1674")
    expect(boxes(page).nth(1)).to_have_accessible_name(re.compile("^Digit 2 of 4: read as 0, .* you said a 6$"))
    said = [(row[0], row[1], row[3]) for row in rows_of(app, page)]
    assert said == [(1, None, "upload"), (0, 6, "upload"), (7, None, "upload"), (4, None, "upload")]

    upload(page, png(zero()))
    assert answer(page, 1) == 0
    expect(boxes(page)).to_have_count(0)
    upload(page, b"Dear Sir or Madam")
    expect(page.get_by_role("alert").filter(has_text="This is not a picture")).to_be_visible()


def test_on_a_phone_in_the_dark_all_of_it_is_on_the_screen(app: RunningApp, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    open_number(page, app)
    assert violations(page) == []
    write(page, ONE, ZERO, SEVEN, FOUR)
    expect_text(page, "1074")
    digits(page).nth(3).click()
    unmoving(page)
    parts = [
        wide_canvas(page),
        page.get_by_test_id("text"),
        *digits(page).all(),
        page.get_by_role("button", name="Yes, a 4"),
    ]
    for part in [*parts, digit_button(page, 9)]:
        box = part.bounding_box()
        assert box is not None
        assert box["x"] >= 0 <= box["y"]
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= 740
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
    page.get_by_role("tab", name="Upload").click()
    upload(page, written(ONE, ZERO, SEVEN, FOUR))
    expect(boxes(page)).to_have_count(4)
    boxes(page).nth(3).click()
    unmoving(page)
    assert violations(page) == []
    context.close()


def test_each_digit_says_why_it_is_read_as_it_is(app: RunningApp, page: Page) -> None:
    open_number(page, app)
    write(page, ONE, FOUR)
    expect_text(page, "14")
    sheet = page.get_by_role("dialog", name="Why?")
    for place, digit in enumerate((1, 4)):
        digits(page).nth(place).click()
        page.get_by_role("button", name="Why?").click()
        expect(sheet.get_by_role("heading")).to_have_text(f"Why {digit}?")
        expect(sheet.locator(".seen img")).to_be_visible()
        assert not violations(page)
        page.keyboard.press("7")
        sheet.get_by_role("button", name="Close").click()
        expect(sheet).to_be_hidden()
    assert [row[1] for row in labels(app, page)] == [None, None], "the sheet swallows the keys"


def test_a_digit_of_an_uploaded_number_says_why_too(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    page.get_by_role("tab", name="Upload").click()
    upload(page, written(SEVEN, ONE))
    expect_text(page, "71")
    boxes(page).nth(0).click()
    page.get_by_role("button", name="Why?").click()
    expect(page.get_by_role("dialog", name="Why?").get_by_role("heading")).to_have_text("Why 7?")
