"""The administrators' pages without a browser: who is let in, and that an ended session changes nothing."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

import gateway.admins
from app_pages import administration, integrity, version_actions
from feedback import jobs
from feedback.jobs import RetrainingJob
from gateway.admins import ADMIN, MAX_IDLE, Admins
from gateway.visitors import COOKIE
from learning.dataset import Mnist, rows
from learning.weights import ModelMissing
from serving import app_state
from serving.app_state import AppState
from serving.batching import Batcher
from serving.explaining import Explainer
from serving.hands import HandCache
from serving.loading import ModelLoader
from serving.nightly import NightlyCheck
from serving.page_readings import PageReadings
from serving.predictor import Predictor
from serving.reading import Reader
from serving.whole_numbers import NumberReader
from settings import ROOT, Settings, load_settings
from storage import check_log, model_store, trainings
from storage.check_log import Result
from storage.database import Database
from storage.insights import Insights
from storage.model_store import Candidate
from storage.sweeping import Sweeper
from storage.trainings import TrainingUnderWay
from storage.writer import Writer
from support.classroom import damaged, draw, nudged, person, register
from support.clock import RIGHT, Clock
from support.retrained import retrained_card
from support.running_app import wait_until
from support.shipped import card, network


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def admins(clock: Clock) -> Admins:
    return Admins(RIGHT, clock=clock)


@pytest.fixture
def state(database: Database, writer: Writer, tmp_path: Path) -> Iterator[AppState]:
    """What the pages share, on the tests' own database."""
    settings = load_settings({"DATA_DIR": str(tmp_path), "ADMIN_PASSWORD": RIGHT}, tmp_path / "no.env")
    models = ModelLoader(settings)
    batcher = Batcher(lambda frames, model, hands: models.predictor().predict_all(frames, model, hands))
    hands = HandCache(database, models)
    job, reader = RetrainingJob(database, None), Reader(batcher, writer, hands)
    models.predictor()
    yield AppState(
        settings,
        database,
        writer,
        Insights(database),
        job,
        models,
        batcher,
        hands,
        reader,
        PageReadings(reader),
        NumberReader(batcher, writer, hands),
        Explainer(models, hands, database),
        Sweeper(database, None),
        NightlyCheck(database),
    )
    batcher.close()
    job.close()
    gc.unfreeze()  # the loader hides what it finds from the collector: right for an app, not for a test run


@pytest.fixture(autouse=True)
def found_by_the_pages(state: AppState, admins: Admins, monkeypatch: pytest.MonkeyPatch) -> None:
    show(state, admins, monkeypatch)
    for name, value in (("cookies", {COOKIE: "a" * 43}), ("ip_address", None), ("url", "http://localhost:8501")):
        monkeypatch.setattr(type(st.context), name, value)  # AppTest has no browser behind it to ask


def show(state: AppState, admins: Admins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the pages find this state and these administrators."""
    monkeypatch.setattr(app_state, "get_app_state", lambda: state)
    monkeypatch.setattr(administration, "get_app_state", lambda: state)
    for module in (gateway.admins, administration, version_actions, integrity):
        monkeypatch.setattr(module, "get_admins", lambda: admins)


def opened(page: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / f"src/app_pages/{page}.py"), default_timeout=60).run()
    assert not at.exception
    return at


def sign_in(at: AppTest, password: str = RIGHT) -> AppTest:
    """Give the password; with the right one, exchange the ticket as a browser does, and run the page once more."""
    at.text_input[0].set_value(password)
    at.button[0].click()
    at.run()
    assert not at.exception
    if "ticket" in at.session_state:
        vars(type(st.context))["cookies"][ADMIN.name] = gateway.admins.get_admins().redeem(at.session_state.ticket)
        del at.session_state["ticket"]  # a page that is loaded again begins anew
        at.run()
        assert not at.exception
    return at


def button(at: AppTest, key: str) -> None:
    at.button(key=key).click()
    at.run()
    assert not at.exception


@pytest.mark.parametrize("page", ["review", "models", "experiments"])
def test_without_a_password_in_the_settings_the_page_is_closed_and_says_how_to_open_it(
    state: AppState, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(state, Admins(""), monkeypatch)
    at = opened(page)
    assert "Set `ADMIN_PASSWORD` in `.env`" in at.info[0].value
    assert len(at.text_input) + len(at.button) == 0


def test_five_wrong_passwords_lock_out_the_right_one_too() -> None:
    at = opened("review")
    for _ in range(5):
        sign_in(at, "guess")
        assert [each.value for each in at.error] == ["This password is wrong."]
    sign_in(at)
    assert [each.value for each in at.error] == ["There were too many wrong passwords: try again in 15 minutes."]
    assert at.text_input[0].label == "Password"


def learnt(database: Database, count: int = 1) -> None:
    """Versions 2 and up of the CNN beside the shipped one, kept and not promoted."""
    register(database, "cnn")
    for n in range(count):
        made = Candidate("cnn", nudged("cnn", (n + 1) / 1000), card("cnn"), 1, [], [])
        model_store.save(database, made, promote=False, reason="It is no better.")


def serving(database: Database) -> int:
    return model_store.active(database, "cnn")


def test_an_ended_session_promotes_and_rolls_back_nothing_by_an_old_click(database: Database, clock: Clock) -> None:
    learnt(database)
    at = sign_in(opened("models"))
    at.selectbox(key="chosen-cnn").set_value(2).run()
    clock.now += MAX_IDLE
    button(at, "promote-cnn-2")
    assert serving(database) == 1
    assert at.text_input[0].label == "Password"
    sign_in(at)
    at.selectbox(key="chosen-cnn").set_value(2).run()
    button(at, "promote-cnn-2")
    assert serving(database) == 2
    clock.now += MAX_IDLE
    button(at, "roll-back-cnn-2")
    assert serving(database) == 2


def said(at: AppTest) -> str:
    """All that the page says outside of tables, as it is read."""
    parts = (at.markdown, at.info, at.success, at.warning, at.error)
    return "\n".join(each.value for part in parts for each in part).replace("\\", "")


def test_with_the_database_away_no_password_is_asked_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would lead no further."""
    monkeypatch.setattr(type(database), "away", "The database cannot be reached.")
    for page in ("review", "models", "experiments"):
        at = opened(page)
        assert "The database is unavailable" in at.warning[0].value
        assert len(at.text_input) == 0


def test_no_sentence_about_a_version_is_left_over_when_another_serves(database: Database) -> None:
    register(database, "cnn")
    made = Candidate("cnn", nudged("cnn"), retrained_card("cnn"), 1, [], [])
    with trainings.only_training(database):
        number = trainings.begin(database, "cnn", "admin")
        model_store.save(database, made, promote=True, reason="It reads more.")
        trainings.end(database, number, "promoted", "It reads more.", 2)
    at = sign_in(opened("models"))
    assert at.success[0].value.endswith("Version 2 was trained and promoted. It reads more.")
    assert "promoted by the gate" in said(at)
    button(at, "roll-back-cnn-2")
    assert not at.success
    assert at.info[0].value.endswith("It reads more. Now version 1 serves.")
    at.selectbox(key="chosen-cnn").set_value(1).run()
    assert "an administrator rolled back to it" in said(at)
    at.selectbox(key="chosen-cnn").set_value(2).run()
    assert "Rolled back, to version 1" in said(at)
    button(at, "promote-cnn-2")
    assert at.success[0].value.endswith("It reads more.")
    assert "Rolled back" not in said(at)


def test_a_version_that_the_gate_refused_and_an_administrator_promoted_is_said_to_serve(database: Database) -> None:
    learnt(database)
    with trainings.only_training(database):
        trainings.end(database, trainings.begin(database, "cnn", "auto"), "rejected", "It is no better.", 2)
    at = sign_in(opened("models"))
    assert at.warning[0].value.endswith("Version 2 was trained and not promoted. It is no better.")
    at.selectbox(key="chosen-cnn").set_value(2).run()
    button(at, "promote-cnn-2")
    assert at.info[0].value.endswith("It is no better. An administrator promoted it since.")


def test_a_change_from_elsewhere_has_the_page_drawn_again(database: Database) -> None:
    learnt(database)
    at = sign_in(opened("models"))
    shown = at.session_state.shown
    model_store.promote(database, "cnn", 2, "admin")
    at.run()
    assert at.session_state.shown != shown
    assert at.button(key="roll-back-cnn-2").label == "Roll back to version 1"


def test_new_labels_are_told_by_what_they_are_for(database: Database, writer: Writer, mnist: Mnist) -> None:
    register(database, "cnn")
    at = sign_in(opened("models"))
    assert "No approved label is new to it." in said(at)
    digits = rows(mnist.test, torch.arange(10))
    for name in ("first", "again"):
        people = [person(f"{name} {n}") for n in range(10)]
        draw(writer, network("cnn"), digits, digits.labels.tolist(), people, "cnn")
    at.run()
    assert "20 approved labels are new to it: " in said(at)
    assert "10 the same picture with the same label again." in said(at)


def test_rolling_back_goes_one_step_however_often_it_was_clicked_on(database: Database) -> None:
    learnt(database, 2)
    for version in (2, 3):
        model_store.promote(database, "cnn", version, "admin")
    at = sign_in(opened("models"))
    model_store.roll_back(database, "cnn", "admin")  # somebody else was faster
    button(at, "roll-back-cnn-3")
    assert serving(database) == 2
    assert "Version 2 serves now, so nothing was rolled back." in [each.value for each in at.error]
    button(at, "roll-back-cnn-2")
    assert serving(database) == 1
    assert not [each for each in at.button if str(each.key).startswith("roll-back")], "there is nothing to go back to"


def test_a_damaged_version_is_neither_promoted_nor_rolled_back_to_and_the_reason_is_shown(database: Database) -> None:
    def damage(version: int, column: str, value: object) -> None:
        with database.transaction() as cursor:
            cursor.execute(f"UPDATE model_versions SET {column} = %s WHERE version = %s", (value, version))  # noqa: S608

    learnt(database, 2)
    damage(2, "metrics", json.dumps(card("cnn").to_json() | {"temperature": -1}))
    damage(3, "weights", damaged(nudged("cnn", 0.002)))
    at = sign_in(opened("models"))
    why = {2: "temperature is wrong: input should be greater", 3: "do not have the checksum that belongs to them"}
    for version, reason in why.items():
        at.selectbox(key="chosen-cnn").set_value(version).run()
        button(at, f"promote-cnn-{version}")
        assert serving(database) == 1
        assert reason in at.error[0].value
    at.selectbox(key="chosen-cnn").set_value(2).run()
    assert "This version cannot serve, because its model card is damaged." in said(at)
    model_store.promote(database, "cnn", 3, "admin")  # as a release before this one could
    model_store.promote(database, "cnn", 1, "admin")
    at.run()
    button(at, "roll-back-cnn-1")
    assert serving(database) == 1
    assert why[3] in at.error[0].value


def test_a_session_that_ends_while_a_training_is_watched_is_asked_for_the_password(
    database: Database, clock: Clock
) -> None:
    register(database, "cnn")
    at = sign_in(opened("models"))
    assert at.selectbox(key="chosen-cnn")
    clock.now += MAX_IDLE
    at.run()
    assert at.text_input[0].label == "Password"
    assert not [each for each in at.selectbox if each.key == "chosen-cnn"]


def test_a_training_that_cannot_begin_is_said_at_the_head_of_the_page(
    state: AppState, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(min_labels: int, who: str) -> None:
        raise TrainingUnderWay(f"A training for {who} of {min_labels} labels is running.")

    register(database, "cnn")
    at = sign_in(opened("models"))
    monkeypatch.setattr(state.retraining, "start", refuse)
    (retrain,) = [each for each in at.button if each.label == "Retrain the CNN"]
    retrain.click()
    at.run()
    assert not at.exception
    assert [each.value for each in at.error] == ["A training for admin of 50 labels is running."]


def test_a_training_without_a_result_is_shown_until_there_is_a_newer_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(database, "cnn")
    said = "import json, sys; print(json.dumps({'reason': 'The disk is full.'})); sys.exit(2)"
    process = subprocess.Popen([sys.executable, "-c", said], stdout=subprocess.PIPE, text=True)
    monkeypatch.setattr(jobs, "run_in_background", lambda *_, **__: process)
    job = app_state.get_app_state().retraining
    job.start(50, "admin")
    wait_until(lambda: job.error_after(None), what="the error")
    at = sign_in(opened("models"))
    assert [each.value for each in at.error] == ["The last training had no result. The disk is full."]
    trainings.end(database, trainings.begin(database, "cnn", "auto"), "refused", "Too few.")
    at.run()
    assert not at.error
    assert "Too few." in at.info[0].value


def test_what_prevents_a_model_from_serving_is_said(
    state: AppState, admins: Admins, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "cnn.pt is damaged or of another kind: run `python src/train_model.py`."

    def fail(_settings: Settings) -> Predictor:
        raise ModelMissing(sentence)

    models = ModelLoader(state.settings, load=fail)
    models.load_now()
    models.wait(30)
    show(replace(state, models=models), admins, monkeypatch)
    register(database, "cnn")
    at = sign_in(opened("models"))
    assert sentence in [each.value for each in at.warning]


def test_the_models_page_says_what_the_self_check_found_and_starts_another(
    state: AppState, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Covers src/app_pages: integrity."""
    with database.transaction() as cursor:
        cursor.execute("TRUNCATE self_checks")
    register(database, "cnn")
    asked: list[str] = []
    monkeypatch.setattr(state.self_check, "start", asked.append)
    at = sign_in(opened("models"))
    assert "No self-check has ended yet" in said(at)
    button(at, "self-check")
    assert asked == ["admin"]
    for findings in (["3 pictures cannot be decoded (in the table predictions, id 1, 2, 3)."], []):
        number, reached = check_log.begin(database, "nightly")
        check_log.end(database, number, Result(findings, 5000, 1, 2, reached))
        at.run()
        assert "looked at 5,000 drawings one by one" in said(at)
        assert "the tallies of 1 day hour by hour" in said(at)
        assert ("Nothing was wrong." in said(at)) == (not findings)
        assert all(each in said(at) for each in findings)
    with database.transaction() as cursor:
        cursor.execute("UPDATE self_checks SET finished_at = now() - interval '3 days'")
    at.run()
    assert "No self-check has ended for more than two days" in said(at)


def test_without_trainings_the_experiments_page_says_where_they_come_from(database: Database) -> None:
    at = sign_in(opened("experiments"))
    assert "start a training on the Models page" in at.info[0].value
    register(database, "cnn")
    at.run()
    assert not at.exception
    assert not at.info
    assert "There is one training so far." in said(at)
    register(database, "linear")
    at.run()
    at.multiselect(key="compared").set_value(at.multiselect(key="compared").value[:1]).run()
    assert at.info[0].value == "Choose two trainings or more."
