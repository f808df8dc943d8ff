"""The page learns a hand: a one that everybody's model reads as a seven, corrected, read right, and forgotten again.

Covers src/app_pages: hand.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from support.hand import Stroke, answer, at_rest, draw, open_page, say, toast, visitor_of
from support.running_app import RunningApp, wait_until


def hooked_one(number: int) -> list[Stroke]:
    """A one with a long hook, in parts of the canvas, each time a little different."""
    shift = 0.01 * (number % 4)
    return [[(0.24 + shift, 0.25), (0.36 + shift, 0.22), (0.48 + shift, 0.2), (0.46 + shift, 0.5), (0.44 + shift, 0.8)]]


SEVEN: list[Stroke] = [[(0.2, 0.2), (0.5, 0.2), (0.75, 0.22), (0.6, 0.5), (0.45, 0.85)]]


def read(page: Page, strokes: list[Stroke]) -> int:
    """Draw on an empty canvas; the digit on the page."""
    draw(page, strokes)
    return answer(page, 1)


def corrected(page: Page, label: int, number: int) -> None:
    read(page, hooked_one(number))
    say(page, label)


def test_the_page_learns_a_hand_says_so_turns_it_off_and_forgets_it(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    assert read(page, hooked_one(0)) == 7
    expect(page.get_by_test_id("hand")).to_be_hidden()
    expect(page.get_by_text("Your hand")).to_have_count(0)
    say(page, 1)
    expect(page.get_by_text("Learned from one of your drawings, for you alone.")).to_be_visible()
    corrected(page, 1, 1)

    assert read(page, hooked_one(2)) == 1
    note = page.get_by_test_id("hand")
    expect(note).to_contain_text("Learned from 2 of your drawings.")
    expect(note).to_contain_text("everybody's model says 7.")

    switch = page.get_by_role("switch", name="Adapt to my hand")
    page.get_by_text("Adapt to my hand", exact=True).click()
    expect(page.get_by_test_id("digit")).to_have_text("7")
    expect(note).to_be_hidden()
    expect(switch).not_to_be_checked()
    at_rest(page)
    page.reload()
    expect(page.get_by_role("switch", name="Adapt to my hand")).not_to_be_checked()
    assert answer(page, 1) == 7, "it stays off, and the drawing stays"
    at_rest(page)
    page.get_by_text("Adapt to my hand", exact=True).click()
    expect(page.get_by_test_id("digit")).to_have_text("1")
    at_rest(page)
    page.get_by_role("button", name="Forget my hand").click()
    expect(page.get_by_text("Learned from 2 of your drawings, for you alone.")).to_be_visible()
    page.get_by_role("button", name="Yes, forget it").click()
    expect(page.get_by_test_id("digit")).to_have_text("7")
    expect(page.get_by_role("heading", name="Your hand")).to_have_count(0)
    assert app.sql("SELECT count(*) FROM predictions WHERE visitor = %s", visitor_of(page)) == [(3,)], "drawings stay"


def test_what_it_says_of_the_last_drawings_was_not_fitted_to_them(app: RunningApp, page: Page) -> None:
    """Three ones and three sevens: without the personal model, only the sevens are read."""
    open_page(page, app.url)
    for number in range(3):
        corrected(page, 1, number)
        read(page, SEVEN)
        say(page, 7)
    expect(
        page.get_by_text("Of your last 6 drawings it reads 6 right; without your labels it would be 3.")
    ).to_be_visible()
    assert read(page, SEVEN) == 7, "a seven stays one"


def test_a_deleted_drawing_is_unlearned(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    for number in range(2):
        corrected(page, 1, number)
    expect(page.get_by_text("Learned from 2 of your drawings")).to_be_visible()
    for left in ("Learned from one of your drawings", None):
        at_rest(page)
        page.get_by_role("button", name="Change").first.click()
        page.get_by_role("button", name="Delete").click()
        if left:
            expect(page.get_by_text(left)).to_be_visible()
    expect(page.get_by_role("heading", name="Your hand")).to_have_count(0)
    toast(page, "Deleted.").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Learned from one of your drawings")).to_be_visible()
    assert read(page, hooked_one(2)) == 1, "with the drawing its lesson comes back"


def test_a_label_changed_in_the_list_is_learned(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    for number in range(2):
        corrected(page, 7, number)
    assert read(page, hooked_one(2)) == 7
    page.get_by_role("button", name="Clear").click()
    for number in range(2):
        at_rest(page)
        page.get_by_role("button", name="Change").nth(number).click()
        page.get_by_role("dialog").get_by_role("button", name="1", exact=True).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    wait_until(
        lambda: (
            app.sql("SELECT count(*) FROM predictions WHERE visitor = %s AND true_label = 1", visitor_of(page))
            == [(2,)]
        ),
        what="the labels",
    )
    at_rest(page)
    assert read(page, hooked_one(3)) == 1
