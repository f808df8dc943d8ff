"""Which version serves: the active one, soon after it is, without a reading that fails, and never a damaged one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from learning.dataset import Mnist
from learning.weights import SHIPPED_DIR
from serving import watcher
from serving.predictor import Predictor, load_predictor
from serving.watcher import Watcher
from storage import model_store
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.experiments import experiments
from storage.model_store import Candidate
from support.classroom import damaged, nudged, register
from support.running_app import wait_until
from support.shipped import card, shipped

SOON = 20  # seconds; the promise is 2, kept by the test below where the machine is not busy


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher ends within one of its looks: a second for each test here."""
    monkeypatch.setattr(watcher, "POLL_INTERVAL", 0.1)


@pytest.fixture
def predictor() -> Predictor:
    return load_predictor(SHIPPED_DIR)


@pytest.fixture
def watching(database: Database, predictor: Predictor) -> Iterator[Watcher]:
    """A watcher at work over both networks, their shipped weights stored."""
    working = Watcher(database, predictor, [shipped("cnn"), shipped("linear")])
    working.open()
    wait_until(lambda: len(model_store.versions(database)) == 2, what="the shipped weights stored")
    yield working
    working.close()


def learnt(database: Database, weights: bytes | None = None, model: str = "linear") -> int:
    """A version beside the shipped one, which does not serve yet."""
    made = Candidate(model, weights or nudged(model), card(model), 1, [], [])
    return model_store.save(database, made, promote=False, reason="")[0]


def serving(predictor: Predictor, model: str = "linear") -> int:
    return predictor.models[model].info.version


def test_a_promotion_and_a_rollback_reach_the_predictor(
    database: Database, predictor: Predictor, watching: Watcher
) -> None:
    assert learnt(database) == 2
    seconds = [swap(database, predictor, version) for version in (2, 1, 2, 1)]
    assert min(seconds) < 2, f"the swaps took {seconds} s"
    assert serving(predictor, "cnn") == 1
    assert not watching.refusals


def swap(database: Database, predictor: Predictor, version: int) -> float:
    """Promote version 2, or roll back to version 1; the seconds until it serves."""
    start = time.monotonic()
    if version == 2:
        model_store.promote(database, "linear", 2, "admin")
    else:
        model_store.roll_back(database, "linear", "admin")
    wait_until(lambda: serving(predictor) == version, SOON, "the swap")
    return time.monotonic() - start


def test_a_change_that_nobody_announced_is_found(database: Database, predictor: Predictor, watching: Watcher) -> None:
    learnt(database)
    with database.transaction() as cursor:
        cursor.execute("UPDATE model_versions SET status = 'retired' WHERE model = 'linear' AND version = 1")
        cursor.execute("UPDATE model_versions SET status = 'active' WHERE model = 'linear' AND version = 2")
    wait_until(lambda: serving(predictor) == 2, SOON, "the swap")


def test_readings_go_on_through_ten_swaps_and_each_is_of_one_version(
    database: Database, predictor: Predictor, watching: Watcher, mnist: Mnist
) -> None:
    """Every answer is that of one whole version: the one whose number it carries."""
    learnt(database, nudged("linear", by=0.3))
    frames = mnist.test.images[:20, 0].numpy()
    answers: list[tuple[int, int, tuple[float, ...]]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            for n, frame in enumerate(frames):
                prediction = predictor.predict(frame, "linear")
                answers.append((n, prediction.model_version, prediction.probabilities))

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for version in (2, 1) * 5:
            swap(database, predictor, version)
        done.set()
        for reader in readers:
            reader.result()  # raises what it met
    assert {version for _, version, _ in answers} == {1, 2}
    assert len(set(answers)) == 2 * len(frames), "some answer came from neither version"


WHY = {
    "bytes": "The weights of linear do not have the checksum that belongs to them.",
    "checksum": "The weights of linear do not have the checksum that belongs to them.",
    "shape": "The weights of linear do not fit its network.",
    "numbers": "The weights of linear are not finite numbers.",
    "card": "Version {bad} of linear has a damaged card. The model card's architecture is wrong: field required.",
    "temperature": "Version {bad} of linear has a damaged card. The model card's temperature is wrong: "
    "input should be greater than or equal to 0.01.",
    "depth": "Version {bad} of linear has a damaged card. The model card is not JSON with finite numbers.",
}


@pytest.mark.parametrize("how", WHY)
def test_a_damaged_version_is_refused_and_the_last_good_one_serves(
    database: Database, predictor: Predictor, watching: Watcher, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "RETRY_INTERVAL", 0.2)
    good = learnt(database)
    model_store.promote(database, "linear", good, "admin")
    wait_until(lambda: serving(predictor) == good, SOON, "the good version")
    bad = broken(database, how)
    model_store.promote(database, "linear", bad, "admin")
    said = wait_until(lambda: watching.refusals, SOON, "the refusal")
    assert said == [f"Version {bad} of linear was passed over, and version {good} serves. {WHY[how]}".format(bad=bad)]
    assert serving(predictor) == good
    afresh = load_predictor(SHIPPED_DIR)  # and an app that starts now falls back on it, too
    Watcher(database, afresh, []).check()
    assert serving(afresh) == good
    model_store.promote(database, "linear", 1, "admin")
    wait_until(lambda: serving(predictor) == 1 and not watching.refusals, SOON, "the version promoted instead")


def broken(database: Database, how: str) -> int:
    """A version of which something is not as it was."""
    weights = {"shape": nudged("cnn"), "numbers": nudged("linear", by=float("nan"))}.get(how, nudged("linear", by=0.5))
    version = learnt(database, weights)
    changes = {"bytes": ("weights", damaged(weights)), "checksum": ("sha256", "0" * 64), "card": ("metrics", "{}")}
    changes["temperature"] = ("metrics", json.dumps(card("linear").to_json() | {"temperature": 1e-300}))
    changes["depth"] = ("metrics", '{"a": ' + "[" * 2000 + "]" * 2000 + "}")
    change = changes.get(how)
    if change:
        with database.transaction() as cursor:
            cursor.execute(f"UPDATE model_versions SET {change[0]} = %s WHERE version = %s", (change[1], version))  # noqa: S608
    return version


def test_a_version_that_was_mended_serves_after_all(
    database: Database, predictor: Predictor, watching: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "RETRY_INTERVAL", 0.2)
    weights = nudged("linear")
    version = learnt(database, weights)
    for content in (damaged(weights), weights):
        with database.transaction() as cursor:
            cursor.execute("UPDATE model_versions SET weights = %s WHERE version = %s", (content, version))
        model_store.promote(database, "linear", version, "admin")
        if content != weights:
            wait_until(lambda: watching.refusals, SOON, "the refusal")
    wait_until(lambda: serving(predictor) == version and not watching.refusals, SOON, "the mended version")


def test_without_a_database_the_shipped_weights_serve_and_with_it_the_active_ones(
    server: EmbeddedServer, predictor: Predictor, database: Database
) -> None:
    register(database, "linear")
    model_store.promote(database, "linear", learnt(database), "admin")
    late = Database(server, retry_seconds=0.1)
    working = Watcher(late, predictor, [])
    working.open()
    assert predictor.predict(np.zeros((28, 28), np.uint8), "linear").model_version == 1
    late.open()
    wait_until(lambda: serving(predictor) == 2, SOON, "the active version")
    with database.transaction() as cursor:  # its connections break, and the next ones hear again
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
        )
    model_store.roll_back(database, "linear", "admin")
    wait_until(lambda: serving(predictor) == 1, SOON, "the swap after the break")
    working.close()
    late.close(stop_server=False)


def test_two_replicas_swap_alike(database: Database, server: EmbeddedServer, watching: Watcher) -> None:
    other, elsewhere = load_predictor(SHIPPED_DIR), Database(server, retry_seconds=0.1)
    elsewhere.open()
    working = Watcher(elsewhere, other, [])
    working.open()
    model_store.promote(database, "linear", learnt(database), "admin")
    wait_until(lambda: serving(other) == 2, SOON, "the swap at the other replica")
    working.close()
    elsewhere.close(stop_server=False)


def test_a_model_that_this_release_lacks_hinders_no_other(database: Database, predictor: Predictor) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO model_versions (model, version, weights, sha256, status) "
            "VALUES ('a-third', 1, 'x', %s, 'active')",
            ("0" * 64,),
        )
    follower = Watcher(database, predictor, [shipped("linear")])
    follower.check()
    assert not follower.refusals
    model_store.promote(database, "linear", learnt(database), "admin")
    follower.check()
    assert serving(predictor) == 2


def test_the_training_of_a_model_that_does_not_serve_is_stored_with_its_card(
    database: Database, predictor: Predictor
) -> None:
    apart = card("cnn").model_copy(update={"architecture": "cnn-small"})
    for _ in range(2):  # as at two starts
        Watcher(database, predictor, [shipped("cnn")], [apart]).check()
    assert [(each.model, each.version, each.card) for each in experiments(database) if each.model == "cnn-small"] == [
        ("cnn-small", None, apart)
    ]
    assert set(predictor.models) == {"cnn", "linear"}
