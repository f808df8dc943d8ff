"""Personal models in memory: there on first use, renewed by every change, bounded, and in nobody's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from frames.preprocessing import to_png
from logger import log_label, log_prediction, remove
from serving import hands as module
from serving.hand_building import Known, build
from serving.hands import HandCache
from serving.personal import PersonalModel
from serving.predictor import Predictor, ServingModel
from storage import hands, review
from storage.database import Database, DatabaseAway
from storage.writer import Writer, Written
from support.hands import hand_cache, hooked_one, labelled, serving, shipped
from support.rows import ME, YOU, row
from support.running_app import wait_until


@pytest.fixture
def cache(database: Database, tmp_path: Path) -> Iterator[HandCache]:
    with hand_cache(database, tmp_path) as cache:
        yield cache


def used(cache: HandCache, visitor: str = ME, model: str = "cnn") -> PersonalModel | None:
    """The personal model that a reading would be given."""
    found: list[PersonalModel | None] = []
    there = threading.Event()

    def use(model: PersonalModel | None) -> None:
        found.append(model)
        there.set()

    cache.with_model(visitor, model, use)
    assert there.wait(10)
    return found[0]


def count(cache: HandCache, visitor: str = ME) -> int:
    """How many labels a reading would profit from."""
    model = used(cache, visitor)
    return len(model.labels) if model else 0


def teach(writer: Writer, cache: HandCache, label: int = 1, visitor: str | None = ME) -> Any:
    """Draw and label, and wait as the page does; the drawing's id."""
    drawing, written = labelled(writer, hooked_one(), label, visitor)
    cache.relearned(written).result(20)
    return drawing


def test_a_label_acts_on_the_very_next_reading(cache: HandCache, writer: Writer) -> None:
    assert used(cache) is None
    for labels in range(1, 6):
        teach(writer, cache)
        assert count(cache) == labels
    assert used(cache, YOU) is None
    assert used(cache, model="linear") is None


def test_any_replica_builds_it_from_the_rows_on_first_use(
    cache: HandCache, database: Database, writer: Writer, tmp_path: Path
) -> None:
    for _ in range(3):
        teach(writer, cache)
    with hand_cache(database, tmp_path / "other") as other:
        assert count(other) == 3
        teach(writer, cache)
        wait_until(lambda: count(other) == 4, 10, "the other replica's news")


def changes() -> dict[str, Callable[[Database, Writer, Any], Any]]:
    return {
        "deleted": lambda _, writer, drawing: remove(writer, drawing, ME).result(20),
        "rejected": lambda database, _, drawing: review.reject(database, [drawing]),
        "forgotten": lambda _database, writer, _drawing: hands.forget(writer, ME).result(20),
    }


@pytest.mark.parametrize("change", changes())
def test_it_follows_what_others_do_to_the_labels(
    cache: HandCache, database: Database, writer: Writer, change: str
) -> None:
    used(cache)
    drawing = teach(writer, cache)
    assert count(cache) == 1
    changes()[change](database, writer, drawing)
    wait_until(lambda: count(cache) == 0, 10, change)


def test_a_changed_label_is_learned_anew(cache: HandCache, database: Database, writer: Writer) -> None:
    used(cache)
    drawing = teach(writer, cache)
    cache.relearned(log_label(writer, drawing, 7, ME)).result(20)
    model = used(cache)
    assert model is not None
    assert model.labels.tolist() == [7]
    review.relabel(database, [drawing], 2)
    wait_until(lambda: getattr(used(cache), "labels", [0])[0] == 2, 10, "the administrator's label")


def test_the_switch_turns_it_off_and_on(cache: HandCache, writer: Writer) -> None:
    used(cache)
    teach(writer, cache)
    for enabled, labels in ((False, 0), (True, 1)):
        cache.relearned(hands.enable(writer, ME, enabled), ME).result(20)
        assert count(cache) == labels
        known = cache.look(ME)
        assert known.enabled is enabled
        assert known.model is not None, "the page shows what is switched off"


def test_a_label_is_acknowledged_at_once_where_nobody_is_known(cache: HandCache, writer: Writer) -> None:
    _, written = labelled(writer, hooked_one(), 1, visitor=None)
    assert cache.relearned(written).result(20).row == (1, "pending", None, False)
    _, written = labelled(writer, hooked_one(), 1)
    assert cache.relearned(written).result(20).row == (1, "pending", ME, True)
    assert cache.size[0] == 0, "who has never been read is not built"
    assert count(cache) == 1


def test_a_failed_label_fails_whoever_waits(cache: HandCache, writer: Writer) -> None:
    drawing = row(image=to_png(hooked_one()))
    log_prediction(writer, drawing).result(20)
    with pytest.raises(RuntimeError):
        cache.relearned(log_label(writer, drawing.drawing_id, 12, ME)).result(20)


def test_a_new_version_has_its_own(database: Database, writer: Writer, tmp_path: Path) -> None:
    """A personal model of the version before is never used: the next reading waits for a new one."""
    predictor = Predictor(dict(shipped().models))
    with hand_cache(database, tmp_path, predictor) as cache:
        used(cache)
        teach(writer, cache)
        before = used(cache)
        newer = ServingModel(replace(serving().info, version=2, sha256="1" * 64), serving().network)
        predictor.serve(newer)
        after = used(cache)
        assert before is not None
        assert after is not None
        assert (before.key, after.key) == (serving().key, newer.key)
        old = predictor.predict_all([hooked_one()], "cnn", [before])[0]
        assert old.personal is None, "nor does a reading that is under way use it"


def test_memory_is_bounded_and_who_was_not_seen_for_longest_goes_first(
    database: Database, writer: Writer, tmp_path: Path
) -> None:
    people = [f"{n:064x}" for n in range(12)]
    with hand_cache(database, tmp_path, max_bytes=12_000) as cache:
        for visitor in people:
            used(cache, visitor)
            teach(writer, cache, visitor=visitor)
        known, size = cache.size
        assert size <= 12_000
        assert 3 < known < 9
        assert count(cache, people[0]) == 1, "it comes back"
        assert cache.size[1] <= 12_000


def test_without_a_database_everybodys_model_answers_at_once(
    cache: HandCache, database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    used(cache)
    teach(writer, cache)

    def away(*_: object) -> Any:
        raise DatabaseAway("The database is away.")

    monkeypatch.setattr(hands, "hands", away)
    assert used(cache, YOU) is None
    assert count(cache) == 1, "who is known stays known"
    monkeypatch.undo()
    _, written = labelled(writer, hooked_one(), 1, YOU)
    written.result(20)
    assert count(cache, YOU) == 1, "what was not found out is not remembered as nothing"


def test_a_change_that_could_not_be_read_is_looked_for_again(
    cache: HandCache, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    used(cache)
    teach(writer, cache)
    failed = threading.Event()

    def busy(*_: object) -> Any:
        failed.set()
        raise DatabaseAway("Every connection is in use.")

    with monkeypatch.context() as for_now:
        for_now.setattr(hands, "hands", busy)
        hands.forget(writer, ME).result(20)
        assert failed.wait(10), "the change is heard"
    wait_until(lambda: count(cache) == 0, 10, "the second look")


def test_what_was_missed_while_nobody_listened_is_found(cache: HandCache, database: Database, writer: Writer) -> None:
    used(cache)
    drawing = teach(writer, cache)
    assert count(cache) == 1
    with database.transaction() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %hands%'")
    remove(writer, drawing, ME).result(20)
    wait_until(lambda: count(cache) == 0, 10, "the news")


def test_a_slow_build_takes_nobodys_model_away(
    cache: HandCache, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for visitor in (ME, YOU):
        used(cache, visitor)
        teach(writer, cache, visitor=visitor)
    go_on = threading.Event()

    def slow(*arguments: Any) -> Known:
        go_on.wait(20)
        return build(*arguments)

    monkeypatch.setattr(module, "build", slow)
    _, written = labelled(writer, hooked_one(), 1)
    cache.relearned(written).result(20)
    known = count(cache), count(cache, YOU)
    go_on.set()
    assert known == (1, 1), "both go by what is known"
    wait_until(lambda: count(cache) == 2, 10, "the new label")


def test_nobody_waits_long_for_a_database_that_does_not_answer(
    cache: HandCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    def frozen(*_: object) -> Any:
        answers.wait(30)
        return {}

    monkeypatch.setattr(hands, "hands", frozen)
    start = time.monotonic()
    assert used(cache) is None
    waited = time.monotonic() - start
    assert module.WAIT * 0.9 <= waited < 5
    start = time.monotonic()
    for n in range(20):
        assert used(cache, f"{n:064x}") is None
    assert time.monotonic() - start < 5, "after one has waited in vain, the others do not"
    answers.set()


def test_what_cannot_be_built_spoils_nobody_elses(
    cache: HandCache, writer: Writer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Known:
        raise ArithmeticError("no")

    used(cache)
    with monkeypatch.context() as broken_for_now:
        broken_for_now.setattr(module, "build", broken)
        teach(writer, cache)
        assert used(cache) is None
    assert "cannot be built" in caplog.text
    teach(writer, cache)
    assert count(cache) == 2


def test_what_is_wanted_while_the_database_is_away_holds_at_once(cache: HandCache, writer: Writer) -> None:
    used(cache)
    teach(writer, cache)
    spooled: Future[Written] = Future()
    spooled.set_result(Written(spooled=True))
    known = cache.look(ME)
    assert cache.switched(spooled, ME, replace(known, enabled=False)).result(5).spooled
    assert count(cache) == 0
    assert not cache.look(ME).enabled
    cache.switched(spooled, ME, Known()).result(5)
    assert cache.look(ME).model is None


def test_labels_that_teach_nothing_leave_the_answer_to_everybodys_model(cache: HandCache, writer: Writer) -> None:
    used(cache)
    for label in (0, 2, 3, 4, 5, 6, 8, 9, 0, 3):
        teach(writer, cache, label)
    assert used(cache) is None
    known = cache.look(ME)
    assert known.model is not None, "the page says so"
    assert not known.model.learned


def test_after_closing_nobody_waits(database: Database, writer: Writer, tmp_path: Path) -> None:
    with hand_cache(database, tmp_path) as cache:
        used(cache)
        teach(writer, cache)
    assert used(cache, YOU) is None
    _, written = labelled(writer, hooked_one(), 1)
    assert not cache.relearned(written).result(5).spooled
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hands")]


def test_many_at_once_all_get_their_own(cache: HandCache, writer: Writer) -> None:
    people = [f"{n:064x}" for n in range(40)]
    for n, visitor in enumerate(people):
        for _ in range(n % 3):
            labelled(writer, hooked_one(), 1, visitor)[1].result(20)
    found: dict[str, int] = {}
    threads = [
        threading.Thread(target=lambda who=visitor: found.update({who: count(cache, who)})) for visitor in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {visitor: n % 3 for n, visitor in enumerate(people)}
