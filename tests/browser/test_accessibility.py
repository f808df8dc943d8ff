"""axe on every page: what it can find of WCAG 2, levels A and AA, and the order of headings, is not there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import psycopg2.extensions
import pytest
import torch
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect

from learning.dataset import Mnist, rows
from logger import statements
from storage import model_store
from storage.database import Database
from storage.labels import Rules
from storage.model_store import Candidate
from storage.spool import Spool
from storage.writer import Writer
from support.accessibility import violations
from support.classroom import draw, nudged, person
from support.digits import DIGITS
from support.hand import answer, at_rest, new_canvas, open_page, unmoving
from support.hand import draw as drawn
from support.outage import Known
from support.pictures import png, zero
from support.retrained import retrained_card
from support.running_app import SESAME, RunningApp
from support.shipped import network

PAGES = ("draw", "about", "yours", "sign-in", "history", "insights", "review", "models", "experiments")
ADDRESSES = {"draw": "", "sign-in": "models"}
LOCKED = ("review", "models", "experiments")
WIDTHS = {360: 740, 768: 1024, 1440: 900}
NARROW_ELSEWHERE = ("history", "insights", "experiments")  # their own tests look at them at 360 px, with more on them
PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, mnist: Mnist) -> Iterator[RunningApp]:
    """An app whose pages have something on them: drawings, labels in review, and a version made of labels."""
    folder = tmp_path_factory.mktemp("full")
    app = RunningApp(folder, ADMIN_PASSWORD=SESAME).start()
    database = Database(Known(psycopg2.extensions.make_dsn(host=app.socket_dir(), user="postgres", dbname="digits")))
    database.open()
    assert database.wait_until_ready(60)
    writer = Writer(database, Spool(folder / "tests.sqlite"), statements(Rules()))
    writer.open()
    digits = rows(mnist.test, torch.arange(30))
    wrong = [(digit + 5 * (n % 2)) % 10 for n, digit in enumerate(digits.labels.tolist())]
    draw(writer, network("cnn"), digits, wrong, [person(n % 10) for n in range(30)], "cnn")
    made = Candidate("cnn", nudged("cnn"), retrained_card("cnn"), 1, [], [])
    model_store.save(database, made, promote=True, reason="MNIST's validation digits: 99.00 % before, 99.04 % now.")
    yield app
    writer.close()
    database.close(stop_server=False)
    app.stop()


@pytest.fixture(scope="module", params=["light", "dark"])
def visitor(request: pytest.FixtureRequest, full: RunningApp, browser: Browser) -> Iterator[Page]:
    """A visitor with some drawings of their own."""
    context = browser.new_context(color_scheme="dark" if request.param == "dark" else "light", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(full.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    cookie = next(each["value"] for each in context.cookies() if each["name"] == "digit_reader_visitor")
    visitor = hashlib.sha256(f"cookie:{cookie}".encode()).hexdigest()
    full.sql("UPDATE predictions SET visitor = %s WHERE id IN (SELECT id FROM predictions LIMIT 6)", visitor)
    yield page
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_at_any_width(full: RunningApp, visitor: Page, name: str) -> None:
    found: list[str] = []
    for width, height in list(WIDTHS.items())[name in NARROW_ELSEWHERE :]:
        visitor.set_viewport_size({"width": width, "height": height})
        visitor.goto(f"{full.url}/{ADDRESSES.get(name, name)}")
        if name == "sign-in":
            expect(visitor.get_by_label("Password", exact=True)).to_be_visible()
        elif name in LOCKED:
            let_in(visitor)
        expect(visitor.get_by_role("heading", level=1)).to_be_visible()
        unmoving(visitor)
        found += violations(visitor)
    if name in LOCKED:
        visitor.get_by_role("button", name="Sign out").click()
        expect(visitor.get_by_label("Password", exact=True)).to_be_visible()
    assert found == []


@pytest.mark.parametrize("picture", ["read", "refused"])
def test_axe_finds_nothing_about_an_upload(full: RunningApp, visitor: Page, picture: str) -> None:
    visitor.set_viewport_size(PHONE)
    visitor.goto(full.url)
    visitor.get_by_role("tab", name="Upload").click()
    data = png(zero()) if picture == "read" else b"Dear Sir or Madam"
    file: FilePayload = {"name": "drawing.png", "mimeType": "image/png", "buffer": data}
    at_rest(visitor)  # before, the uploader may be there and lose the file
    visitor.locator("input[type=file]").set_input_files(files=[file])
    expected = visitor.locator("svg.seen") if picture == "read" else visitor.get_by_text("This is not a picture")
    expect(expected).to_be_visible()
    unmoving(visitor)
    assert violations(visitor) == []


def test_axe_finds_nothing_in_the_sheet_that_says_why(full: RunningApp, visitor: Page) -> None:
    visitor.set_viewport_size(PHONE)
    open_page(visitor, full.url)
    unmoving(visitor)
    drawn(visitor, DIGITS[9][1])
    answer(visitor, 2)
    visitor.get_by_role("button", name="Why?").click()
    expect(visitor.locator(".because .likenesses img").first).to_be_visible()
    unmoving(visitor)
    assert violations(visitor) == []
    visitor.keyboard.press("Escape")
    with new_canvas(visitor):
        visitor.keyboard.press("Escape")


def let_in(page: Page) -> None:
    """Sign in, unless it is done."""
    out, password = page.get_by_role("button", name="Sign out"), page.get_by_label("Password", exact=True)
    expect(out.or_(password)).to_be_visible()
    if not out.is_visible():
        password.fill(SESAME)
        page.get_by_role("button", name="Sign in").click()
        expect(out).to_be_visible()
    at_rest(page)


def test_axe_would_find_it(full: RunningApp, page: Page) -> None:
    """The measure itself: pale text and a heading out of order are found."""
    page.goto(f"{full.url}/about")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.evaluate("""() => document.querySelector('.stMainBlockContainer h1').insertAdjacentHTML('afterend',
        '<h5>Too deep</h5><p style="color: #999; background: #fff">pale</p>')""")
    assert {line.split(": ")[1] for line in violations(page)} >= {"color-contrast", "heading-order"}
