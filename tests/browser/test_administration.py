"""The way in, and Models, as an administrator meets them in the browser, each click checked in the database.

Covers src/app_pages: administration, models, versions, version_actions, version_figures, comparing, pictures, style.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
import psycopg2.extensions
import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from feedback.retraining import Plan, retrain
from learning.dataset import Mnist, as_input, rows
from learning.registry import MODELS
from learning.weights import checksum, load_network
from logger import statements
from storage import model_store, trainings
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.labels import Rules
from storage.model_store import Candidate
from storage.spool import Spool
from storage.writer import Writer
from support.administrators import assert_readable, choose, open_as_admin, phone, sign_in
from support.classroom import draw, hasten, nudged, person, small
from support.hand import at_rest
from support.outage import Known
from support.running_app import SESAME, RunningApp, wait_until
from support.shipped import card, network

QUICK = replace(MODELS["linear"].fine_tuning, epochs=1, lr=1e-5)


class Taught(NamedTuple):
    """An app, and a way into its database."""

    app: RunningApp
    database: Database


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, mnist: Mnist) -> Iterator[Taught]:
    """An app with a password, labels of ten people, and a linear model that has learnt from them."""
    folder = tmp_path_factory.mktemp("school")
    app = RunningApp(folder, ADMIN_PASSWORD=SESAME).start()
    database = Database(Known(psycopg2.extensions.make_dsn(host=app.socket_dir(), user="postgres", dbname="digits")))
    database.open()
    assert database.wait_until_ready(60)
    writer = Writer(database, Spool(folder / "tests.sqlite"), statements(Rules()))
    writer.open()
    digits = rows(mnist.test, torch.arange(60))
    draw(writer, network("cnn"), digits, digits.labels.tolist(), [person(n % 10) for n in range(60)], "cnn")
    with pytest.MonkeyPatch.context() as patch:
        hasten(patch)
        retrain(database, small(mnist, 2000, 500, 200), Plan("linear", 1, config=QUICK, who="admin"))
    worse = Candidate("linear", nudged("linear", 0.5), card("linear"), 1, [], [])
    model_store.save(database, worse, promote=False, reason="It reads <b>fewer</b> digits.")
    digits = rows(mnist.test, torch.arange(60, 100))
    wrong = [(digit + 5) % 10 for digit in digits.labels.tolist()]
    draw(writer, network("cnn"), digits, wrong, [person(f"wrong {n % 4}") for n in range(40)], "cnn")
    app.sql("CREATE TABLE before AS SELECT * FROM predictions")
    yield Taught(app, database)
    writer.close()
    database.close(stop_server=False)
    app.stop()


@pytest.fixture
def school(taught: Taught) -> Iterator[RunningApp]:
    """That app; its labels, and the version that serves, are in the end what they were."""
    yield taught.app
    taught.app.sql(
        "UPDATE predictions p SET true_label = b.true_label, review = b.review, review_reason = b.review_reason, "
        "reviewer = b.reviewer FROM before b WHERE b.id = p.id"
    )
    if model_store.active(taught.database, "linear") != 2:
        model_store.promote(taught.database, "linear", 2, "admin")


# --- The way in -------------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_refused_a_right_one_lasts_over_a_reload_and_a_sign_out_ends_it(
    school: RunningApp, page: Page, browser: Browser
) -> None:
    page.goto(f"{school.url}/review")
    sign_in(page, "open barley")
    expect(page.get_by_text("This password is wrong.")).to_be_visible()
    expect(page.get_by_test_id("counts")).to_have_count(0)
    sign_in(page, SESAME)
    expect(page.get_by_test_id("counts")).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("counts")).to_be_visible()
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("button", name="Retrain the CNN")).to_be_visible()

    stranger = browser.new_context().new_page()
    stranger.goto(f"{school.url}/review")
    expect(stranger.get_by_label("Password", exact=True)).to_be_visible()
    expect(stranger.get_by_test_id("counts")).to_have_count(0)
    stranger.context.close()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    assert SESAME not in school.log.read_text()


def test_without_a_password_in_the_settings_the_pages_are_closed(app: RunningApp, page: Page) -> None:
    for path in ("review", "models", "experiments"):
        page.goto(f"{app.url}/{path}")
        expect(page.get_by_text("it is closed because no password is set")).to_be_visible()
        expect(page.get_by_label("Password", exact=True)).to_have_count(0)


# --- Models -----------------------------------------------------------------------------------------------------------


def open_linear(page: Page, app: RunningApp) -> None:
    open_as_admin(page, app, "models")
    page.get_by_text("Linear", exact=True).click()
    expect(page.locator(".scroll td b", has_text="3")).to_be_visible()
    at_rest(page)


def look_at(page: Page, version: int) -> None:
    choose(page, "Details of a version", f"{version} ·")
    expect(page.get_by_role("button", name=f"Promote version {version}")).to_be_visible()


def status_of(app: RunningApp, version: int) -> str:
    query = "SELECT status FROM model_versions WHERE model = 'linear' AND version = %s"
    return str(app.sql(query, version)[0][0])


def test_a_version_is_promoted_and_rolled_back_and_the_app_reads_with_it(school: RunningApp, page: Page) -> None:
    open_linear(page, school)
    row = page.locator(".scroll tr", has_text="active")
    figures = school.sql("SELECT metrics FROM model_versions WHERE model = 'linear' AND version = 2")[0][0]
    expect(row).to_contain_text(str(figures["labels_used"]))
    for when in ("before", "after"):
        expect(row).to_contain_text(f"{figures[when]['validation']['accuracy'] * 100:.2f} %")
    look_at(page, 2)
    expect(page.get_by_role("table", name="Confusion matrix")).to_be_visible()
    reliability = page.get_by_role("img", name="Reliability:")
    expect(reliability.locator(".up span")).to_have_text(["0 %", "25 %", "50 %", "75 %", "100 %"])
    expect(reliability.locator(".across span")).to_have_text(["0 %", "25 %", "50 %", "75 %", "100 %"])
    gained = page.get_by_role("region", name="Gained and lost")
    expect(gained.locator("tr", has_text="MNIST validation digits")).to_contain_text("may lose 0.05 points")
    expect(gained.locator("tr", has_text="held-out labels")).to_contain_text("gained")
    counts = [int(count) for count in page.locator(".account td").all_inner_texts()]
    assert counts[0] == sum(counts[1:]) == 60, "each approved label has its place"
    expect(page.locator(".scroll").get_by_text("It reads <b>fewer</b> digits.")).to_be_visible()
    look_at(page, 3)
    page.get_by_role("button", name="Promote version 3 anyway").click()
    expect(page.get_by_text("Version 3 serves: every running app")).to_be_visible()
    assert (status_of(school, 2), status_of(school, 3)) == ("retired", "active")
    wait_until(lambda: '"linear","model_version":3,"active":true' in school.text("/api/models"), 30, "the swap")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Version 2 serves again, instead of version 3")).to_be_visible()
    assert status_of(school, 3) == "active", "it asks first"
    page.get_by_role("button", name="Roll back to version 2").click()
    expect(page.get_by_text("Version 2 serves again.")).to_be_visible()
    expect(page.get_by_role("button", name="Roll back to version 1")).to_have_count(0)
    expect(row).to_contain_text("an administrator rolled back to it")
    assert (status_of(school, 2), status_of(school, 3)) == ("active", "retired")
    wait_until(lambda: '"linear","model_version":2,"active":true' in school.text("/api/models"), 30, "the swap back")
    assert '"linear","model_version":3,"active":false,"status":"retired"' in school.text("/api/models")


def test_weights_and_onnx_are_downloaded_as_they_are_stored(school: RunningApp, page: Page, mnist: Mnist) -> None:
    open_linear(page, school)
    look_at(page, 2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Weights (.pt)").click()
    assert download.value.suggested_filename == "linear-2.pt"
    weights = Path(download.value.path()).read_bytes()
    stored = school.sql("SELECT sha256 FROM model_versions WHERE model = 'linear' AND version = 2")[0][0]
    assert hashlib.sha256(weights).hexdigest() == stored
    page.get_by_role("button", name="Make ONNX").click()
    save = page.get_by_role("button", name="Save the ONNX file")
    expect(save).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        save.click()
    session = onnxruntime.InferenceSession(Path(download.value.path()).read_bytes())
    images = as_input(mnist.test.images[:16])
    with torch.inference_mode():
        expected = load_network("linear", weights, checksum(weights))(images).numpy()
    assert np.allclose(session.run(None, {"image": images.numpy()})[0], expected, atol=1e-4)


def test_two_versions_are_compared_on_the_newest_labels(school: RunningApp, page: Page) -> None:
    open_linear(page, school)
    page.get_by_role("button", name="Compare").click()
    drawings = school.sql("SELECT count(*)::int FROM predictions WHERE review = 'approved'")[0][0]
    expect(page.get_by_text(f"Of {drawings} drawings with approved labels, version 2 reads")).to_be_visible()


def test_the_retrain_button_starts_a_training_and_says_if_it_comes_to_nothing(school: RunningApp, page: Page) -> None:
    """It is killed at once: what it does at length is tested where it need not wait for a busy machine."""
    open_as_admin(page, school, "models")
    least = page.get_by_role("spinbutton", name="At least so many new labels")
    least.fill("5000")
    least.press("Enter")
    at_rest(page)
    page.get_by_role("button", name="Retrain the CNN").click()
    (training,) = wait_until(lambda: school.children("retrain_model.py"), 30, "the training")
    assert training.cmdline()[-4:] == ["--min-labels", "5000", "--who", "admin"]
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("The training process is starting.")).to_be_visible()
    expect(page.get_by_role("button", name="Retrain the CNN")).to_be_disabled()
    training.kill()
    expect(page.get_by_text("The last training had no result. The training ended early")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("button", name="Retrain the CNN")).to_be_enabled()


def test_a_training_anywhere_shows_how_far_it_is_and_how_it_ended(taught: Taught, page: Page) -> None:
    """What a training writes is written here: another replica's would look the same."""
    database = taught.database
    open_as_admin(page, taught.app, "models")
    with trainings.only_training(database):
        number = trainings.begin(database, "cnn", "auto")
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_role("button", name="Retrain the CNN")).to_be_disabled()
        trainings.note(database, number, "training", 0.4, "Epoch 2 of 4.")
        expect(page.get_by_text("40 % · Training: Epoch 2 of 4.")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
        trainings.end(database, number, "refused", "There are 0 new approved labels; 50 are needed.")
    expect(page.get_by_text("Nothing was trained")).to_contain_text("50 are needed.")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("button", name="Retrain the CNN")).to_be_enabled()


# --- Looks ------------------------------------------------------------------------------------------------------------

TEXTS = (
    "h1, h2, h3, .tally span, .story p, .drawing p, .quiet, .scroll td, .scroll th, .digits td, .confusion td, "
    ".account td, .reliability span"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_on_a_phone_and_every_text_stands_out(school: RunningApp, browser: Browser, scheme: str) -> None:
    page = phone(browser, scheme)
    open_as_admin(page, school, "models")
    page.get_by_text("Linear", exact=True).click()
    expect(page.get_by_role("table", name="Confusion matrix")).to_be_visible()
    assert_readable(page, TEXTS, 100)
    page.context.close()


# --- The database away ------------------------------------------------------------------------------------------------


def test_with_the_database_away_both_pages_say_so_and_go_on_when_it_is_back(
    page: Page, browser: Browser, separate: tuple[RunningApp, EmbeddedServer]
) -> None:
    app, server = separate
    open_as_admin(page, app, "review")
    expect(page.get_by_text("Nothing is waiting.")).to_be_visible()
    stranger = browser.new_context().new_page()
    server.stop()
    stranger.goto(f"{app.url}/review")
    expect(stranger.get_by_text("The database is unavailable")).to_be_visible()
    expect(stranger.get_by_label("Password", exact=True)).to_have_count(0)
    page.reload()
    expect(page.get_by_text("The database is unavailable")).to_be_visible()
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    expect(page.get_by_text("The database is unavailable")).to_be_visible()
    assert "Traceback" not in page.inner_text("body")
    server.start()
    expect(page.get_by_role("button", name="Retrain the CNN")).to_be_visible()
    expect(stranger.get_by_label("Password", exact=True)).to_be_visible()
    stranger.context.close()
