"""An administrator at the browser: signs in, chooses from lists, and holds a phone."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from support.contrast import CONTRAST
from support.hand import at_rest, unmoving
from support.running_app import SESAME, RunningApp, wait_until

PHONE = 360, 740  # CSS pixels: a small one


def open_as_admin(page: Page, app: RunningApp, path: str) -> None:
    page.goto(f"{app.url}/{path}")
    sign_in(page, SESAME)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    at_rest(page)


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list. One that opens while the page below it moves closes again, and is then opened once more."""
    box, wanted = page.get_by_role("combobox", name=label, exact=True), page.get_by_role("option", name=option).first

    def opened() -> bool:
        at_rest(page)
        if not wanted.is_visible():
            box.click()
        with suppress(PlaywrightTimeout):
            wanted.click(timeout=2000)
            return True
        return False

    wait_until(opened, 30, f"the choice of {option}")
    at_rest(page)


def phone(browser: Browser, scheme: str = "light") -> Page:
    """A page on a phone; the caller closes its context."""
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=True,
        is_mobile=True,
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


def assert_readable(page: Page, texts: str, least: int) -> None:
    """Nothing sticks out to the side, and each of more than `least` texts has WCAG's contrast."""
    unmoving(page)
    contrasts: list[float] = page.evaluate(CONTRAST, texts)
    assert len(contrasts) > least
    assert min(contrasts) >= 4.5
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= PHONE[0]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
