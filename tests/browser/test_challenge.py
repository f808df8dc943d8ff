"""The challenge on the page: ten digits are asked for, drawn, counted and kept with their labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from support.accessibility import violations
from support.digits import DIGITS
from support.hand import answer, at_rest, digit_button, draw, open_page, rows_of, toast, unmoving
from support.running_app import RunningApp

STROKES = dict(reversed(DIGITS))


@pytest.fixture
def challenged(app: RunningApp, page: Page) -> Iterator[Page]:
    open_page(page, app.url)
    page.get_by_role("button", name="Challenge: ten digits").click()
    expect(page.get_by_text("Challenge: 0 of 10 drawn")).to_be_visible()
    yield page


def asked(page: Page) -> int:
    prompt = page.get_by_test_id("says")
    expect(prompt).to_have_text(re.compile(r"Draw an? \d"))
    return int((prompt.text_content() or "")[-1])


def done(page: Page, label: int, drawn: int | None = None) -> None:
    """Draw the digit, or another one in its place, and say that it is drawn."""
    strokes = STROKES[label if drawn is None else drawn]
    draw(page, strokes)
    answer(page, len(strokes))
    with next_one(page):
        page.get_by_role("button", name=re.compile("^Done, an? ")).click()


@contextmanager
def next_one(page: Page) -> Iterator[None]:
    """What is done meanwhile must bring the next, empty canvas."""
    old = page.locator("[class*=st-key-canvas-]").get_attribute("class") or ""
    key = next(name for name in old.split() if name.startswith("st-key-canvas-"))
    yield
    expect(page.locator(f".{key}")).to_have_count(0)
    expect(page.locator('[data-testid="digit"][data-strokes="0"]')).to_be_visible()


def test_ten_digits_are_drawn_counted_and_kept(app: RunningApp, challenged: Page) -> None:
    page = challenged
    labels = []
    for turn in range(10):
        labels.append(asked(page))
        wrong = (labels[-1] + 1) % 10 if turn == 4 else None
        done(page, labels[-1], wrong)
        if turn < 9:
            expect(page.get_by_text(f"Challenge: {turn + 1} of 10 drawn")).to_be_visible()
    assert sorted(labels) == list(range(10))
    expect(page.get_by_role("heading", name="9 of 10 read right")).to_be_visible()
    expect(page.get_by_role("img", name=f"Your {labels[4]}, read as")).to_be_visible()
    assert [row[1] for row in rows_of(app, page)] == labels
    unmoving(page)
    assert violations(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).last.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Challenge: ten digits")).to_be_visible()
    expect(page.get_by_test_id("says")).to_have_text("Draw a digit")

    page.get_by_role("tab", name="Number").click()
    at_rest(page)
    page.get_by_role("button", name="Challenge: ten digits").click()
    expect(page.get_by_test_id("says")).to_have_text(re.compile(r"^Draw an? \d$"))  # where that can be drawn


def test_only_what_was_asked_for_is_a_label_and_it_can_be_taken_back(app: RunningApp, challenged: Page) -> None:
    page = challenged
    unmoving(page)
    assert violations(page) == []
    label = asked(page)
    draw(page, STROKES[label])
    answer(page, len(STROKES[label]))
    expect(digit_button(page, (label + 1) % 10)).to_be_disabled()
    page.keyboard.press(str((label + 1) % 10))
    page.keyboard.press("n")
    with next_one(page):
        page.keyboard.press("Enter")
    expect(page.get_by_text("Challenge: 1 of 10 drawn, 1 read right")).to_be_visible()
    assert [row[1] for row in rows_of(app, page)] == [label]
    toast(page, "so far").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Challenge: 0 of 10 drawn")).to_be_visible()
    answer(page, len(STROKES[label]))
    assert [row[1] for row in rows_of(app, page)] == [None]
    page.get_by_role("button", name="Stop").click()
    expect(digit_button(page, 3)).to_be_enabled()


@pytest.mark.parametrize("size", [(360, 740), (390, 844)])
def test_on_a_phone_it_goes_on_without_a_scroll(challenged: Page, size: tuple[int, int]) -> None:
    page = challenged
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop = 0")
    label = asked(page)
    draw(page, STROKES[label])
    answer(page, len(STROKES[label]))
    button = page.get_by_role("button", name=re.compile("^Done, an? "))
    box = button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= size[1]
    assert box["height"] >= 44
