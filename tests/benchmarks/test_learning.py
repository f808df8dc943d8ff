"""The measurement of retraining: who teaches and who is read, what a run learns, and that it goes on where it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.drawings import Drawn, made_up_writers
from benchmarks.learning import Case, Classroom, Fold, Outcome, folds, lessons, measure, read, summarize
from learning.dataset import Mnist
from learning.registry import MODELS
from support.classroom import hasten, small
from support.shipped import shipped


@pytest.fixture(scope="module")
def people() -> dict[str, Drawn]:
    return made_up_writers(6, each=20)


def outcome(case: Case, after: float = 0.01) -> Outcome:
    return Outcome(*case, 0.02, 0.1, 0.004, after, 0.08, 0.005, after < 0.02, 1.0)


def test_everybody_is_read_once_and_never_teaches_then(people: dict[str, Drawn]) -> None:
    parts = folds(people, 3)
    assert sorted(name for fold in parts for name in fold.others) == sorted(people)
    assert all(sorted([*fold.teachers, *fold.others]) == sorted(people) for fold in parts)


def test_a_larger_count_is_the_same_lessons_and_more(people: dict[str, Drawn]) -> None:
    some, more = lessons(people, 50, 1), lessons(people, 150, 1)
    assert (more.digits.images[:50] == some.digits.images).all()
    assert more.people[:50] == some.people
    assert len(more.people) == 150, "120 drawings, some of them drawn again"
    assert len({image.numpy().tobytes() for image in more.digits.images}) > 140, "in another size"
    assert lessons(people, 50, 2).people != some.people


def test_a_run_learns_as_the_app_does(people: dict[str, Drawn], mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)
    quick = replace(MODELS["cnn"].fine_tuning, epochs=1, lr=1e-6, synthetic_digits=100, non_digits=50)
    classroom = Classroom(shipped("cnn"), small(mnist), quick)
    fold = Fold("others", people, made_up_writers(1, each=50))
    case = Case(60, 0, "others")
    found = classroom.run(case, fold)
    assert (found.labels, found.seed, found.fold) == case
    assert found.promoted, "weights that hardly move are not refused"
    assert found.after == pytest.approx(found.before, abs=0.05)
    assert found.mnist_after == pytest.approx(found.mnist_before, abs=0.01)
    ruinous = Classroom(shipped("cnn"), small(mnist), replace(quick, lr=1.0)).run(case, fold)
    assert (ruinous.promoted, ruinous.after) == (False, ruinous.before), "what is refused changes nothing"


def test_it_goes_on_where_it_was(people: dict[str, Drawn], tmp_path: Path) -> None:
    file, ran = tmp_path / "reports" / "learning.jsonl", []

    def run(case: Case, fold: Fold) -> Outcome:
        ran.append((case, fold.name))
        return outcome(case)

    parts = folds(people, 2)
    first = list(measure(parts, [100, 500], 1, run, file))
    assert len(ran) == 4
    file.write_text(file.read_text() + json.dumps({"labels": 7})[:-3])  # ended in the middle of a line
    assert read(file) == first
    file.write_text("".join(json.dumps(vars(each)) + "\n" for each in first))
    assert len(list(measure(parts, [100, 500], 2, run, file))) == 8
    assert len(ran) == 8, "only what was missing"


def test_the_summary_is_of_means() -> None:
    found = summarize([outcome(Case(100, seed, "others"), after) for seed, after in enumerate((0.01, 0.02, 0.015))])
    assert [found.before, found.after, found.mnist_change] == pytest.approx([0.02, 0.015, 0.001])
    assert [found.change, found.nll_change] == pytest.approx([-0.25, -0.2])
    assert found.interval[0] <= found.change <= found.interval[1]
    assert (found.promoted, found.runs) == (2, 3)
