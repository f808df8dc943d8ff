"""What a first visitor stumbled over: buttons that moved, words that came back, a connection that was gone unnoticed.

Covers src/app_pages: draw, answer.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from support.digits import DIGITS
from support.hand import answer, canvas, digit_button, draw, ink, open_page, rows_of, say, toast, unmoving
from support.running_app import RunningApp

SIZES = [(360, 740), (1280, 900)]


@pytest.mark.parametrize("size", SIZES)
def test_the_buttons_stay_where_they_are_once_a_hand_is_known(
    app: RunningApp, page: Page, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_page(page, app.url)
    unmoving(page)
    places = [[digit_button(page, digit).bounding_box() for digit in (0, 9)]]
    for label, strokes in (DIGITS[0], DIGITS[15]):
        draw(page, strokes)
        answer(page, len(strokes))
        places.append([digit_button(page, digit).bounding_box() for digit in (0, 9)])
        assert bool(page.get_by_test_id("hand").text_content()) == (len(places) == 3)
        say(page, label)
    assert places[1] == places[0]
    assert places[2] == places[0]


def test_what_was_said_on_the_page_before_is_not_said_again(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    say(page, 0)
    expect(toast(page, "Saved: that was a 0.")).to_be_visible()
    page.get_by_role("link", name="About").click()
    expect(canvas(page)).to_have_count(0)
    page.get_by_role("link", name="Draw").click()
    expect(canvas(page)).to_be_visible()
    expect(page.locator(".toast")).to_be_hidden()
    draw(page, DIGITS[0][1])
    answer(page, 1)
    expect(page.locator(".toast")).to_be_hidden()
    assert [row[1] for row in rows_of(app, page)] == [0, None]


def test_a_lost_connection_is_said_and_the_drawing_is_read_when_it_is_back(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    page.context.set_offline(True)
    draw(page, DIGITS[15][1])
    expect(page.get_by_role("alert").filter(has_text="No connection.")).to_be_visible()
    red = page.locator(".dot").evaluate("node => getComputedStyle(node).backgroundColor")
    assert red == "rgb(211, 63, 63)"
    page.context.set_offline(False)
    expect(page.get_by_test_id("digit")).to_have_text("7")
    expect(page.get_by_text("No connection.")).to_be_hidden()
    assert ink(page) > 0


@pytest.mark.parametrize("keys", ["Backspace", "Control+z"])
def test_a_key_takes_back_a_stroke_and_on_an_empty_canvas_what_was_said(app: RunningApp, page: Page, keys: str) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[9][1])
    answer(page, 2)
    page.keyboard.press(keys)
    answer(page, 1)
    say(page, 1)
    expect(toast(page, "Saved: that was a 1.")).to_be_visible()
    page.keyboard.press(keys)
    answer(page, 1)
    assert [row[1] for row in rows_of(app, page)] == [None]


def test_on_a_phone_on_its_side_there_is_room_to_draw(app: RunningApp, page: Page) -> None:
    page.set_viewport_size({"width": 740, "height": 360})
    open_page(page, app.url)
    box = canvas(page).bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 200
    assert box["y"] + box["height"] <= 360


def test_what_is_wrong_is_said_between_the_answer_and_its_buttons(app: RunningApp, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_page(page, app.url)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    page.context.set_offline(True)
    draw(page, DIGITS[0][1])
    said = page.get_by_role("alert").filter(has_text="No connection.")
    expect(said).to_be_visible()
    tops = [
        each.bounding_box() for each in (page.get_by_test_id("digit"), said, page.get_by_role("button", name="Yes"))
    ]
    heights = [box["y"] for box in tops if box]
    assert heights == sorted(heights)
    none = page.get_by_role("button", name="Not a digit").bounding_box()
    assert none is not None
    assert none["y"] == heights[-1], "beside each other"
    page.context.set_offline(False)
