"""A hand at the mouse: finds the canvas on the Draw page, draws strokes on it, and reads the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

from gateway.visitors import COOKIE
from learning.classes import in_words
from support.running_app import RunningApp, wait_until

Stroke = Sequence[tuple[float, float]]


def open_page(page: Page, url: str) -> None:
    """Open the Draw page and wait until it can be drawn on."""
    page.goto(url)
    expect(page.get_by_role("heading", name="Draw a digit")).to_be_visible()
    expect(canvas(page)).to_be_visible()


def visitor_of(page: Page) -> str:
    """The hash under which this visitor's rows are kept."""
    value = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"].endswith(COOKIE))
    return hashlib.sha256(f"cookie:{value}".encode()).hexdigest()


# Its script has ended, and what it sent has been shown: nothing was added for a moment.
REST = """() => {
    const script = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState
    const now = performance.now(), size = document.body.innerHTML.length
    if (window.lately?.size != size || script != "notRunning") window.lately = {size, since: now}
    return now - window.lately.since > 150
}"""


def at_rest(page: Page) -> None:
    """Wait until the page has come whole: what is pressed earlier may still find a button of the page before it."""
    page.wait_for_function(REST)


def unmoving(page: Page) -> None:
    """Wait until nothing fades in any more: what does is paler for a moment."""
    at_rest(page)
    page.wait_for_function("() => document.getAnimations().every(each => each.playState != 'running')")


def canvas(page: Page) -> Locator:
    return page.locator("canvas.upper-canvas")


def ink(page: Page) -> int:
    """How many pixels of the canvas are dark."""
    count = """canvas => {
        const all = [...canvas.parentElement.querySelectorAll("canvas")].map(one =>
            one.getContext("2d").getImageData(0, 0, one.width, one.height).data)
        return Math.max(...all.map(data => data.filter((value, i) => i % 4 == 3 && value > 128
            && data[i - 1] + data[i - 2] + data[i - 3] < 200).length))
    }"""
    return int(canvas(page).evaluate(count))


def draw(page: Page, strokes: Sequence[Stroke], on: Locator | None = None) -> None:
    """Draw strokes, in parts of the width and height (0 to 1) of the canvas, or of the one they are to be `on`."""
    paper = on or canvas(page)
    paper.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")  # not below the page's fixed head
    box = paper.bounding_box()
    assert box is not None
    for stroke in strokes:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def answer(page: Page, strokes: int) -> int:
    """The digit on the page, once it is the answer to that many strokes, and the page's script has said so too."""
    digit = page.locator(f'[data-testid="digit"][data-strokes="{strokes}"]')
    expect(digit).to_be_visible()
    at_rest(page)
    return int(digit.get_attribute("data-digit") or "-1")


def say(page: Page, label: int) -> None:
    """Click on the right digit, and wait for the new, empty canvas."""
    with new_canvas(page):
        press_digit(page, label)


def press_digit(page: Page, label: int) -> None:
    digit_button(page, label).click()


def digit_button(page: Page, label: int) -> Locator:
    return page.get_by_role("button", name=f"It is {in_words(label)}", exact=True).first


@contextmanager
def new_canvas(page: Page) -> Iterator[None]:
    """What is done meanwhile must bring an empty canvas: a new one in the old one's place, or the same."""
    drawn = page.locator('[data-testid="digit"]:not([data-strokes="0"])')
    expect(drawn).to_be_visible()
    yield
    expect_empty(page)


def expect_empty(page: Page) -> None:
    expect_empty_answer(page)
    expect(canvas(page)).to_have_count(1)  # for a moment the last one may still be there
    wait_until(lambda: ink(page) == 0, 30, "an empty canvas")


def expect_empty_answer(page: Page, prompt: str = "Draw a digit") -> None:
    expect(page.locator('[data-testid="digit"][data-strokes="0"]')).to_be_visible()
    expect(page.get_by_test_id("says")).to_have_text(prompt)


def toast(page: Page, text: str) -> Locator:
    """What the page says for a moment."""
    return page.locator(".toast").filter(has_text=text)


def rows_of(app: RunningApp, page: Page) -> list[tuple[int, int | None, bytes, str]]:
    """A visitor's rows in the order of their drawings: predicted, true label, picture, source."""
    return app.sql(
        "SELECT predicted_digit, true_label, image, source FROM predictions WHERE visitor = %s ORDER BY id",
        visitor_of(page),
    )
