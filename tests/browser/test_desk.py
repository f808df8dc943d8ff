"""The desk: the answer under the pen, one screen on a phone, keys, and what a slip or a reload must not lose.

Covers src/app_pages: draw, board, answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from support.digits import DIGITS
from support.hand import (
    Stroke,
    answer,
    at_rest,
    canvas,
    digit_button,
    draw,
    expect_empty_answer,
    ink,
    new_canvas,
    open_page,
    rows_of,
    say,
    toast,
    visitor_of,
)
from support.pictures import png, zero
from support.running_app import RunningApp, wait_until

SMALLEST_TARGET = 44  # CSS pixels


# --- While the pen moves ----------------------------------------------------------------------------------------------


def test_an_answer_comes_while_the_pen_is_still_down_and_is_not_kept(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    box = canvas(page).bounding_box()
    assert box is not None
    (stroke,) = DIGITS[15][1]
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.wait_for_timeout(150)
    page.mouse.move(points[-1][0] + 1, points[-1][1])
    expect(page.get_by_test_id("digit")).to_have_attribute("data-digit", "7")
    expect(page.get_by_test_id("digit")).not_to_have_attribute("data-strokes", "1")
    expect(digit_button(page, 7)).to_be_disabled()
    assert rows_of(app, page) == []
    page.mouse.up()
    assert answer(page, 1) == 7
    wait_until(lambda: [row[0] for row in rows_of(app, page)] == [7], what="the row")


@pytest.mark.parametrize("way", ["refused", "cut off"])
def test_without_the_route_the_script_itself_brings_the_answer(app: RunningApp, page: Page, way: str) -> None:
    refused = '{"detail": "Too many requests."}'
    answer_with = {"status": 429, "content_type": "application/json", "body": refused}
    page.route("**/api/strokes", lambda route: route.fulfill(**answer_with) if way == "refused" else route.abort())
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    assert answer(page, 1) == 7
    say(page, 7)
    assert [row[:2] for row in rows_of(app, page)] == [(7, 7)]


def test_what_the_page_shows_is_what_the_row_says(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    for _, strokes in DIGITS[:6]:
        draw(page, strokes)
        answer(page, len(strokes))
        at_rest(page)
        shown = page.locator(".best .percent").inner_text() if page.locator(".doubt").count() == 0 else ""
        saved = app.sql("SELECT predicted_digit, confidence FROM predictions ORDER BY id DESC LIMIT 1")
        assert int(page.get_by_test_id("digit").get_attribute("data-digit") or -1) == saved[0][0]
        assert shown in ("", "> 99.9\u00a0%", f"{saved[0][1] * 100:.1f}\u00a0%")
        with new_canvas(page):
            page.locator(".st-key-tools").get_by_role("button", name="Clear").click()


def test_a_label_on_an_answer_that_the_script_does_not_know_yet_leaves_the_row_as_it_was_seen(
    app: RunningApp, page: Page
) -> None:
    open_page(page, app.url)
    first, second = DIGITS[9][1]
    draw(page, [first])
    answer(page, 1)
    draw(page, [second])
    page.locator('[data-testid="digit"][data-strokes="2"]').wait_for()
    with new_canvas(page):
        page.keyboard.press("4")
    ((strokes, label),) = app.sql("SELECT strokes, true_label FROM predictions WHERE visitor = %s", visitor_of(page))
    assert (len(json.loads(strokes) if isinstance(strokes, str) else strokes), label) == (2, 4)
    toast(page, "Saved: that was a 4").get_by_role("button", name="Undo").click()
    assert answer(page, 2) == 4, "both strokes are back"


def test_an_upload_follows_the_switch_of_the_hand(app: RunningApp, page: Page) -> None:
    """Read anew, with everybody's model, though the picture is the same."""
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    say(page, 7)
    page.get_by_role("tab", name="Upload").click()
    file: FilePayload = {"name": "zero.png", "mimeType": "image/png", "buffer": png(zero())}
    at_rest(page)
    page.locator("input[type=file]").set_input_files(files=[file])
    assert answer(page, 1) == 0
    expect(page.get_by_test_id("hand")).to_be_visible()
    page.get_by_text("Adapt to my hand", exact=True).click()
    expect(page.get_by_test_id("hand")).to_be_hidden()
    assert answer(page, 1) == 0


# --- One screen on a phone --------------------------------------------------------------------------------------------


@pytest.fixture(params=[(360, 740), pytest.param((390, 844), marks=pytest.mark.full)], ids=str)
def phone(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def touch(page: Page, strokes: list[Stroke]) -> None:
    """Draw with a finger."""
    box = canvas(page).bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)

    def send(kind: str, points: list[tuple[float, float]]) -> None:
        spots = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    for stroke in strokes:
        send("touchStart", [stroke[0]])
        for point in stroke[1:]:
            send("touchMove", [point])
        send("touchEnd", [])
    session.detach()


def test_ten_drawings_are_labelled_on_one_screen_without_a_scroll(app: RunningApp, phone: Page) -> None:
    open_page(phone, app.url)
    assert phone.evaluate("document.documentElement.scrollWidth") <= phone.viewport_size["width"]  # type: ignore[index]
    for label, strokes in DIGITS[:10]:
        touch(phone, list(strokes))
        answer(phone, len(strokes))
        for target in (canvas(phone), *(digit_button(phone, digit) for digit in range(10)), yes(phone)):
            expect(target).to_be_in_viewport(ratio=0.99)
        say(phone, label)
        expect(toast(phone, f"Saved: that was a {label}")).to_be_visible()
        assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
    assert [row[1] for row in rows_of(app, phone)] == [label for label, _ in DIGITS[:10]]


def test_every_target_is_large_enough_for_a_finger(app: RunningApp, phone: Page) -> None:
    open_page(phone, app.url)
    touch(phone, list(DIGITS[0][1]))
    answer(phone, 1)
    tools = phone.locator(".st-key-tools").get_by_role("button").all()
    for target in [yes(phone), none(phone), *tools, *(digit_button(phone, digit) for digit in range(10))]:
        box = target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= SMALLEST_TARGET, target


def test_the_toast_lets_the_pen_through(app: RunningApp, phone: Page) -> None:
    open_page(phone, app.url)
    touch(phone, list(DIGITS[0][1]))
    answer(phone, 1)
    say(phone, 0)
    shown = toast(phone, "Saved")
    expect(shown).to_be_visible()
    assert shown.evaluate("toast => getComputedStyle(toast).pointerEvents") == "none"
    over, below = shown.bounding_box(), canvas(phone).bounding_box()
    assert over is not None
    assert below is not None
    assert over["y"] + over["height"] <= below["y"] + 1, "and does not cover the canvas"


def yes(page: Page):  # type: ignore[no-untyped-def]
    return page.locator(".yes")


def none(page: Page):  # type: ignore[no-untyped-def]
    return page.locator(".none")


# --- Nothing is lost --------------------------------------------------------------------------------------------------


def test_drawing_model_and_brush_survive_a_reload(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    page.get_by_role("radio", name="Broad", exact=True).click()
    page.get_by_text("Linear ·").click()
    at_rest(page)
    draw(page, DIGITS[9][1])
    answer(page, 2)
    page.reload()
    answer(page, 2)
    assert ink(page) > 0
    expect(page.get_by_role("radio", name="Broad", exact=True)).to_be_checked()
    expect(page.get_by_role("radio", name="Linear")).to_be_checked()
    page.locator(".st-key-tools").get_by_role("button", name="Undo").click()
    answer(page, 1)
    wait_until(lambda: len(rows_of(app, page)) == 1, what="one row: it is the same drawing")


def test_drawing_model_and_brush_survive_a_change_of_page(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    page.get_by_role("radio", name="Fine", exact=True).click()
    draw(page, DIGITS[9][1])
    answer(page, 2)
    page.get_by_role("link", name="About").first.click()
    expect(canvas(page)).to_have_count(0)
    page.get_by_role("link", name="Draw").first.click()
    answer(page, 2)
    assert ink(page) > 0
    expect(page.get_by_role("radio", name="Fine", exact=True)).to_be_checked()


def test_clear_can_be_undone(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[9][1])
    answer(page, 2)
    drawn = ink(page)
    with new_canvas(page):
        page.locator(".st-key-tools").get_by_role("button", name="Clear").click()
    toast(page, "Cleared.").get_by_role("button", name="Undo").click()
    answer(page, 2)
    assert ink(page) == pytest.approx(drawn, rel=0.003), "its points are known to a tenth of a pixel"
    wait_until(lambda: len(rows_of(app, page)) == 1, what="one row: it is the same drawing")


def test_a_wrong_tap_on_a_label_can_be_undone(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    say(page, 1)
    toast(page, "Saved: that was a 1").get_by_role("button", name="Undo").click()
    answer(page, 1)
    assert ink(page) > 0
    say(page, 7)
    assert [row[:2] for row in rows_of(app, page)] == [(7, 7)]


def test_the_page_stays_where_it_is_while_the_canvas_is_replaced(app: RunningApp, page: Page) -> None:
    """It followed the recent drawings down, and the next stroke hit a button."""
    open_page(page, app.url)
    for label, strokes in DIGITS[:4]:
        draw(page, strokes)
        answer(page, len(strokes))
        page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop = 0")
        say(page, label)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
    anchoring = "getComputedStyle(document.querySelector('[data-testid=stMain]')).overflowAnchor"
    assert page.evaluate(anchoring) == "none", "what happens on a busy machine alone"


def test_a_second_tap_before_the_first_is_saved_counts_for_nothing(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    with new_canvas(page):
        digit_button(page, 7).evaluate("button => { button.click(); button.click() }")
        digit_button(page, 1).evaluate("button => button.click()")
    assert [row[:2] for row in rows_of(app, page)] == [(7, 7)]


def test_a_drawing_in_progress_is_among_the_recent_ones_at_once(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    expect(page.get_by_role("heading", name="Your recent drawings")).to_be_visible()
    expect(page.get_by_role("button", name="Change")).to_have_count(1)


# --- Keys and screen readers ------------------------------------------------------------------------------------------


def test_keys_label_undo_and_clear(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[9][1])
    answer(page, 2)
    page.keyboard.press("Backspace")
    answer(page, 1)
    with new_canvas(page):
        page.keyboard.press("Escape")
    draw(page, DIGITS[15][1])
    assert answer(page, 1) == 7
    with new_canvas(page):
        page.keyboard.press("Enter")
    expect(toast(page, "Saved: that was a 7")).to_be_visible()
    draw(page, DIGITS[0][1])
    answer(page, 1)
    with new_canvas(page):
        page.keyboard.press("6")
    wait_until(
        lambda: [row[1] for row in rows_of(app, page) if row[1] is not None] == [7, 6], what="both labels, and no other"
    )


@pytest.mark.parametrize("way", ["key", "button"])
def test_undo_right_after_a_stroke_takes_that_stroke_away_and_no_other(app: RunningApp, page: Page, way: str) -> None:
    """The page's script knows of a stroke a quarter of a second after it is read."""
    open_page(page, app.url)
    first, second = DIGITS[9][1]
    draw(page, [first])
    answer(page, 1)
    draw(page, [second])
    page.locator('[data-testid="digit"][data-strokes="2"]').wait_for()
    if way == "key":
        page.keyboard.press("Backspace")
    else:
        page.locator(".st-key-tool-undo button").click()
    answer(page, 1)
    page.locator(".st-key-tool-redo button").click()
    answer(page, 2)


def test_a_sheet_shows_the_keys_and_swallows_them(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    page.keyboard.press("3")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    assert answer(page, 1) == 7, "neither labelled nor cleared"


def test_the_canvas_has_a_role_a_name_and_a_place_in_the_tab_order(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    drawing_area = page.get_by_role("img", name="Canvas: draw one digit here.")
    expect(drawing_area).to_be_visible()
    expect(drawing_area).to_have_attribute("tabindex", "0")


def test_answers_are_announced(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    announced = page.locator(".spoken")
    expect(announced).to_have_attribute("aria-live", "polite")
    expect(announced).to_contain_text("7.")


# --- The component's own toolbar, and certainty -----------------------------------------------------------------------


def test_the_canvas_shows_no_toolbar_of_its_own(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    canvas(page).hover()
    page.wait_for_timeout(400)
    expect(page.locator(".dc-toolbar")).to_be_hidden()


def test_what_is_no_digit_leads_with_that(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    scribble = [(0.1 + 0.8 * (n % 2), 0.1 + 0.04 * n) for n in range(20)]
    draw(page, [scribble])
    answer(page, 1)
    expect(page.get_by_test_id("says")).to_have_text("This does not look like a digit.")
    expect(page.get_by_test_id("digit")).to_have_text("?")
    assert {each.inner_text() for each in page.locator(".bars .percent").all()} == {""}


def test_a_first_visitor_needs_no_words(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    expect_empty_answer(page)
    for digit in range(10):
        expect(digit_button(page, digit)).to_be_disabled()
