"""The pages under their headers: nothing that they need is refused, and nothing that they do not need runs."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from gateway.admins import ADMIN
from gateway.visitors import COOKIE
from support.administrators import sign_in
from support.hand import answer, at_rest, draw, open_page
from support.running_app import SESAME, RunningApp

SEVEN = [[(0.2, 0.2), (0.8, 0.2), (0.45, 0.85)]]
PAGES = ("history", "insights", "about", "review", "models", "experiments")


def test_no_page_asks_for_what_its_policy_refuses(page: Page, separate: tuple[RunningApp, Any]) -> None:
    """The Draw page with its tabs, all others as an administrator, and the API's own."""
    app, refused = separate[0], []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Permissions policy" in message.text:
            refused.append(message.text)

    page.on("console", hear)
    open_page(page, app.url)
    draw(page, SEVEN)
    assert answer(page, len(SEVEN)) == 7
    for tab in ("Number", "Upload"):
        page.get_by_role("tab", name=tab).click()
        at_rest(page)
    for name in PAGES:
        page.goto(f"{app.url}/{name}")
        at_rest(page)
        if name == "review":
            sign_in(page, SESAME)
            expect(page.get_by_role("button", name="Sign out")).to_be_visible()
            at_rest(page)
    page.goto(f"{app.url}/api/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    assert refused == []


def test_what_comes_into_a_page_does_not_run(page: Page, app: RunningApp) -> None:
    """As if there were a hole: markup in the page, a script from elsewhere, a message to elsewhere, a frame."""
    page.goto(f"{app.url}/about")
    expect(page.get_by_role("heading", name="About")).to_be_visible()
    page.evaluate("""() => {
        const image = document.body.appendChild(document.createElement("img"))
        image.setAttribute("onerror", "window.ran = 1")
        image.src = "data:,nothing"
        const script = document.body.appendChild(document.createElement("script"))
        script.textContent = "window.ran = 2"
    }""")
    sent = "fetch('http://127.0.0.1:1/').then(() => 'sent', error => document.title && String(error))"
    with page.expect_event("console", lambda message: "Content Security Policy" in message.text):
        assert page.evaluate(sent) != "sent"
    assert page.evaluate("window.ran") is None


def test_no_other_page_can_frame_the_app(page: Page, app: RunningApp) -> None:
    page.set_content(f'<iframe src="{app.url}"></iframe>')
    frame = page.frames[1]
    page.wait_for_timeout(500)
    assert frame.url.startswith("chrome-error://")


def test_a_planted_cookie_becomes_no_administrators(separate: tuple[RunningApp, Any], browser: Browser) -> None:
    """Put into the victim's browser, by another port of the same host, before the victim signs in there."""
    app, _server = separate
    planted = [
        {"name": COOKIE, "value": "a" * 43, "url": app.url},
        {"name": ADMIN.name, "value": f"{'a' * 43}.{'b' * 43}", "url": app.url},
    ]
    victim, attacker = (browser.new_context() for _ in range(2))
    for each in (victim, attacker):
        each.add_cookies(planted)  # type: ignore[arg-type]
    page = victim.new_page()
    page.goto(f"{app.url}/models")
    sign_in(page, SESAME)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    after = {cookie["name"]: cookie["value"] for cookie in victim.cookies()}
    assert after[COOKIE] == planted[0]["value"], "whoever signs in keeps their drawings"
    assert after[ADMIN.name] != planted[1]["value"]
    other = attacker.new_page()
    other.goto(f"{app.url}/models")
    expect(other.get_by_label("Password", exact=True)).to_be_visible()
    for each in (victim, attacker):
        each.close()
