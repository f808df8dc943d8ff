"""The main job: draw, get it read, say what it was, find it in PostgreSQL.

Covers src/app_pages: ui, draw, answer, board, recent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from support.digits import DIGITS
from support.hand import (
    answer,
    at_rest,
    canvas,
    draw,
    ink,
    new_canvas,
    open_page,
    press_digit,
    rows_of,
    say,
    toast,
    visitor_of,
)
from support.running_app import RunningApp, wait_until


def test_correct_is_one_click_and_the_canvas_is_empty_again(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    said = answer(page, 1)
    with new_canvas(page):
        page.get_by_role("button", name="Yes, a").click()
    expect(toast(page, f"Saved: that was a {said}")).to_be_visible()
    assert [row[:2] for row in rows_of(app, page)] == [(said, said)]


def test_who_answers_too_fast_is_told_and_keeps_the_drawing(page: Page, tmp_path: Path) -> None:
    app = RunningApp(tmp_path, LABEL_RATE="1").start()
    try:
        open_page(page, app.url)
        draw(page, DIGITS[0][1])
        say(page, answer(page, 1))
        draw(page, DIGITS[0][1])
        said = answer(page, 1)
        at_rest(page)
        press_digit(page, said)
        expect(page.get_by_text("try again in a minute. Your drawing stays here.")).to_be_visible()
        assert ink(page) > 0
        assert [row[1] for row in rows_of(app, page)] == [said, None], "the second label is not kept"
    finally:
        app.stop()


def test_a_second_stroke_belongs_to_the_same_drawing(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    first, second = DIGITS[9][1]
    draw(page, [first])
    answer(page, 1)
    draw(page, [second])
    assert answer(page, 2) == 4
    assert [row[0] for row in rows_of(app, page)] == [4]


def test_a_stroke_that_comes_while_the_first_is_being_read_makes_no_second_row(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    for label, strokes in [digit for digit in DIGITS if len(digit[1]) > 1]:
        for stroke in strokes:
            draw(page, [stroke])
            page.wait_for_timeout(250)  # longer than the canvas waits before it sends
        answer(page, len(strokes))
        say(page, label)
    assert len(rows_of(app, page)) == len([1 for _, strokes in DIGITS if len(strokes) > 1])


def test_another_brush_leaves_the_drawing_as_it_is(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    drawn = ink(page)
    page.get_by_role("radio", name="Broad", exact=True).click()
    at_rest(page)
    assert ink(page) == drawn > 0
    assert answer(page, 1) == 0


def test_undo_and_clear_and_nothing_is_left_over(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[9][1])
    answer(page, 2)
    tools = page.locator(".st-key-tools")
    with same_answer_after(page):
        tools.get_by_role("button", name="Undo").click()
        answer(page, 1)
        tools.get_by_role("button", name="Redo").click()
        answer(page, 2)
    with new_canvas(page):
        tools.get_by_role("button", name="Clear").click()
    draw(page, DIGITS[15][1])
    assert answer(page, 1) == 7
    assert [row[0] for row in rows_of(app, page)] == [4, 7], "a cleared canvas begins a new drawing"


@contextmanager
def same_answer_after(page: Page) -> Iterator[None]:
    before = page.get_by_test_id("digit").inner_text()
    yield
    assert page.get_by_test_id("digit").inner_text() == before


def test_the_other_model_reads_the_same_drawing(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    page.get_by_text("Linear ·").click()
    visitor = visitor_of(page)
    wait_until(
        lambda: app.sql("SELECT model FROM predictions WHERE visitor = %s", visitor) == [("linear",)],
        what="the row of the linear model",
    )


def test_recent_drawings_can_be_relabelled_read_again_and_deleted_by_their_visitor_alone(
    app: RunningApp, page: Page
) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    say(page, 6)
    expect(page.get_by_role("heading", name="Your recent drawings")).to_be_visible()
    page.get_by_role("button", name="Change").click()
    page.get_by_role("dialog").get_by_role("button", name="0", exact=True).click()
    expect(toast(page, "Saved: that was a 0.")).to_be_visible()
    assert [row[1] for row in rows_of(app, page)] == [0]
    events = "SELECT old_label, new_label FROM label_events WHERE who = %s ORDER BY id"
    assert app.sql(events, visitor_of(page)) == [(None, 6), (6, 0)]

    stranger = page.context.browser.new_page()  # type: ignore[union-attr]
    open_page(stranger, app.url)
    expect(stranger.get_by_role("heading", name="Your recent drawings")).to_have_count(0)
    stranger.close()

    page.reload()
    expect(page.get_by_role("heading", name="Your recent drawings")).to_be_visible()
    page.get_by_role("button", name="Change").click()
    page.get_by_role("button", name="Read again").click()
    expect(toast(page, "read again as 0")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Change").click()
    kept = app.sql("SELECT * FROM predictions WHERE visitor = %s", visitor_of(page))
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Your recent drawings")).to_have_count(0)
    assert rows_of(app, page) == []
    toast(page, "Deleted.").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Your recent drawings")).to_be_visible()
    assert app.sql("SELECT * FROM predictions WHERE visitor = %s", visitor_of(page)) == kept


def test_a_damaged_picture_cannot_be_read_again_but_labelled(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    say(page, 0)
    app.sql("UPDATE predictions SET image = 'no picture' WHERE visitor = %s", visitor_of(page))
    page.reload()
    page.get_by_role("button", name="Change").click()
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_role("dialog").get_by_text("The kept picture is damaged")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="6", exact=True).click()
    expect(toast(page, "Saved: that was a 6.")).to_be_visible()


def test_refused_previews_pause_and_the_answer_comes_all_the_same(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    refused: list[float] = []

    def busy(asked: Route) -> None:
        if json.loads(asked.request.post_data or "")["up"]:
            asked.continue_()
        else:
            refused.append(time.monotonic())
            asked.fulfill(status=503, json={"detail": "Too many at once."})

    page.route("**/api/strokes", busy)
    box = canvas(page).bounding_box()
    assert box is not None
    x, y, begin = box["x"] + box["width"] / 2, box["y"] + 60, time.monotonic()
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(x, y + 10 * step)
        page.wait_for_timeout(60)
    seconds = time.monotonic() - begin
    page.mouse.up()
    assert answer(page, 1) == 1
    assert 1 <= len(refused) <= 1 + seconds // 3, "one of three seconds, where there would be four in one"
