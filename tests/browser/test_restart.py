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

FOUR, STROKES = DIGITS[9]


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


def test_a_drawing_is_finished_after_a_restart_the_first_one_and_a_later_one(page: Page, mortal: RunningApp) -> None:
    """The canvases of both sessions are counted from somewhere: the first is no other's, nor is a later one."""
    open_page(page, mortal.url)
    page.get_by_role("radio", name="Broad", exact=True).click()
    at_rest(page)
    for _ in range(2):
        draw(page, STROKES[:1])
        answer(page, 1)
        restart(mortal, page)
        expect(page.locator(".st-key-tool-undo button")).to_be_enabled()
        at_rest(page)
        expect(page.get_by_role("radio", name="Broad", exact=True)).to_be_checked()
        assert ink(page) > 0, "it is gone"
        draw(page, STROKES[1:])
        assert answer(page, 2) == FOUR
        say(page, FOUR)
        at_rest(page)
    assert [label for _, label, *_ in rows_of(mortal, page)] == [FOUR, FOUR], "one row a drawing"
