"""A picture in place of a drawing: what was read is outlined, and whatever is refused says why.

Covers src/app_pages: upload.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from app_pages.upload import REFUSED
from frames.images import MAX_BYTES, SIZE_LIMIT
from gateway.uploads import FULL
from support.accessibility import violations
from support.digits import DIGITS
from support.hand import answer, at_rest, draw, expect_empty_answer, ink, open_page, rows_of, say, toast
from support.pictures import one, photograph, png, zero
from support.running_app import RunningApp, wait_until

WRONG = {
    "a text": (b"Dear Sir or Madam", "This is not a picture that can be read"),
    "an empty file": (b"", "This is not a picture that can be read"),
    "too many pixels": (png(Image.new("1", (9000, 9000))), "This picture has too many pixels"),
    "no ink": (png(Image.new("L", (300, 300), 255)), "There is no ink in this picture"),
}
BOX = "path => { const {x, y, width, height} = path.getBBox(); return [x, y, width, height] }"
# Drops files, each of so many bytes, on the uploader, as a person does: the page sees the same events.
DROP = """([sizes, name]) => {
    const dropped = new DataTransfer()
    sizes.forEach(size => dropped.items.add(new File([new Uint8Array(size)], name)))
    const zone = document.querySelector("[data-testid=stFileUploaderDropzone]")
    for (const type of ["dragenter", "dragover", "drop"])
        zone.dispatchEvent(new DragEvent(type, {dataTransfer: dropped, bubbles: true, cancelable: true}))
}"""


def open_upload(page: Page, app: RunningApp) -> None:
    open_page(page, app.url)
    page.get_by_role("tab", name="Upload").click()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_visible()


@pytest.fixture
def too_large(tmp_path: Path) -> Path:
    """A file over the limit: Playwright would take ten seconds to hand so many bytes over by itself."""
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    return tmp_path / "large.png"


def upload(page: Page, data: bytes | Path, name: str = "drawing.png") -> None:
    at_rest(page)  # for a moment the one that was emptied may still be there
    file: Path | FilePayload = (
        data if isinstance(data, Path) else {"name": name, "mimeType": "image/png", "buffer": data}
    )
    page.locator("input[type=file]").set_input_files(file)


def rows(page: Page) -> Locator:
    """The files in the uploader that can be seen."""
    return page.get_by_test_id("stFileChip").filter(visible=True)


def preview(page: Page) -> Locator:
    return page.get_by_role("img", name="Your picture, with the ink that was read outlined")


def expect_refused(page: Page, why: str) -> None:
    expect(page.get_by_role("alert").filter(has_text=why)).to_have_count(1)
    expect_empty_answer(page, "Upload a picture")
    expect(preview(page)).to_have_count(0)
    assert rows(page).count() <= 1


def test_an_uploaded_picture_is_outlined_read_and_labelled(app: RunningApp, page: Page) -> None:
    open_upload(page, app)
    upload(page, png(zero()))
    assert answer(page, 1) == 0
    expect(preview(page)).to_be_visible()
    assert preview(page).locator("path").last.evaluate(BOX) == pytest.approx([89, 49, 122, 202], abs=2)
    assert preview(page).get_attribute("viewBox") == "0 0 300 300"
    image = preview(page).locator("image")
    assert [image.get_attribute(side) for side in ("width", "height")] == ["300", "300"]
    page.get_by_role("button", name="Yes, a 0").click()
    expect(toast(page, "Saved: that was a 0")).to_be_visible()
    expect(rows(page)).to_have_count(0)
    expect(preview(page)).to_have_count(0)
    expect_empty_answer(page, "Upload a picture")
    assert [(row[0], row[1], row[3]) for row in rows_of(app, page)] == [(0, 0, "upload")]


@pytest.mark.parametrize(("button", "label"), [("It is a 6", 6), ("Not a digit", 10)])
def test_an_upload_is_labelled_like_a_drawing(app: RunningApp, page: Page, button: str, label: int) -> None:
    open_upload(page, app)
    upload(page, png(zero()))
    assert answer(page, 1) == 0
    page.get_by_role("button", name=button, exact=True).click()
    expect(toast(page, "Saved: that was")).to_be_visible()
    said = app.sql("SELECT coalesce(true_label, 10) FROM predictions WHERE source = 'upload' ORDER BY id DESC LIMIT 1")
    assert said == [(label,)]
    expect(rows(page)).to_have_count(0)


def test_every_refused_file_takes_the_answer_before_it_away_and_says_why(
    app: RunningApp, page: Page, too_large: Path
) -> None:
    open_upload(page, app)
    wrong: list[tuple[bytes | Path, str]] = [*WRONG.values()]
    wrong.append((too_large, f"This file is too large: send a picture of at most {SIZE_LIMIT}."))
    for data, why in wrong:
        upload(page, png(zero()))
        assert answer(page, 1) == 0
        expect(preview(page)).to_be_visible()
        assert rows(page).count() == 1
        upload(page, data)
        expect_refused(page, why)
    for data, why in wrong[::-1]:
        upload(page, data)
        expect_refused(page, why)
    upload(page, png(one()))
    expect(page.get_by_test_id("digit")).to_have_text("1")
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("alert").filter(has_text="This ")).to_have_count(0)
    assert {row[3] for row in rows_of(app, page)} == {"upload"}


def test_a_picture_that_the_app_has_no_room_for_says_so(app: RunningApp, page: Page) -> None:
    """The uploader itself would only turn red."""
    open_upload(page, app)
    page.route(re.compile("/upload_file/"), lambda route: route.fulfill(status=503, json={"detail": FULL}))
    upload(page, png(zero()))
    expect_refused(page, FULL)
    page.unroute_all()
    upload(page, png(one()))
    assert answer(page, 1) == 1


def test_what_is_dropped_is_judged_like_what_is_chosen(app: RunningApp, page: Page) -> None:
    open_upload(page, app)
    upload(page, png(zero()))
    assert answer(page, 1) == 0
    for sizes, why in (([20], "size"), ([5, 5], "several"), ([MAX_BYTES + 1], "size"), ([MAX_BYTES + 1, 5], "several")):
        page.evaluate(DROP, [sizes, "letter.txt"])
        expect_refused(page, "This is not a picture" if sizes == [20] else REFUSED[why])
    upload(page, png(zero()))
    assert answer(page, 1) == 0
    expect(page.get_by_role("alert").filter(has_text="send")).to_have_count(0)


def test_the_same_large_file_is_refused_once_more(app: RunningApp, page: Page, too_large: Path) -> None:
    open_upload(page, app)
    for _ in range(2):
        upload(page, png(zero()))
        assert answer(page, 1) == 0
        upload(page, too_large)
        expect_refused(page, REFUSED["size"])


def test_rows_of_a_lost_connection_do_not_pile_up(app: RunningApp, page: Page) -> None:
    open_upload(page, app)
    page.route("**/upload_file/**", lambda route: route.abort())
    for count in (1, 2):
        upload(page, png(zero()))
        expect(page.get_by_test_id("stFileChip")).to_have_count(count)
        expect(rows(page)).to_have_count(1)
    page.unroute("**/upload_file/**")
    upload(page, png(one()), "good.png")
    assert answer(page, 1) == 1
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("good.png")


def test_the_browser_s_dialog_offers_pictures(app: RunningApp, page: Page) -> None:
    open_upload(page, app)

    def accepted() -> str:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload", exact=True).click()
        return chooser.value.element.get_attribute("accept") or ""

    wait_until(lambda: ".png,.jpg" in accepted(), what="the page's script, which may still be loading")


def test_a_photograph_comes_back_small(app: RunningApp, page: Page) -> None:
    open_upload(page, app)
    whole = png(photograph())
    assert len(whole) > 1_000_000
    upload(page, whole)
    assert answer(page, 1) == 1
    picture = preview(page).locator("image").get_attribute("href") or ""
    assert len(picture) < 60_000
    assert preview(page).get_attribute("viewBox") == "0 0 480 480"


def test_a_second_upload_is_a_second_drawing(app: RunningApp, page: Page) -> None:
    open_upload(page, app)
    upload(page, png(zero()))
    assert answer(page, 1) == 0
    upload(page, png(one()))
    expect(page.get_by_test_id("digit")).to_have_text("1")
    wait_until(lambda: [row[0] for row in rows_of(app, page)] == [0, 1], what="the two rows")


def test_a_deleted_upload_leaves_the_uploader_too(app: RunningApp, page: Page) -> None:
    open_upload(page, app)
    upload(page, png(zero()))
    assert answer(page, 1) == 0
    page.get_by_role("button", name="Change").click()
    page.get_by_role("button", name="Delete").click()
    expect(toast(page, "deleted")).to_be_visible()
    expect_empty_answer(page, "Upload a picture")
    expect(rows(page)).to_have_count(0)
    assert rows_of(app, page) == []


def test_neither_undo_nor_a_key_for_the_canvas_touches_an_upload(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    said = answer(page, 1)
    say(page, said)
    draw(page, DIGITS[15][1])
    answer(page, 1)
    page.get_by_role("tab", name="Upload").click()
    upload(page, png(zero()))
    expect(preview(page)).to_be_visible()
    assert answer(page, 1) == 0
    page.get_by_test_id("says").click()
    page.keyboard.press("Backspace")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(preview(page)).to_have_count(0)
    assert [(row[1], row[3]) for row in rows_of(app, page)] == [(said, "canvas"), (None, "canvas"), (0, "upload")]
    page.get_by_role("tab", name="Draw").click()
    assert answer(page, 1) == 7, "the drawing is still on the canvas"


def test_undo_of_a_drawing_s_label_leads_back_to_the_canvas(app: RunningApp, page: Page) -> None:
    open_page(page, app.url)
    draw(page, DIGITS[0][1])
    said = answer(page, 1)
    say(page, said)
    page.get_by_role("tab", name="Upload").click()
    toast(page, "Saved").get_by_role("button", name="Undo").click()
    assert answer(page, 1) == said
    assert ink(page) > 0
    assert [row[1] for row in rows_of(app, page)] == [None]


# Pastes a file, as Ctrl+V does: the page sees the same event.
PASTE = """bytes => {
    const pasted = new DataTransfer()
    pasted.items.add(new File([new Uint8Array(bytes)], "image.png", {type: "image/png"}))
    document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: pasted, bubbles: true, cancelable: true}))
}"""
COPY = """([type, bytes]) =>
    navigator.clipboard.write([new ClipboardItem({[type]: new Blob([new Uint8Array(bytes)], {type})})])"""


def test_what_is_pasted_is_read_like_a_file(app: RunningApp, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_upload(page, app)
    at_rest(page)
    page.evaluate(PASTE, list(png(zero())))
    assert answer(page, 1) == 0
    page.evaluate(COPY, ["image/png", list(png(one()))])
    page.get_by_role("button", name="Paste", exact=True).click()
    expect(page.get_by_test_id("digit")).to_have_text("1")
    page.evaluate(COPY, ["text/plain", list(b"seven")])
    page.get_by_role("button", name="Paste", exact=True).click()
    expect_refused(page, REFUSED["clipboard"])
    assert {row[3] for row in rows_of(app, page)} == {"upload"}


# How often the page has asked for the camera, and how many of the streams that it got still run.
CAMERA = """() => {
    const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
    window.streams = []
    navigator.mediaDevices.getUserMedia = wanted => {
        const stream = original(wanted)
        stream.then(each => window.streams.push(each))
        return stream
    }
}"""
RUNNING = "streams.filter(each => each.active).length"


def test_a_photograph_is_taken_where_somebody_asks_for_the_camera_and_nowhere_else(app: RunningApp, page: Page) -> None:
    page.context.grant_permissions(["camera"])
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    open_upload(page, app)
    page.evaluate(CAMERA)
    at_rest(page)
    assert page.evaluate("streams.length") == 0
    page.get_by_role("button", name="Camera", exact=True).click()
    take = page.get_by_role("button", name="Take Photo")
    expect(take).to_be_enabled()
    wait_until(lambda: page.evaluate(RUNNING) == 1, what="the camera")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    take.click()
    taken = page.get_by_role("img", name="Your picture")  # of Chromium's camera: the digits of its clock may be read
    expect(taken.and_(page.locator(":visible")).first).to_be_visible()
    wait_until(lambda: page.evaluate(RUNNING) == 0, what="the end of the camera")
    wait_until(lambda: {row[3] for row in rows_of(app, page)} == {"camera"}, what="the row")
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(take).to_be_enabled()
    page.get_by_role("tab", name="Draw").click()
    wait_until(lambda: page.evaluate(RUNNING) == 0, what="the end of the camera")


def test_all_of_it_is_on_a_phone_s_screen(app: RunningApp, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_upload(page, app)
    upload(page, png(Image.fromarray(np.rot90(np.asarray(zero())[:, 60:240], 2))))
    assert answer(page, 1) == 0
    named = [page.get_by_role("button", name=name) for name in ("Yes, a 0", "Not a digit")]
    digits = page.get_by_role("button", name=re.compile("^It is")).all()
    assert len(digits) == 10
    parts = [rows(page), preview(page), page.locator(".reading"), *named, *digits]
    for part in parts:
        box = part.bounding_box()
        assert box is not None
        assert box["x"] >= 0 <= box["y"]
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= 740
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
