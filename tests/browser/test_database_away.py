"""The database dies under the running page: reading goes on, and saving resumes when it is back."""

from __future__ import annotations

import os
import signal
from functools import partial

from playwright.sync_api import Page, expect

from storage.embedded import EmbeddedServer
from support.digits import DIGITS
from support.hand import answer, draw, ink, open_page, say, visitor_of
from support.running_app import RunningApp, wait_until


def test_reading_goes_on_and_saving_resumes(page: Page, separate: tuple[RunningApp, EmbeddedServer]) -> None:
    app, server = separate
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    say(page, 0)

    draw(page, DIGITS[15][1])
    assert answer(page, 1) == 7
    drawn = ink(page)
    server.stop()
    expect(page.get_by_text("The database is unavailable.")).to_be_visible()
    assert ink(page) == drawn > 0, "the drawing stays"
    assert app.status("/health") == 200
    assert app.status("/ready") == 503
    say(page, 7)
    expect(page.get_by_text("Kept until the database is back: that was a 7.")).to_be_visible()
    draw(page, DIGITS[3][1])
    answer(page, 1)
    say(page, 1)
    draw(page, DIGITS[0][1])
    answer(page, 1)
    drawn = ink(page)

    server.start()
    expect(page.get_by_text("The database is unavailable")).to_have_count(0)
    assert ink(page) == drawn > 0, "the drawing stays"
    say(page, 0)
    wait_until(lambda: labels(app, page) == [0, 7, 1, 0], what="the rows of what was drawn meanwhile")


def labels(app: RunningApp, page: Page) -> list[int | None]:
    """What a visitor said, in the order of the drawings."""
    told = app.sql("SELECT true_label FROM predictions WHERE visitor = %s ORDER BY id", visitor_of(page))
    return [label for (label,) in told]


def restarted(app: RunningApp, killed: int) -> bool:
    return app.status("/ready") == 200 and app.postmaster() not in (0, killed)


def test_the_app_starts_its_own_database_again(page: Page, mortal: RunningApp) -> None:
    open_page(page, mortal.url)
    for label, strokes in DIGITS[:3]:
        killed = mortal.postmaster()
        os.kill(killed, signal.SIGKILL)
        draw(page, strokes)
        answer(page, 1)
        wait_until(partial(restarted, mortal, killed), what="the new server")
        say(page, label)
    assert labels(mortal, page) == [0, 0, 0]
