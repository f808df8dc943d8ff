"""The pages under a path of a reverse proxy: everything that they ask for and lead to lies under it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from support.hand import answer, draw, open_page, say
from support.running_app import RunningApp

SEVEN = [[(0.3, 0.2), (0.5, 0.2), (0.7, 0.2), (0.55, 0.5), (0.45, 0.85)]]


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    app = RunningApp(tmp_path_factory.mktemp("placed"), BASE_PATH="/digits")
    yield app.start()
    app.stop()


def test_a_digit_is_drawn_read_under_the_pen_and_labelled(placed: RunningApp, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:")))
    open_page(page, f"{placed.url}/digits")
    with page.expect_response(f"{placed.url}/digits/api/strokes") as read:
        draw(page, SEVEN)
    assert read.value.status == 200
    assert answer(page, len(SEVEN)) == 7
    say(page, 7)
    assert placed.sql("SELECT predicted_digit, true_label FROM predictions") == [(7, 7)]

    page.get_by_role("link", name="About").first.click()
    expect(page.get_by_role("heading", name="About", exact=True)).to_be_visible()
    assert page.url == f"{placed.url}/digits/about"
    with page.expect_popup() as documentation:
        page.get_by_role("link", name="the HTTP API").click()
    expect(documentation.value.locator(".opblock").first).to_be_visible()
    assert documentation.value.url == f"{placed.url}/digits/api/docs"
    page.reload()
    expect(page.get_by_role("heading", name="About", exact=True)).to_be_visible()

    ours = [url for url in asked if not url.startswith(("data:", "blob:"))]
    assert [url for url in ours if not url.startswith(f"{placed.url}/digits")] == []
    assert len(ours) > 10
