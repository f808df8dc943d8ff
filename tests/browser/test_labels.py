"""A label empties the canvas without a run of the page's script, which learns of it later, whatever happens meanwhile.

Covers src/app_pages: answer, draw, pad.
"""

from __future__ import annotations

import re
from threading import Event

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from app_pages.number_pad import TAB
from support.digits import DIGITS
from support.hand import answer, at_rest, canvas, digit_button, draw, expect_empty, ink, open_page, rows_of, say, toast
from support.running_app import RunningApp, wait_until


def drawn(page: Page, digit: int = 0) -> None:
    """Draw a digit, and wait until the page has its answer, which its script need not know."""
    strokes = DIGITS[digit][1]
    draw(page, strokes)
    expect(page.locator(f'[data-testid="digit"][data-strokes="{len(strokes)}"]')).to_be_visible()


def labelled(page: Page, label: int) -> None:
    digit_button(page, label).click()
    expect(toast(page, f"Saved: that was a {label}.")).to_be_visible()
    expect_empty(page)


def labels(app: RunningApp, page: Page) -> list[int | None]:
    return [row[1] for row in rows_of(app, page)]


def undo(page: Page) -> None:
    page.locator(".toast").get_by_role("button", name="Undo").click()


def test_digits_are_labelled_one_after_the_other_without_the_script(app: RunningApp, page: Page) -> None:
    deaf = Event()

    def relay(socket: WebSocketRoute) -> None:
        script = socket.connect_to_server()
        socket.on_message(lambda message: None if deaf.is_set() else script.send(message))

    page.route_web_socket(re.compile("/_stcore/stream"), relay)
    open_page(page, app.url)
    at_rest(page)
    same = canvas(page).element_handle()
    deaf.set()
    for label in (0, 7, 1):
        drawn(page, 15 if label == 7 else 0)
        labelled(page, label)
    assert canvas(page).evaluate("(canvas, same) => canvas === same", same)
    assert labels(app, page) == [0, 7, 1]
    deaf.clear()
    drawn(page)
    expect(page.get_by_role("button", name="Change")).to_have_count(
        4
    )  # the script hears of all, when the pen has rested
    assert ink(page) > 0
    labelled(page, 0)
    assert labels(app, page) == [0, 7, 1, 0]


@pytest.mark.parametrize("rests", [False, True])
def test_a_label_is_taken_back_before_and_after_the_script_knows_of_it(
    app: RunningApp, page: Page, rests: bool
) -> None:
    open_page(page, app.url)
    drawn(page)
    labelled(page, 6)
    drawn(page, 15)
    labelled(page, 7)
    if rests:
        expect(page.get_by_role("button", name="Change")).to_have_count(2)
        at_rest(page)
    undo(page)
    assert answer(page, 1) == 7
    assert ink(page) > 0
    assert labels(app, page) == [6, None]
    say(page, 7)
    assert labels(app, page) == [6, 7]
    undo(page)
    assert answer(page, 1) == 7
    assert labels(app, page) == [6, None]


@pytest.mark.parametrize("lost", ["the question", "the answer", "the app is busy"])
def test_a_label_that_gets_lost_is_saved_by_the_script(app: RunningApp, page: Page, lost: str) -> None:
    def lose(route: Route) -> None:
        if lost == "the answer":
            route.fetch()
        if lost == "the app is busy":
            route.fulfill(status=503, json={"detail": "Later."})
        else:
            route.abort()

    page.route("**/api/said", lose)
    open_page(page, app.url)
    for label in (0, 1):
        drawn(page)
        labelled(page, label)
    assert labels(app, page) == [0, 1]
    expect(page.get_by_role("button", name="Change")).to_have_count(2)
    at_rest(page)
    undo(page)
    answer(page, 1)
    assert labels(app, page) == [0, None]


def test_the_script_goes_on_with_the_page_when_something_else_has_it_run(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    drawn(page)
    labelled(page, 6)
    page.get_by_role("radiogroup").last.get_by_role("radio").last.click()  # another brush
    at_rest(page)
    expect_empty(page)
    drawn(page, 15)
    page.locator(".st-key-tool-undo button").click()
    expect(page.get_by_role("button", name="Redo", exact=True)).to_be_enabled()
    at_rest(page)
    expect_empty(page)
    page.get_by_role("button", name="Redo", exact=True).click()
    assert answer(page, 1) == 7
    say(page, 7)
    assert labels(app, page) == [6, 7]


@pytest.mark.parametrize("where", ["About", "Upload", TAB])
def test_who_looks_elsewhere_right_after_a_label_comes_back_to_an_empty_canvas(
    app: RunningApp, page: Page, where: str
) -> None:
    open_page(page, app.url)
    drawn(page)
    labelled(page, 0)
    if where == "About":
        page.get_by_role("link", name=where).click()
        expect(page.get_by_role("heading", name=where)).to_be_visible()
        page.get_by_role("link", name="Draw").click()
    else:
        page.get_by_role("tab", name=where).click()
        at_rest(page)
        page.get_by_role("tab", name="Draw").click()
    at_rest(page)
    expect_empty(page)
    drawn(page, 15)
    labelled(page, 7)
    wait_until(lambda: labels(app, page) == [0, 7])


def test_a_reload_right_after_a_label_comes_back_to_what_was_drawn_since(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    drawn(page)
    labelled(page, 0)
    drawn(page, 15)
    page.reload()
    assert answer(page, 1) == 7
    assert ink(page) > 0
    assert labels(app, page) == [0, None]
    say(page, 7)
    assert labels(app, page) == [0, 7]
