"""Why?: a sheet over the page that says which ink spoke for the answer, and shows nobody else's drawings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from support.digits import DIGITS, turned
from support.hand import answer, at_rest, canvas, draw, expect_empty_answer, ink, new_canvas, open_page, rows_of, say
from support.pictures import png, zero
from support.running_app import RunningApp

SCRIBBLE = [[(0.1 + 0.8 * (n % 2), 0.1 + 0.04 * n) for n in range(20)]]
COLOURS = """picture => {
    const brush = document.createElement("canvas").getContext("2d")
    brush.drawImage(picture, 0, 0)
    const data = brush.getImageData(0, 0, 28, 28).data
    const inked = [...Array(784).keys()].map(n => data.slice(4 * n, 4 * n + 4)).filter(pixel => pixel[3] > 60)
    return [inked.filter(p => p[2] - p[0] > 40).length, inked.filter(p => p[0] - p[2] > 40).length]
}"""


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def why(page: Page) -> Locator:
    return page.get_by_role("button", name="Why?")


def opened(page: Page) -> Locator:
    """The sheet, once it has been told why."""
    why(page).click()
    sheet = page.get_by_role("dialog", name="Why?")
    expect(sheet).to_be_visible()
    expect(sheet.locator(".seen img")).to_be_visible()
    return sheet


def colours(sheet: Locator) -> tuple[int, int]:
    """How many pixels of ink are blue, and how many orange."""
    blue, orange = sheet.locator(".seen img").evaluate(COLOURS)
    return blue, orange


def test_the_sheet_shows_which_ink_spoke_for_the_answer(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    expect(why(page)).to_have_count(0)
    strokes = turned(DIGITS[9][1], -20)
    draw(page, strokes)
    assert answer(page, 2) == 4
    sheet = opened(page)
    expect(sheet.get_by_role("heading")).to_have_text("Why 4?")
    blue, orange = colours(sheet)
    assert blue > orange > 0, "it is sure of it, though one end of a stroke speaks against it"
    expect(sheet.locator(".legend")).to_contain_text("Blue ink speaks for 4")
    expect(sheet).to_contain_text("Next: ")
    expect(sheet).to_contain_text("The first stroke spoke for 4: without it, it reads 1.")
    expect(sheet).to_contain_text("None of your drawings has a label yet.")


@pytest.mark.parametrize("way", ["escape", "button", "keyboard"])
def test_what_closes_the_sheet_leaves_the_drawing(app: RunningApp, page: Page, way: str) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    drawn = ink(page)
    sheet = opened(page)
    page.keyboard.press("3")
    if way == "escape":
        page.keyboard.press("Escape")
    elif way == "button":
        sheet.get_by_role("button", name="Close").click()
    else:
        page.keyboard.press("Enter")
    expect(sheet).to_be_hidden()
    at_rest(page)
    assert answer(page, 1) == 7, "neither labelled nor cleared"
    assert ink(page) == drawn
    expect(why(page)).to_be_focused()
    assert [row[:2] for row in rows_of(app, page)] == [(7, None)]
    with new_canvas(page):
        page.keyboard.press("Escape")
    expect(why(page)).to_have_count(0)


def test_it_shows_ones_own_labelled_drawings_and_nobody_elses(app: RunningApp, page: Page, phone: Page) -> None:
    for somebody, strokes, label in ((phone, DIGITS[15][1], 7), (page, DIGITS[4][1], 1), (page, DIGITS[9][1], 4)):
        open_page(somebody, app.url)
        draw(somebody, strokes)
        answer(somebody, len(strokes))
        say(somebody, label)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    sheet = opened(page)
    expect(sheet.locator(".likenesses li")).to_have_count(2)
    assert sorted(sheet.locator(".likenesses li").all_inner_texts()) == ["1", "4"]
    expect(sheet.get_by_role("img", name="Your drawing of")).to_have_count(2)


def test_what_is_no_digit_says_why_it_is_none(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, SCRIBBLE)
    answer(page, 1)
    sheet = opened(page)
    expect(sheet.get_by_role("heading")).to_have_text("Why is it no digit?")
    expect(sheet).to_contain_text("Its digit score is under 1 %")
    blue, orange = colours(sheet)
    assert orange > blue


def test_an_uploaded_picture_is_explained(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    page.get_by_role("tab", name="Upload").click()
    file: FilePayload = {"name": "zero.png", "mimeType": "image/png", "buffer": png(zero())}
    at_rest(page)
    page.locator("input[type=file]").set_input_files(files=[file])
    assert answer(page, 1) == 0
    expect(opened(page).get_by_role("heading")).to_have_text("Why 0?")


def test_without_the_app_the_sheet_says_so(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    page.route("**/api/why", lambda route: route.abort())
    why(page).click()
    sheet = page.get_by_role("dialog", name="Why?")
    expect(sheet).to_contain_text("The app cannot be reached: ask again in a moment.")
    expect(sheet.locator(".told")).to_be_hidden()


def test_on_a_phone_the_button_is_large_enough_and_the_sheet_fits(app: RunningApp, phone: Page) -> None:
    open_page(phone, app.url)
    draw(phone, SCRIBBLE)
    answer(phone, 1)
    for target in (canvas(phone), why(phone), phone.locator(".yes"), *phone.locator(".bars button").all()):
        expect(target).to_be_in_viewport(ratio=0.99)
    box = why(phone).bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    sheet = opened(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    assert sheet.evaluate("sheet => sheet.scrollWidth <= sheet.clientWidth")
    close = sheet.get_by_role("button", name="Close")
    expect(close).to_be_in_viewport(ratio=0.99)
    close.tap()
    expect(sheet).to_be_hidden()


# --- Where the models differ ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [True, False])
def test_where_the_linear_model_reads_something_else_the_answer_says_so_by_both_ways(
    app: RunningApp, page: Page, route: bool
) -> None:
    if not route:
        page.route("**/api/strokes", lambda route: route.abort())
    open_page(page, app.url)
    detail = page.locator(".detail")
    draw(page, turned(DIGITS[9][1], -20))
    assert answer(page, 2) == 4
    expect(detail).to_have_text("The linear model reads 9.")
    page.get_by_text("Linear ·").click()
    expect(detail).to_have_text("The CNN model reads 4.")
    with new_canvas(page):
        page.locator(".st-key-tools").get_by_role("button", name="Clear").click()
    expect_empty_answer(page)
    draw(page, DIGITS[15][1])
    assert answer(page, 1) == 7
    expect(detail).to_have_text("")
