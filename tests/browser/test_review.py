"""Review as an administrator meets it in the browser, each click and key checked in the database.

Covers src/app_pages: review, review_desk.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import httpx
import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from learning.dataset import Mnist, rows
from storage.embedded import EmbeddedServer
from support.administrators import assert_readable, choose, open_as_admin, phone
from support.classroom import fill, person
from support.hand import at_rest
from support.running_app import SESAME, RunningApp, wait_until
from support.shipped import network

FAST = 60  # ms between two keys: faster than any page is drawn
NAMED = re.compile(r"\S")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, mnist: Mnist) -> Iterator[RunningApp]:
    """An app with 60 labels that nobody doubts, and 40 that wait."""
    app = RunningApp(tmp_path_factory.mktemp("review"), ADMIN_PASSWORD=SESAME).start()
    digits = rows(mnist.test, torch.arange(100))
    says = [(digit + 5 * (n >= 60)) % 10 for n, digit in enumerate(digits.labels.tolist())]
    people = [person(n % 10 if n < 60 else f"wrong {n % 4}") for n in range(100)]
    fill(app, network("cnn"), digits, says, people)
    app.sql("CREATE TABLE before AS SELECT * FROM predictions")
    yield app
    app.stop()


@pytest.fixture
def school(labelled: RunningApp) -> Iterator[RunningApp]:
    """That app; its labels are in the end what they were."""
    yield labelled
    labelled.sql(
        "UPDATE predictions p SET true_label = b.true_label, review = b.review, review_reason = b.review_reason, "
        "reviewer = b.reviewer FROM before b WHERE b.id = p.id"
    )
    labelled.sql("DELETE FROM label_events WHERE who = 'admin'")


def test_an_administrator_downloads_the_labels_as_a_data_set(page: Page, school: RunningApp) -> None:
    """Through the browser, with its cookie and headers; the link opens a tab of its own, which a test cannot follow."""
    open_as_admin(page, school, "review")
    page.get_by_role("link", name="History").click()
    link = page.get_by_role("link", name="MNIST files (IDX)")
    expect(link).to_be_visible()
    box = link.bounding_box()
    assert box
    assert box["height"] >= 44
    link.evaluate("link => link.removeAttribute('target')")
    with page.expect_download() as downloading:
        link.click()
    with zipfile.ZipFile(downloading.value.path()) as archive:
        labels = [len(archive.read(name)) - 8 for name in archive.namelist() if "labels" in name]
    ((approved,),) = school.sql("SELECT count(*)::int FROM predictions WHERE review = 'approved'")
    assert sum(labels) == approved > 50
    assert httpx.get(f"{school.url}/export/idx").status_code == 403


def standing(app: RunningApp, drawing: str) -> tuple[int, str, str]:
    """A label, its review, and who decided."""
    (row,) = app.sql("SELECT true_label, review, reviewer FROM predictions WHERE drawing_id = %s", drawing)
    return row[0], row[1], row[2]


def decided(app: RunningApp) -> list[tuple[str, str, int, int]]:
    """What administrators have done, in order: the drawing, the review, and the label before and after."""
    return app.sql(
        "SELECT drawing_id::text, new_review, old_label::int, new_label::int FROM label_events "
        "WHERE who = 'admin' ORDER BY id"
    )


def desk(page: Page) -> Locator:
    return page.get_by_test_id("desk")


def current(page: Page) -> str:
    """The id of the drawing that the keys act on."""
    return desk(page).get_attribute("data-drawing") or ""


def queue(page: Page) -> list[str]:
    """The ids of the drawings on the page, in their order."""
    ids: list[str] = cards(page).evaluate_all("cards => cards.map(card => card.dataset.drawing)")
    return ids


def cards(page: Page) -> Locator:
    return page.locator(".cards > li")


def card(page: Page, drawing: str) -> Locator:
    return page.locator(f'.cards > li[data-drawing="{drawing}"]')


def becomes(app: RunningApp, drawing: str, review: str, label: int | None = None) -> None:
    def stands() -> bool:
        now = standing(app, drawing)
        return now[1] == review and label in (None, now[0])

    wait_until(stands, 30, f"{drawing} {review}")


def waiting(page: Page, count: int) -> None:
    """Wait until so many labels wait, and the page has come whole."""
    expect(page.get_by_test_id("counts").locator("b").first).to_have_text(str(count))
    at_rest(page)


def type_fast(page: Page, keys: str, gap: int = FAST) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(gap)


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_one_key_decides_on_the_current_drawing_and_u_takes_it_back(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    for name, key in (("Approve", "A"), ("Reject", "X")):
        expect(desk(page).get_by_role("button", name=name)).to_have_attribute("aria-keyshortcuts", key)
    approved, rejected, relabelled, skipped = queue(page)[:4]
    for key, drawing, review, label in (
        ("a", approved, "approved", None),
        ("x", rejected, "rejected", None),
        ("4", relabelled, "approved", 4),
    ):
        assert current(page) == drawing
        page.keyboard.press(key)
        becomes(school, drawing, review, label)
    assert standing(school, relabelled) == (4, "approved", "admin")
    expect(page.get_by_role("status").get_by_text("1 label changed to 4.")).to_be_visible()
    waiting(page, 37)
    page.keyboard.press("n")
    assert current(page) != skipped
    assert standing(school, skipped)[1] == "pending"
    for count, drawing in ((38, relabelled), (39, rejected), (40, approved)):
        page.keyboard.press("u")
        assert current(page) == drawing
        becomes(school, drawing, "pending")
        waiting(page, count)
        assert current(page) == drawing
        assert standing(school, drawing)[2] == "trust"
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


@pytest.mark.parametrize("gap", [10, FAST])
def test_keys_faster_than_the_page_act_on_the_drawing_that_was_meant_each_once(
    school: RunningApp, page: Page, gap: int
) -> None:
    open_as_admin(page, school, "review")
    before = queue(page)
    keys = "axax4axa7xaaxxa9"
    type_fast(page, keys, gap)
    waiting(page, 40 - len(keys))
    reviews = [("rejected" if key == "x" else "approved") for key in keys]
    events = decided(school)
    assert [(drawing, review) for drawing, review, *_ in events] == list(zip(before, reviews, strict=False))
    for key, (_, _, old, new) in zip(keys, events, strict=True):
        assert new == (int(key) if key.isdigit() else old)


def test_an_undo_between_two_fast_keys_takes_back_the_first_of_them(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    first, second, third, *_ = queue(page)
    type_fast(page, "auxxuau")
    assert current(page) == second
    waiting(page, 39)
    assert current(page) == second
    assert [standing(school, each)[1] for each in (first, second, third)] == ["rejected", "pending", "pending"]


def test_after_an_undo_the_queue_goes_on_behind_what_was_undone(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    before = queue(page)
    type_fast(page, "nnauuauanx")
    waiting(page, 38)
    assert queue(page)[:4] == [before[0], before[1], before[3], before[5]]
    assert [standing(school, each)[1] for each in (before[2], before[4])] == ["approved", "rejected"]


def test_a_key_is_not_taken_for_a_drawing_that_has_just_come_up_by_itself(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    first, second, *_, last = queue(page)
    desk(page).evaluate(
        """desk => new MutationObserver(() => document.dispatchEvent(new KeyboardEvent("keydown", {key: "a"})))
            .observe(desk, {attributeFilter: ["data-drawing"]})"""
    )
    school.sql("UPDATE predictions SET review = 'rejected' WHERE drawing_id = %s", first)  # by somebody else
    card(page, last).get_by_role("button", name="Reject").click()
    expect(desk(page)).to_have_attribute("data-drawing", second)
    waiting(page, 38)
    assert [drawing for drawing, *_ in decided(school)] == [last]


def test_a_key_that_is_held_down_acts_once_and_the_keys_can_be_switched_off(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    for _ in range(5):
        page.keyboard.down("a")  # from the second on it repeats
    page.keyboard.up("a")
    waiting(page, 39)
    page.get_by_label("Keys").uncheck()
    type_fast(page, "ax4")
    page.get_by_label("Keys").check()
    page.keyboard.press("x")
    waiting(page, 38)
    assert [review for _, review, *_ in decided(school)] == ["approved", "rejected"]


def test_a_double_click_decides_on_one_drawing(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    first = current(page)
    desk(page).get_by_role("button", name="Reject").dblclick()
    waiting(page, 39)
    assert [drawing for drawing, *_ in decided(school)] == [first]


def test_what_was_lost_on_the_way_is_sent_again(school: RunningApp, page: Page) -> None:
    lost: list[object] = []
    losing = False

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(lambda message: lost.append(message) if losing else server.send(message))

    page.route_web_socket("**/_stcore/stream", between)
    open_as_admin(page, school, "review")
    before = queue(page)[:3]
    losing = True
    type_fast(page, "axa")
    losing = False
    assert lost
    waiting(page, 37)
    reviews = ("approved", "rejected", "approved")
    assert [(drawing, review) for drawing, review, *_ in decided(school)] == list(zip(before, reviews, strict=True))


# --- Cards ------------------------------------------------------------------------------------------------------------


def test_a_card_is_decided_on_by_one_click_or_opened(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    drawing = queue(page)[4]
    card(page, drawing).get_by_role("button", name="Approve").click()
    becomes(school, drawing, "approved")
    waiting(page, 39)
    page.keyboard.press("u")
    becomes(school, drawing, "pending")
    page.keyboard.press("n")
    card(page, drawing).get_by_role("button", name="Open").click()
    assert current(page) == drawing
    desk(page).get_by_role("button", name="7", exact=True).click()
    becomes(school, drawing, "approved", 7)


def test_many_are_decided_on_at_once_and_one_undo_takes_all_of_it_back(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    first, other = queue(page)[1], queue(page)[3]
    several = page.get_by_test_id("several")
    expect(several).to_be_hidden()
    for drawing in (first, other):
        card(page, drawing).locator("img").click()  # the picture is the checkbox
    expect(several.get_by_role("button", name="Reject 2")).to_be_visible()
    page.keyboard.press("x")  # a key acts on what is selected
    waiting(page, 38)
    assert {drawing for drawing, *_ in decided(school)} == {first, other}
    page.get_by_role("button", name="Select all 24 shown").click()
    several.get_by_role("button", name="Approve 24").click()
    waiting(page, 14)
    count = "SELECT review, count(*)::int FROM predictions WHERE reviewer = 'admin' GROUP BY review ORDER BY review"
    assert school.sql(count) == [("approved", 24), ("rejected", 2)]
    for left, still in (([("rejected", 2)], 38), ([], 40)):
        page.keyboard.press("u")
        wait_until(partial(stands, school, count, left), 30, "the undo")
        waiting(page, still)


def stands(app: RunningApp, query: str, rows: list[tuple[str, int]]) -> bool:
    return app.sql(query) == rows


# --- Filters and pages ------------------------------------------------------------------------------------------------


def test_filters_and_pages_show_what_they_say(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    expect(page.get_by_text("1–24 of 40")).to_be_visible()
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text("25–40 of 40")).to_be_visible()
    page.get_by_role("button", name="Filter").click()
    choose(page, "Said to be", "3")
    said = school.sql("SELECT count(*)::int FROM predictions WHERE review = 'pending' AND true_label = 3")[0][0]
    expect(cards(page)).to_have_count(said)
    expect(desk(page).get_by_text("said to be 3")).to_be_visible()
    choose(page, "Read as", "3")
    expect(page.get_by_text("No label fits these filters.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Only said to be 3, read as 3: show all").click()
    expect(cards(page)).to_have_count(24)
    at_rest(page)
    drawing = current(page)
    page.get_by_role("button", name="This person's labels").click()
    (visitor,) = school.sql("SELECT visitor FROM predictions WHERE drawing_id = %s", drawing)[0]
    theirs = school.sql("SELECT count(*)::int FROM predictions WHERE review = 'pending' AND visitor = %s", visitor)
    expect(cards(page)).to_have_count(theirs[0][0])
    page.get_by_role("button", name=f"Only Person {visitor[:6]}: show all").click()
    page.get_by_role("radio", name="Approved").or_(page.get_by_text("Approved", exact=True)).first.click()
    total = school.sql("SELECT count(*)::int FROM predictions WHERE review = 'approved'")[0][0]
    expect(page.get_by_text(f"1–24 of {total}")).to_be_visible()


def test_an_empty_queue_says_so_and_its_last_decision_can_be_undone(school: RunningApp, page: Page) -> None:
    (last,) = school.sql("SELECT drawing_id::text FROM predictions WHERE review = 'pending' ORDER BY id LIMIT 1")[0]
    school.sql("UPDATE predictions SET review = 'approved' WHERE review = 'pending' AND drawing_id <> %s", last)
    open_as_admin(page, school, "review")
    expect(cards(page)).to_have_count(1)
    type_fast(page, "xax")  # after the first there is nothing that the others could mean
    becomes(school, last, "rejected")
    expect(page.get_by_text("Nothing is waiting.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    becomes(school, last, "pending")
    expect(desk(page)).to_be_visible()
    assert len(decided(school)) == 2


# --- Sessions and outages ---------------------------------------------------------------------------------------------


def test_a_session_that_has_ended_decides_on_nothing(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    other = page.context.new_page()
    other.goto(f"{school.url}/review")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_label("Password", exact=True)).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("Your session has ended, so your last click did nothing")).to_be_visible()
    assert decided(school) == []


def test_a_decision_without_a_database_is_said_not_to_be_saved(
    page: Page, separate: tuple[RunningApp, EmbeddedServer], mnist: Mnist
) -> None:
    app, server = separate
    digits = rows(mnist.test, torch.arange(3))
    wrong = [(digit + 5) % 10 for digit in digits.labels.tolist()]
    fill(app, network("cnn"), digits, wrong, [person(n) for n in range(3)])
    open_as_admin(page, app, "review")
    first = current(page)
    server.stop()
    wait_until(lambda: app.status("/ready") == 503, what="the outage")
    page.keyboard.press("a")
    expect(page.get_by_text("The database is unavailable, so your last decision was not saved.")).to_be_visible()
    server.start()
    expect(desk(page)).to_be_visible()
    assert current(page) == first
    page.keyboard.press("a")
    becomes(app, first, "approved")
    expect(page.get_by_text("was not saved")).to_have_count(0)


# --- Looks ------------------------------------------------------------------------------------------------------------

TEXTS = "h1, .tally span, .review h2, .review p, .review b, .review small, .review button:enabled, .st-key-filters p"
CONTROLS = ".stMain :is(button, a, select, .pick, label.keys, input:not([type=checkbox]))"
SMALL = """controls => controls.filter(each => each.offsetParent).map(each => [each.getBoundingClientRect(), each])
    .filter(([box, _]) => box.width < 44 || box.height < 44).map(([_, each]) => each.outerHTML)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_a_label_is_decided_on_without_a_swipe(school: RunningApp, browser: Browser, scheme: str) -> None:
    page = phone(browser, scheme)
    open_as_admin(page, school, "review")
    approve, reject = (desk(page).get_by_role("button", name=name) for name in ("Approve", "Reject"))
    for each in (desk(page).get_by_role("img"), approve, reject, *desk(page).get_by_role("group").all()):
        expect(each).to_be_in_viewport(ratio=1)
    places = [each.bounding_box() for each in (approve, reject)]
    for _ in range(3):
        reject.tap()
        page.wait_for_timeout(400)
        assert [each.bounding_box() for each in (approve, reject)] == places
    waiting(page, 37)
    for picture in cards(page).locator("img").all()[:2]:
        picture.tap()
    assert page.locator(CONTROLS).evaluate_all(SMALL) == []
    assert_readable(page, TEXTS, 80)
    page.context.close()


def test_reject_is_as_near_as_approve_and_stands_out_where_the_model_is_sure(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    approve, reject = (desk(page).get_by_role("button", name=name).bounding_box() for name in ("Approve", "Reject"))
    assert approve is not None
    assert reject is not None
    assert (approve["y"], approve["width"], approve["height"]) == (reject["y"], reject["width"], reject["height"])
    assert reject["x"] - approve["x"] - approve["width"] < 20
    expect(desk(page).locator("button.likely")).to_have_accessible_name("Reject")
    page.get_by_text("Approved", exact=True).first.click()
    expect(desk(page).locator("button.likely")).to_have_accessible_name("Approve")


def test_every_control_has_a_name_and_no_heading_is_left_out(school: RunningApp, page: Page) -> None:
    open_as_admin(page, school, "review")
    card(page, queue(page)[0]).locator("img").click()
    for role in ("button", "checkbox", "img"):
        for each in page.locator(".review").get_by_role(role).all():
            expect(each).to_have_accessible_name(NAMED)
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(each => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = page.locator(".cards button, .cards input").evaluate_all("all => all.map(each => each.ariaLabel)")
    assert all(" said " in name for name in names)


def test_what_the_database_holds_is_shown_as_text(school: RunningApp, page: Page) -> None:
    school.sql("UPDATE predictions SET review_reason = '<b>why</b>' WHERE review = 'pending'")
    open_as_admin(page, school, "review")
    expect(desk(page).get_by_text("<b>why</b>")).to_be_visible()
