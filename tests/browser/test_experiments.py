"""The Experiments page in the browser: an administrator finds every training, and compares two of them.

Covers src/app_pages: experiments, experiment_words.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2.extensions
import pytest
from playwright.sync_api import Browser, expect

from learning.registry import MODELS
from storage import trainings
from storage.database import Database
from storage.embedded import EmbeddedServer
from support.accessibility import violations
from support.administrators import assert_readable, choose, open_as_admin, phone
from support.hand import at_rest
from support.outage import Known
from support.retrained import retrained_card
from support.running_app import RunningApp, wait_until

ACCURACIES = (0.9905, 0.9931, 0.9952, 0.9958)


@pytest.fixture
def trained(separate: tuple[RunningApp, EmbeddedServer]) -> Iterator[RunningApp]:
    """An app whose own two trainings are stored, and a dry run that differs from them."""
    app, _ = separate
    wait_until(lambda: app.sql("SELECT count(*)::int FROM model_versions")[0][0] >= 2, 60, "its own versions")
    database = Database(Known(psycopg2.extensions.make_dsn(host=app.socket_dir(), user="postgres", dbname="digits")))
    database.open()
    assert database.wait_until_ready(60)
    epochs = tuple({"epoch": n, "loss": 0.2 / n, "validation_accuracy": right} for n, right in enumerate(ACCURACIES, 1))
    knobs = {"knobs": MODELS["cnn"].fine_tuning.as_dict(), "history": epochs, "labels_sha256": "3f2a9c01" * 8}
    card = retrained_card("cnn").model_copy(update=knobs)
    with trainings.only_training(database):
        trainings.end(
            database, trainings.begin(database, "cnn", "admin"), "dry run", "Dry run: it is better.", card=card
        )
        trainings.end(database, trainings.begin(database, "cnn", "auto"), "failed", "The training failed.")
    yield app
    app.sql("TRUNCATE retrainings")
    database.close(stop_server=False)


def test_an_administrator_compares_two_trainings_on_a_phone_in_the_dark(trained: RunningApp, browser: Browser) -> None:
    page = phone(browser, "dark")
    open_as_admin(page, trained, "experiments")
    listed = page.get_by_role("region", name="Trainings", exact=True)
    expect(listed.locator("tr", has_text="dry run: not kept")).to_contain_text("53 new, 0 earlier · 3f2a9c01")
    expect(listed.locator("tr", has_text="failed").first).to_contain_text("the app itself")
    expect(listed.locator("tr", has_text="CNN, version 1")).to_contain_text("trained from scratch; serves now")
    knobs = page.get_by_role("region", name="Knobs that differ")
    recipes = MODELS["cnn"].recipe, MODELS["cnn"].fine_tuning
    for knob in ("epochs", "lr"):
        row = knobs.get_by_role("row", name=knob, exact=False).first
        for recipe in recipes:
            expect(row).to_contain_text(str(getattr(recipe, knob)))
    expect(knobs.get_by_role("rowheader", name="batch_size")).to_have_count(0)
    choose(page, "Trainings to compare", "Linear, version 1")
    page.keyboard.press("Escape")
    expect(knobs.get_by_role("rowheader", name="batch_size")).to_be_visible()
    at_rest(page)
    expect(page.get_by_role("region", name="Figures")).to_contain_text("90.00 % → 94.00 %")
    for chart in ("Loss of each epoch", "Validation accuracy of each epoch"):
        expect(page.locator(f'.stVegaLiteChart[aria-label^="{chart}. CNN, training "]')).to_be_visible()
    page.get_by_text("As a table").last.click()
    behind = page.get_by_role("region", name="Validation accuracy of each epoch, as a table")
    expect(behind.get_by_role("row").nth(4)).to_contain_text("99.58 %")
    assert_readable(page, "h1, h2, h3, .quiet, .trainings td, .compared td, .behind td, .chart-note", 60)
    assert violations(page) == []
    page.context.close()
