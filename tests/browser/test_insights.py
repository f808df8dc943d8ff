"""The Insights page in a browser: empty, with drawings, and narrow in the dark.

Covers src/app_pages: insights.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from support.accessibility import violations
from support.administrators import choose
from support.hand import at_rest
from support.running_app import RunningApp

FILL = """
INSERT INTO predictions (drawing_id, created_at, predicted_digit, true_label, labelled_at, review, confidence,
    probabilities, digit_score, image, source, model, model_version, elapsed_ms, pen_width, size, slant)
SELECT gen_random_uuid(), now() - n * interval '10 minutes', mod(n, 10), label,
    CASE WHEN label IS NOT NULL THEN now() END, CASE WHEN label IS NULL THEN 'unlabelled' ELSE 'approved' END,
    0.9, array_fill(0.1::real, ARRAY[10]), 1, 'x', 'canvas', 'cnn', 1, 2, 0.1, 0.5, mod(n, 30)
FROM generate_series(0, 999) AS n,
    LATERAL (SELECT CASE WHEN mod(n, 2) = 0 THEN mod(n + mod(n, 20) / 18, 10) END) AS said (label)
"""  # of every ten labels, one says that the reading was wrong


# Accuracy over time, confusion, each digit, reliability, what and where from, and four measures.
CHARTS = 10


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    app = RunningApp(tmp_path_factory.mktemp("insights")).start()
    yield app
    app.stop()


def charts(page: Page) -> Locator:
    return page.locator("[data-testid=stVegaLiteChart] svg")


def tile(page: Page, name: str) -> Locator:
    return page.locator(".tile").filter(has=page.get_by_text(name, exact=True)).locator("dd")


def test_it_begins_empty_and_counts_what_comes(own: RunningApp, page: Page) -> None:
    page.goto(f"{own.url}/insights")
    expect(page.get_by_text("Nothing was drawn in this time. Draw a digit")).to_be_visible()
    expect(page.get_by_role("link", name="Draw a digit")).to_be_visible()
    own.sql(FILL)
    page.reload()
    expect(tile(page, "Drawings")).to_have_text("1,000in 30 days")
    expect(tile(page, "Read right")).to_contain_text("90.0\u00a0%")
    expect(charts(page)).to_have_count(CHARTS)
    page.get_by_text("As a table").nth(1).click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(11)
    choose(page, "Time", "24 hours")
    expect(tile(page, "Drawings")).to_contain_text("in 24 hours")
    expect(tile(page, "Drawings")).not_to_contain_text("1,000")


def test_on_a_phone_in_the_dark_it_fits_and_axe_finds_nothing(own: RunningApp, page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{own.url}/insights")
    expect(charts(page)).to_have_count(CHARTS)
    at_rest(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
