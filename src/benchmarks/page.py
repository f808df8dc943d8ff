"""The Draw page in a real Chromium: how soon it can be drawn on and answers, and what fits on a phone's screen.

The app is started on a folder of its own; the browser and the app share the cores.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.drawings import Drawing, generated
from benchmarks.load_test import running_app
from settings import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

Stroke = list[tuple[float, float]]

POINTS = 40  # of a drawing's stroke
PHONES = ((360, 740), (390, 844))
OURS = ("answer.html", "because.html", "answer.css", "draw.css", "indicator.js")
SCRIPTS = ("answer_canvas.js", "answer_paint.js", "answer_why.js", "memory.js", "toast.js", "answer.js")
MOVING = 3.0  # seconds that the pen is kept moving
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]

# Milliseconds from each pen-up to the frame after its answer was painted.
WATCH = """() => {
    const find = selector => {
        const look = root => root.querySelector(selector)
            ?? [...root.querySelectorAll("*")].map(node => node.shadowRoot && look(node.shadowRoot)).find(Boolean)
        return look(document)
    }
    window.waits = []
    let up = null
    document.addEventListener("pointerup", () => (up = performance.now()), true)
    new MutationObserver(() => {
        if (up === null) return
        const since = up
        up = null
        requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - since)))
    }).observe(find("[data-testid=digit]"), {attributeFilter: ["data-strokes"]})
}"""
CANVAS = "canvas.upper-canvas"  # the last one: for a moment the one before may still be there
CLEAR = ".st-key-tool-clear button:not([disabled])"


class NoBrowser(OSError):
    """There is no Playwright, or no Chromium."""


@dataclass(frozen=True)
class Found:
    """Milliseconds, bytes, answers a second while the pen moves, and what each phone's screen does not hold."""

    usable: float
    loaded_bytes: int
    our_bytes: int
    pen_up: list[float]
    answers_a_second: float
    outside: dict[tuple[int, int], list[str]]


def measure(count: int, chromium: str) -> Found:
    """Draw `count` generated digits. Raises NoBrowser, and AppFailed as the load test does."""
    some = [_stroke(drawing) for drawing in generated(count).drawings]
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder)) as (port, _), _browser(chromium) as browser:
        url = f"http://127.0.0.1:{port}/"
        _first_load(browser, url)  # the app's own first page takes longer than any other
        usable, loaded = _first_load(browser, url)
        page = _open(browser, url, (1440, 900))
        pen_up = _pen_up(page, some)
        moving = _answers_a_second(page, some[0])
        outside = {size: _outside(_open(browser, url, size), some[0]) for size in PHONES}
    ours = sum((ROOT / "src/app_pages" / name).stat().st_size for name in (*OURS, *SCRIPTS))
    return Found(usable, loaded, ours, pen_up, moving, outside)


def _stroke(drawing: Drawing) -> Stroke:
    """A generated digit as one stroke within the canvas, x and y as fractions (0-1) of its side."""
    points = np.concatenate(drawing)
    points = points[np.linspace(0, len(points) - 1, POINTS).astype(int)]
    low, size = points.min(0), np.ptp(points, axis=0).max()
    fitted = (points - low) / size * 0.7 + 0.15
    return [(float(x), float(y)) for x, y in fitted]


@contextmanager
def _browser(chromium: str) -> Iterator[Browser]:
    try:
        from playwright.sync_api import Error, sync_playwright  # among the development requirements alone
    except ImportError as error:
        raise NoBrowser("page needs Playwright and a Chromium: run `make install-dev`.") from error
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=chromium or None, args=FLAGS)
        except Error as error:
            raise NoBrowser("Chromium does not start: name yours with --chromium /usr/bin/chromium.") from error
        yield browser
        browser.close()


def _open(browser: Browser, url: str, size: tuple[int, int]) -> Page:
    """The page, ready to be drawn on, for a new visitor."""
    page = browser.new_context(viewport={"width": size[0], "height": size[1]}).new_page()
    page.goto(url)
    page.locator(CANVAS).last.wait_for()
    page.locator("[data-testid=digit]").wait_for()
    return page


def _first_load(browser: Browser, url: str) -> tuple[float, int]:
    """Milliseconds until there is a canvas, with an empty cache, and the bytes that came until then."""
    page = browser.new_context().new_page()
    network: CDPSession = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(url)
    page.locator(CANVAS).last.wait_for()
    usable = float(page.evaluate("performance.now()"))
    page.context.close()
    return usable, sum(sizes)


def _pen_up(page: Page, some: Sequence[Stroke]) -> list[float]:
    """Milliseconds from pen-up to the painted answer, of each drawing."""
    page.evaluate(WATCH)
    for number, stroke in enumerate(some, 1):
        _draw(page, stroke)
        page.wait_for_function("number => window.waits.length >= number", arg=number)
        page.locator(CLEAR).click()
        page.locator('[data-testid=digit][data-strokes="0"]').wait_for()
        page.wait_for_timeout(300)  # for a moment the last canvas is still there; nobody draws as fast as that
    waits: list[float] = page.evaluate("window.waits")
    return waits


def _draw(page: Page, stroke: Stroke) -> None:
    box = page.locator(CANVAS).last.bounding_box() or {"x": 0, "y": 0, "width": 1, "height": 1}
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def _answers_a_second(page: Page, stroke: Stroke) -> float:
    """How many answers come while the pen moves over the canvas."""
    box = page.locator(CANVAS).last.bounding_box() or {"x": 0, "y": 0, "width": 1, "height": 1}
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    answers: list[str] = []
    page.on("requestfinished", lambda request: answers.append(request.url))
    start, step = time.perf_counter(), 0
    while (seconds := time.perf_counter() - start) < MOVING:
        x, y = stroke[step % len(stroke)]
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(16)
        step += 1
    page.mouse.up()
    return sum(url.endswith("/api/strokes") for url in answers) / seconds


def _outside(page: Page, stroke: Stroke) -> list[str]:
    """What of canvas, answer and buttons lies outside the screen once a digit is drawn."""
    _draw(page, stroke)
    page.locator('[data-testid=digit][data-strokes="1"]').wait_for()
    parts = {"canvas": CANVAS, "answer": ".reading", "yes": ".yes", "not a digit": ".none"}
    parts |= {f"button {digit}": f".bars button:nth-child({digit + 1})" for digit in range(10)}
    size = page.viewport_size or {"width": 0, "height": 0}
    boxes = {name: page.locator(selector).bounding_box() for name, selector in parts.items()}
    page.context.close()
    return [
        name
        for name, box in boxes.items()
        if not box
        or min(box["x"], box["y"]) < 0
        or box["x"] + box["width"] > size["width"]
        or box["y"] + box["height"] > size["height"]
    ]


def table(found: Found) -> list[list[str]]:
    """The rows of the README's table."""
    p50, p95 = np.percentile(found.pen_up, (50, 95))
    rows = [["the Draw page", "measured"]]
    rows.append(
        ["first load to a canvas, empty cache", f"{found.usable / 1e3:.2f} s, {found.loaded_bytes / 1e6:.1f} MB"]
    )
    rows.append(["of that our own files", f"{found.our_bytes / 1e3:.0f} kB"])
    rows.append(["pen-up to the painted answer, p50 / p95", f"{p50:.0f} / {p95:.0f} ms"])
    rows.append(["answers a second while the pen moves", f"{found.answers_a_second:.1f}"])
    for (width, height), outside in found.outside.items():
        rows.append([f"outside a screen of {width} x {height}", ", ".join(outside) or "nothing"])
    return rows
