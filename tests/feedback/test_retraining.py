"""From labels to a version: what is trained on, what is held out, and what each outcome leaves behind."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from uuid import UUID

import pytest
import torch

from feedback import retraining, screening
from feedback.retraining import Plan, TooFewLabels, TrainingSet, retrain
from feedback.screening import Screening
from feedback.tolerances import DIGIT_REFUSED_TOLERANCE
from learning import synthetic
from learning.card import RetrainedCard
from learning.classes import NOT_A_DIGIT
from learning.dataset import Digits, Mnist, rows
from learning.networks import digit_evidence
from learning.recipes import TrainingConfig
from learning.registry import MODELS
from learning.training import accuracy, mix, predict
from learning.weights import load_network
from storage import labels, model_store, review, trainings
from storage.database import Database
from storage.experiments import experiments
from storage.labels import Label
from storage.trainings import TrainingUnderWay
from storage.writer import Writer
from support.classroom import draw, hasten, person, register, small
from support.shipped import network, shipped

QUICK = replace(MODELS["linear"].fine_tuning, epochs=1, lr=1e-5)
TRUSTED = screening.TRUSTED
HARMFUL = replace(QUICK, lr=1.0, epochs=2)


@pytest.fixture
def part(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> Mnist:
    """A part of MNIST, and retrainings that rehearse and compare little."""
    hasten(monkeypatch)
    return small(mnist, 2000, 500, 200)


def plan(config: TrainingConfig = QUICK, min_labels: int = 1, dry_run: bool = False) -> Plan:
    return Plan("linear", min_labels, dry_run, config=config)


def label(writer: Writer, mnist: Mnist, count: int = 120, start: int = 0) -> tuple[list[UUID], list[int]]:
    """Labels of ten people on digits that the linear network reads right."""
    digits = rows(mnist.test, torch.arange(2000))
    known = retraining.label_probabilities(network("linear"), digits) > 0.5
    digits = rows(digits, known.nonzero()[:, 0][start : start + count])
    labels = digits.labels.tolist()
    return draw(writer, network("linear"), digits, labels, [person(n % 10) for n in range(count)]), labels


def marks(database: Database, column: str) -> dict[UUID, int | None]:
    with database.transaction() as cursor:
        cursor.execute(f"SELECT drawing_id, {column} FROM predictions")  # noqa: S608
        return dict(cursor.fetchall())


def test_labels_become_a_version_that_serves_and_each_is_used_once(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist
) -> None:
    register(database, "linear")
    ids, _ = label(writer, mnist)
    heard: list[tuple[str, float]] = []
    outcome = retrain(database, part, plan(), lambda stage, done, _: heard.append((stage, done)))
    assert (outcome.promoted, outcome.version) == (True, 2), outcome.reason
    held_out = {drawing for drawing, held in marks(database, "held_out").items() if held}
    assert {drawing for drawing, into in marks(database, "trained_into").items() if into == 2} == set(ids) - held_out
    assert {drawing for drawing, by in marks(database, "judged").items() if by == 2} == held_out
    assert outcome.labels_used == len(ids) - len(held_out)
    assert 10 < len(held_out) < 45, "about a fifth"
    assert list(dict(heard)) == ["screening", "training", "gate", "saving"]
    stored = model_store.load(database, "linear", 2)
    assert accuracy(load_network("linear", stored.data, stored.sha256), part.validation) > 0.88
    assert stored.card == outcome.card
    assert isinstance(stored.card, RetrainedCard)
    assert stored.card.before.version == 1
    assert stored.card.mixing_coefficient == retraining.MIXING_COEFFICIENTS[0]
    assert stored.card.labels_used == outcome.labels_used
    assert [epoch["epoch"] for epoch in stored.card.history or ()] == list(range(1, QUICK.epochs + 1))
    assert (stored.card.seed, stored.card.knobs) == (QUICK.seed, QUICK.as_dict())
    assert stored.card.labels_sha256 != stored.card.held_out_sha256
    with pytest.raises(TooFewLabels, match="0 new approved labels"):
        retrain(database, part, plan())
    assert [(each.stage, each.version) for each in trainings.newest(database)] == [
        ("refused", None),
        ("promoted", 2),
    ]


def test_a_worse_candidate_is_kept_with_figures_and_reason_and_does_not_serve(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist
) -> None:
    register(database, "linear")
    label(writer, mnist)
    outcome = retrain(database, part, plan(HARMFUL))
    assert (outcome.promoted, outcome.version) == (False, 2)
    assert "validation digits" in outcome.reason
    version, parent = model_store.versions(database, "linear")
    assert (version.status, version.reason, version.parent, parent.status) == ("rejected", outcome.reason, 1, "active")
    assert isinstance(version.card, RetrainedCard)
    assert version.card.after.validation.accuracy < version.card.before.validation.accuracy
    assert version.card.mixing_coefficient == retraining.MIXING_COEFFICIENTS[-1], "nor did the smallest one pass"


def test_a_dry_run_changes_nothing_and_leaves_its_card(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist
) -> None:
    register(database, "linear")
    label(writer, mnist)
    outcome = retrain(database, part, plan(dry_run=True))
    assert (outcome.promoted, outcome.version) == (False, None)
    assert outcome.card is not None
    assert outcome.card.after.validation.accuracy > 0.88
    assert len(model_store.versions(database, "linear")) == 1
    assert set(marks(database, "trained_into").values()) == {None}
    assert [(each.stage, each.version) for each in trainings.newest(database)] == [("dry run", None)]
    kept, _ = experiments(database)
    assert kept.card == outcome.card
    again = retrain(database, part, plan(dry_run=True))
    assert again.card is not None
    assert again.card.labels_sha256 == outcome.card.labels_sha256, "it learned from the same labels"


def test_labels_that_come_or_change_meanwhile_stay_for_the_next(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist
) -> None:
    register(database, "linear")
    ids, given = label(writer, mnist)
    held_out = marks(database, "held_out")
    changed = next(drawing for drawing in ids if not held_out[drawing])
    later: list[UUID] = []

    def meddle(stage: str, _done: float, _message: str) -> None:
        if stage == "gate" and not later:
            later.extend(label(writer, mnist, 30, start=200)[0])
            review.relabel(database, [changed], (given[ids.index(changed)] + 1) % 10)

    retrain(database, part, plan(), meddle)
    into = marks(database, "trained_into")
    assert {into[drawing] for drawing in [changed, *later]} == {None}
    assert sum(version == 2 for version in into.values()) == sum(not held_out[drawing] for drawing in ids) - 1
    assert labels.counts(database).unused == 31


def test_what_taught_before_is_rehearsed_and_not_counted_again(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist
) -> None:
    register(database, "linear")
    label(writer, mnist)
    first = retrain(database, part, plan())
    again, _ = label(writer, mnist, 60, start=200)
    second = retrain(database, part, plan())
    assert second.card is not None
    assert second.card.labels_replayed == first.labels_used
    assert second.labels_used == sum(not marks(database, "held_out")[drawing] for drawing in again)


def test_wrong_labels_are_dropped_reported_and_wait(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening, "TRUSTED", TRUSTED)  # the comparison itself is what counts here
    register(database, "linear")
    label(writer, mnist)
    digits = rows(mnist.test, torch.arange(3000, 3040))
    lies = draw(writer, network("linear"), digits, ((digits.labels + 5) % 10).tolist(), [person("liar")] * 40)
    outcome = retrain(database, part, plan())
    assert outcome.card is not None
    dropped = {each.drawing_id for each in outcome.card.labels_dropped}
    assert len(dropped & set(lies)) >= 25
    assert len(dropped - set(lies)) <= 2
    assert {marks(database, "trained_into")[drawing] for drawing in lies} == {None}


def test_too_few_labels_are_refused_in_a_sentence(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist
) -> None:
    register(database, "linear")
    label(writer, mnist, 10)
    with pytest.raises(TooFewLabels, match="There are 10 new approved labels; 50 are needed"):
        retrain(database, part, plan(min_labels=50))
    assert set(marks(database, "trained_into").values()) == {None}


def test_a_second_training_is_refused_while_one_runs(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist
) -> None:
    register(database, "linear")
    with trainings.only_training(database), pytest.raises(TrainingUnderWay):
        retrain(database, part, plan())


def test_of_an_unforeseen_error_people_see_no_details_and_the_log_all(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist, caplog: pytest.LogCaptureFixture
) -> None:
    register(database, "linear")
    label(writer, mnist)

    def fail(stage: str, _done: float, _message: str) -> None:
        if stage == "training":
            raise OSError("/secret/path is full")

    with pytest.raises(OSError, match="secret"):
        retrain(database, part, plan(), fail)
    (ended,) = trainings.newest(database)
    assert (ended.stage, ended.message) == ("failed", "The training failed; the log says why.")
    assert "/secret/path is full" in caplog.text
    with pytest.raises(TooFewLabels):
        retrain(database, part, plan(min_labels=1000))
    assert "1000 are needed" in trainings.newest(database)[0].message


def test_what_is_unexpected_is_copied_most(mnist: Mnist) -> None:
    digits = rows(mnist.test, torch.arange(200))
    expected = retraining.label_probabilities(network("cnn"), digits)
    found = [
        Label(UUID(int=n), int(label), "", frame[0].numpy(), "approved", "trust", "", False, False)
        for n, (frame, label) in enumerate(zip(digits.images, digits.labels, strict=True))
    ]
    found[0] = replace(found[0], label=int((found[0].label + 1) % 10))
    epoch = retraining.training_examples(
        network("cnn"), TrainingSet(found, [], [], Screening([], [], 0)), mnist, seed=0
    )
    taught = epoch.images[: -len(mnist.train.labels)]
    copies = [int((taught == frame).flatten(1).all(dim=1).sum()) for frame in digits.images[:2]]
    assert float(expected[1]) > 0.99
    assert copies == [retraining.COPIES[0][1], retraining.COPIES[-1][1]]


def test_a_model_with_ten_columns_leaves_out_what_is_not_a_digit(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist
) -> None:
    register(database, "linear")
    label(writer, mnist)
    others = synthetic.non_digits(20, torch.Generator().manual_seed(7))
    ids = draw(writer, network("linear"), others, others.labels.tolist(), [person(n) for n in range(20)])
    review.approve(database, ids)
    outcome = retrain(database, part, plan())
    assert outcome.version == 2
    assert {marks(database, column)[drawing] for drawing in ids for column in ("trained_into", "judged")} == {None}


@pytest.fixture
def quick_cnn(monkeypatch: pytest.MonkeyPatch) -> TrainingConfig:
    """A recipe of a second or two for the CNN, and as few rows of labels."""
    monkeypatch.setattr(retraining, "LABEL_ROWS", 600)
    return replace(MODELS["cnn"].fine_tuning, epochs=2, synthetic_digits=100, non_digits=50)


def test_what_is_not_a_digit_teaches_the_digit_score(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist, quick_cnn: TrainingConfig
) -> None:
    """Pictures turned upside down that the model took for digits: an administrator has approved that they are none."""
    register(database, "cnn")
    strange = flipped_fours(mnist)
    ids = draw(writer, network("cnn"), strange, strange.labels.tolist(), [person(n % 10) for n in range(60)], "cnn")
    review.approve(database, ids)
    training_set = retraining.select(database, part, Plan("cnn", 1))
    assert {each.label for each in training_set.new} == {NOT_A_DIGIT}
    tuned, _ = retraining.fine_tune(network("cnn"), shipped("cnn"), training_set, part, quick_cnn, lambda *_: None)
    before, after = (digit_evidence(predict(each, strange.images)).median() for each in (network("cnn"), tuned))
    assert after < before - 2


def flipped_fours(mnist: Mnist, count: int = 60) -> Digits:
    fours = mnist.test.images[mnist.test.labels == 4][:count].flip(2)
    return Digits(fours, torch.full((len(fours),), NOT_A_DIGIT))


def test_a_poison_that_calls_sevens_no_digits_never_serves(
    database: Database, writer: Writer, mnist: Mnist, part: Mnist, quick_cnn: TrainingConfig
) -> None:
    """Even where an administrator has approved every one of the lies by mistake."""
    register(database, "cnn")
    digits = rows(mnist.test, torch.arange(200))
    sevens = mnist.test.images[mnist.test.labels == 7][50:200]
    draw(writer, network("cnn"), digits, digits.labels.tolist(), [person(n % 10) for n in range(200)], "cnn")
    claimed, liars = torch.full((len(sevens),), NOT_A_DIGIT), [person(f"liar {n % 10}") for n in range(len(sevens))]
    lies = draw(writer, network("cnn"), Digits(sevens, claimed), claimed.tolist(), liars, "cnn")
    assert labels.counts(database).pending >= len(lies) > 90, "none is believed at once"
    review.approve(database, lies)
    outcome = retrain(database, part, Plan("cnn", 1, config=quick_cnn))
    assert outcome.card is not None
    served = model_store.active(database, "cnn")
    refused = outcome.card.after.refused or ()
    assert served == 1 or refused[7] <= (outcome.card.before.refused or ())[7] + DIGIT_REFUSED_TOLERANCE, outcome.reason
    most = retraining.MIXING_COEFFICIENTS[0]
    assert outcome.card.mixing_coefficient < most, "the gate has refused what learned most from the lies"


def test_halfway_between_two_networks_lies_halfway() -> None:
    before, after = network("linear"), deepcopy(network("linear"))
    with torch.no_grad():
        for value in after.parameters():
            value.add_(1)
    moved = mix(before, after, 0.25)
    for old, new in zip(before.parameters(), moved.parameters(), strict=True):
        assert torch.allclose(new, old + 0.25)
