"""Take the README's pictures from the running app: `make screenshots`. Those of Review and History need MNIST."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch
from playwright.sync_api import Page, sync_playwright

from learning.dataset import load_mnist, rows
from settings import ROOT
from support.chromium import find
from support.classroom import fill, person
from support.digits import DIGITS
from support.hand import answer, at_rest, draw, open_page, say
from support.running_app import RunningApp
from support.shipped import network

FOLDER = ROOT / ".github"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = RunningApp(Path(folder), ADMIN_PASSWORD="for the pictures alone").start()
        try:
            flags = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
            browser = playwright.chromium.launch(executable_path=find(), args=flags)
            page = browser.new_page(viewport={"width": 1000, "height": 900}, device_scale_factor=1.5)
            open_page(page, app.url)
            take(page)
            take_number(page)
            labels(app)
            page = browser.new_page(viewport={"width": 1180, "height": 900}, device_scale_factor=1.2)
            take_review(page, app)
            take_history(page, app)
            take_experiments(page, app)
            forty_days(app)
            page = browser.new_page(viewport={"width": 860, "height": 1240}, device_scale_factor=1.2)
            take_insights(page, app)
            browser.close()
        finally:
            app.stop()


def take(page: Page) -> None:
    for label, strokes in (DIGITS[9], DIGITS[0], DIGITS[12], DIGITS[17]):
        draw(page, strokes)
        answer(page, len(strokes))
        say(page, label)
    draw(page, DIGITS[16][1])
    answer(page, 2)
    page.mouse.move(5, 5)
    page.locator(".toast").wait_for(state="hidden")
    page.screenshot(path=FOLDER / "draw.png")


def take_number(page: Page) -> None:
    page.reload()
    at_rest(page)
    page.get_by_role("tab", name="Number").click()
    paper = page.get_by_label("Canvas: write a number")
    paper.wait_for()
    at_rest(page)
    for place, (_, strokes) in enumerate((DIGITS[2], DIGITS[9], DIGITS[0], DIGITS[12])):
        draw(page, [[(0.02 + 0.24 * place + x / 4, 0.15 + 0.6 * y) for x, y in stroke] for stroke in strokes], paper)
        page.wait_for_timeout(1500)
    page.locator("button:has(img)").nth(1).click()
    page.mouse.move(5, 5)
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / "number.png")


def labels(app: RunningApp) -> None:
    """MNIST's digits as people's drawings: most are labelled rightly, some wrongly."""
    digits = rows(load_mnist(ROOT / "data").test, torch.arange(90))
    says = [(digit + (n % 3 == 0) * (3 + n % 4)) % 10 for n, digit in enumerate(digits.labels.tolist())]
    fill(app, network("cnn"), digits, says, [person(n % 12) for n in range(90)])


def take_review(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/review")
    page.get_by_label("Password", exact=True).fill("for the pictures alone")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_test_id("counts").wait_for()
    page.locator(".cards img").first.wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / "review.png")


def take_history(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/history")
    page.locator(".wall img").nth(40).wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / "history.png")


def take_experiments(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/experiments")
    page.locator(".stVegaLiteChart svg").nth(1).wait_for()
    page.locator(".stVegaLiteChart").last.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / "experiments.png")


# What people might have drawn and said in forty days; a better version was promoted a week ago.
FORTY_DAYS = """
SELECT setseed(0.5);
INSERT INTO model_versions (model, version, weights, sha256, metrics, parent, status)
SELECT model, 2, weights, sha256, metrics, 1, 'retired' FROM model_versions WHERE model = 'cnn';
INSERT INTO promotions (model, version, replaced, at, kind, who)
VALUES ('cnn', 2, 1, now() - interval '7 days', 'promotion', 'gate');
WITH drawn AS (
    SELECT now() - interval '40 days' * random() AS at, floor(random() * 10)::int AS read, random() < 0.6 AS says,
           1 - random() * random() * random() * 0.6 AS confidence FROM generate_series(1, 20000)
), read AS (
    SELECT *, CASE WHEN at > now() - interval '7 days' THEN 2 ELSE 1 END AS version FROM drawn
), said AS (
    SELECT *, CASE WHEN says AND random() < 0.95 + 0.02 * version THEN read
                   WHEN says THEN mod(read * 7 + 3, 10) END AS label FROM read
)
INSERT INTO predictions (drawing_id, created_at, predicted_digit, true_label, labelled_at, review, confidence,
    probabilities, digit_score, image, source, model, model_version, elapsed_ms, pen_width, size, slant)
SELECT gen_random_uuid(), at, read, label, CASE WHEN says THEN at END,
    CASE WHEN says THEN 'approved' ELSE 'unlabelled' END, confidence, array_fill(0.1::real, ARRAY[10]), 1, 'x',
    CASE WHEN random() < 0.8 THEN 'canvas' ELSE 'upload' END, 'cnn', version,
    1 + random() * random(), 0.08 + random() * 0.06, 0.3 + random() * 0.5, random() * 40 - 15
FROM said
"""


def forty_days(app: RunningApp) -> None:
    app.sql("DELETE FROM predictions")
    app.sql(FORTY_DAYS)


def take_insights(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/insights")
    page.get_by_role("heading", name="How people draw").wait_for()
    page.wait_for_timeout(3000)
    page.screenshot(path=FOLDER / "insights.png")


if __name__ == "__main__":
    main()
