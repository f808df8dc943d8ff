"""The app is restarted under an open page: its session is gone, and what was drawn is not.

Covers src/app_pages: answer.js, pad.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from support.digits import DIGITS
from support.hand import answer, at_rest, draw, ink, open_page, rows_of, say
from support.running_app import RunningApp, wait_until

NINE, STROKES = DIGITS[9]


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    app = RunningApp(tmp_path_factory.mktemp("mortal")).start()
    yield app
    app.stop()


def restart(app: RunningApp, page: Page) -> None:
    """Kill the app, start it again at the same address, and wait until the page has a session of the new one."""
    app.stop(signal.SIGKILL)
    app.start(port=int(app.url.rsplit(":", 1)[1]))
    wait_until(app.open_pages, what="the page's connection")
    at_rest(page)


@pytest.mark.parametrize("drawings", [0, 1])
def test_a_drawing_is_finished_after_a_restart(page: Page, mortal: RunningApp, drawings: int) -> None:
    """The first one on the page, or a later one: the canvases of both sessions are counted from somewhere."""
    open_page(page, mortal.url)
    page.get_by_role("radio", name="Broad", exact=True).click()
    at_rest(page)
    for _ in range(drawings):
        draw(page, STROKES)
        answer(page, 2)
        say(page, NINE)
        at_rest(page)
    draw(page, STROKES[:1])
    answer(page, 1)
    begun = len(rows_of(mortal, page))
    restart(mortal, page)
    expect(page.locator(".st-key-tool-undo button")).to_be_enabled()
    at_rest(page)
    expect(page.get_by_role("radio", name="Broad", exact=True)).to_be_checked()
    assert ink(page) > 0, "it is gone"
    draw(page, STROKES[1:])
    assert answer(page, 2) == NINE
    say(page, NINE)
    labels = [label for _, label, *_ in rows_of(mortal, page)]
    assert labels == [NINE] * (drawings + 1), f"one row a drawing: {begun} were there before the restart"
