"""When the Draw page's script runs, and what it knows then of the strokes that it has not been told of.

Covers src/app_pages: draw, pad, answer.
"""

from __future__ import annotations

from playwright.sync_api import Page, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from support.digits import DIGITS
from support.hand import answer, at_rest, canvas, draw, expect_empty_answer, ink, open_page, say
from support.running_app import RunningApp


def test_a_stroke_costs_no_run_of_the_script_before_the_pen_rests(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    at_rest(page)
    sent = messages(page)
    draw(page, DIGITS[9][1])
    answer(page, 2)
    say(page, 4)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    expect(page.get_by_role("button", name="Change")).to_have_count(2)
    assert not any(b"said" in message for message in sent), "a label costs none"
    assert 1 <= runs(sent) <= 2, "one for both drawings, or on a slow machine one each"


def messages(page: Page) -> list[bytes]:
    """What the page sends to its script from now on; it is opened anew for that."""
    sent: list[bytes] = []

    def keep(frame: bytes | str) -> None:
        if isinstance(frame, bytes):
            sent.append(frame)

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", keep)

    page.on("websocket", listen)
    page.reload()
    expect(canvas(page)).to_be_visible()
    at_rest(page)
    sent.clear()
    return sent


def runs(sent: list[bytes]) -> int:
    """How many of the messages have the whole of the page's script run; its parts also run by themselves."""
    told = [BackMsg.FromString(message) for message in sent]
    return sum(each.HasField("rerun_script") and not each.rerun_script.fragment_id for each in told)


def test_undo_and_clear_are_there_once_something_is_drawn(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    undo, redo, clear = (page.locator(f".st-key-tool-{name} button") for name in ("undo", "redo", "clear"))
    for tool in (undo, redo, clear):
        expect(tool).to_be_disabled()
    draw(page, [DIGITS[9][1][0]])
    expect(undo).to_be_enabled()
    expect(clear).to_be_enabled()
    undo.click()
    expect_empty_answer(page)
    expect(redo).to_be_enabled()
    for tool in (undo, clear):
        expect(tool).to_be_disabled()
    redo.click()
    expect(undo).to_be_enabled()
    expect(redo).to_be_disabled()


def test_a_drawing_that_the_script_was_not_told_of_is_there_after_a_look_at_another_tab(
    app: RunningApp, page: Page
) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[9][1])
    answer(page, 2)
    page.get_by_role("tab", name="Upload").click()
    expect(page.get_by_test_id("says")).to_have_text("Upload a picture")
    page.get_by_role("tab", name="Number").click()
    expect(page.locator(".numbers")).to_be_visible()
    page.get_by_role("tab", name="Draw").click()
    answer(page, 2)
    assert ink(page) > 0
