"""The API's own page: it needs nothing from elsewhere, shows every operation, and its example works when tried."""

from __future__ import annotations

import json
import re

import httpx
from playwright.sync_api import Page, Request, expect

from support.running_app import RunningApp


def test_every_operation_is_shown_without_the_internet_and_the_example_works(app: RunningApp, page: Page) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto(f"{app.url}/api/docs")
    paths = httpx.get(f"{app.url}/api/openapi.json").json()["paths"]
    operations = page.locator(".opblock")
    expect(operations).to_have_count(sum(len(methods) for methods in paths.values()))
    for path in paths:
        expect(page.locator(f'[data-path="{path}"]')).to_be_visible()

    example = operations.filter(has=page.locator('[data-path="/predict/base64"]'))
    example.locator(".opblock-summary-control").click()
    example.get_by_role("button", name="Try it out").click()
    example.get_by_role("button", name="Execute").click()
    live = example.locator(".live-responses-table .response")
    expect(live.locator(".response-col_status")).to_contain_text("200")
    said = re.search(r"\{.*\}", live.locator(".highlight-code, .microlight").first.inner_text(), re.S)
    assert said
    answer = json.loads(said[0])
    assert (answer["predicted_digit"], answer["model"]) == (7, "cnn")
    rows = app.sql("SELECT predicted_digit, visitor FROM predictions WHERE drawing_id = %s", answer["id"])
    assert rows == [(7, None)]

    assert len(asked) > 4
    strangers = [request.url for request in asked if not request.url.startswith((f"{app.url}/api/", "data:"))]
    assert strangers == []
