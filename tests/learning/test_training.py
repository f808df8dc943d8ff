"""fit(): it learns real digits, the same seed gives the same weights, and validation digits teach it nothing."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from learning.classes import NOT_A_DIGIT
from learning.dataset import Digits, Mnist, rows
from learning.networks import ConvNet, Ensemble, LinearNet
from learning.recipes import TrainingConfig
from learning.training import Epoch, Step, accuracy, fit, predict
from support import shipped

QUICK = TrainingConfig(epochs=1, batch_size=64, lr=0.01, synthetic_digits=0, non_digits=0, averaging=0.0)


@pytest.fixture(scope="module")
def some(mnist: Mnist) -> Mnist:
    """The first few of each part."""
    few = (torch.arange(3000), torch.arange(500), torch.arange(1000))
    return Mnist(*(rows(digits, index) for digits, index in zip(mnist, few, strict=True)))


@pytest.fixture(scope="module")
def few(some: Mnist) -> Mnist:
    """Ten steps' worth: enough to see whether two trainings are the same."""
    return some._replace(train=rows(some.train, torch.arange(640)))


def trained(some: Mnist, config: TrainingConfig, kind: type[LinearNet | ConvNet] = LinearNet) -> nn.Module:
    torch.manual_seed(config.seed)
    network = kind(config.dropout)
    fit(network, some.train, some.validation, config)
    return network


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_small_fit_reaches_a_real_accuracy(some: Mnist) -> None:
    torch.manual_seed(0)
    network = ConvNet()
    history = fit(network, some.train, some.validation, replace(QUICK, epochs=2, augmentation=None))
    assert accuracy(network, some.test) > 0.9
    assert history.epochs[-1].validation_accuracy == pytest.approx(accuracy(network, some.validation))
    assert history.epochs[-1].loss < history.epochs[0].loss


def test_the_linear_network_learns_too(some: Mnist) -> None:
    network = trained(some, replace(QUICK, epochs=4, augmentation=None))
    assert accuracy(network, some.test) > 0.84


def test_history_tells_of_every_epoch_and_progress_of_every_batch(some: Mnist) -> None:
    steps: list[Step] = []
    config = replace(QUICK, epochs=2, batch_size=1024)
    history = fit(LinearNet(), some.train, some.validation, config, steps.append)
    assert [e.epoch for e in history.epochs] == [1, 2]
    assert isinstance(history.epochs[0], Epoch)
    assert history.epochs[0].seconds < history.epochs[1].seconds <= history.seconds
    assert [(s.epoch, s.step, s.steps) for s in steps] == [(e, s, 3) for e in (1, 2) for s in (1, 2, 3)]
    assert all(0 <= s.accuracy <= 1 and s.loss > 0 for s in steps)


@pytest.mark.parametrize(
    "change", [{}, {"optimizer": "sgd"}, {"averaging": 0.5}, {"synthetic_digits": 40, "non_digits": 20}]
)
def test_the_same_seed_gives_the_same_weights(few: Mnist, change: dict[str, Any]) -> None:
    config = replace(QUICK, batch_size=256, dropout=0.3, **change)
    kind = ConvNet if "non_digits" in change else LinearNet
    first, again = (trained(few, config, kind) for _ in range(2))
    assert same(first, again)


@pytest.mark.parametrize("count", [10, 64, 65, 150, 330])
def test_any_number_of_steps_will_do(some: Mnist, count: int) -> None:
    history = fit(LinearNet(), rows(some.train, torch.arange(count)), some.validation, QUICK)
    assert history.epochs[0].loss > 0


def test_another_seed_gives_other_weights(few: Mnist) -> None:
    assert not same(trained(few, QUICK), trained(few, replace(QUICK, seed=1)))


def test_dice_thrown_elsewhere_change_nothing(few: Mnist) -> None:
    network = LinearNet()
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    fit(network, few.train, few.validation, QUICK)
    assert torch.equal(torch.rand(1), expected)  # and fit() leaves the caller's own dice alone


def test_validation_digits_teach_nothing(few: Mnist) -> None:
    wrong = few._replace(validation=Digits(few.validation.images, (few.validation.labels + 1) % 10))
    assert same(trained(few, QUICK), trained(wrong, QUICK))


KNOBS: list[dict[str, Any]] = [
    {"lr": 0.001},
    {"optimizer": "sgd"},
    {"batch_size": 128},
    {"weight_decay": 5.0},
    {"augmentation": None},
    {"averaging": 0.5},
    {"label_smoothing": 0.3},
    {"warmup": 0.7},
]


@pytest.mark.parametrize("knob", KNOBS, ids=str)
def test_every_knob_turns_something(few: Mnist, knob: dict[str, Any]) -> None:
    assert not same(trained(few, QUICK), trained(few, replace(QUICK, **knob)))


def test_dropout_is_off_after_training(few: Mnist) -> None:
    network = trained(few, replace(QUICK, dropout=0.5))
    assert not network.training
    assert torch.equal(predict(network, few.test.images), predict(network, few.test.images))


def test_rows_that_are_no_digit_can_be_learned(some: Mnist) -> None:
    noise = Digits(torch.randint(256, (600, 1, 28, 28), dtype=torch.uint8), torch.full((600,), NOT_A_DIGIT))
    mixed = Digits(torch.cat([some.train.images, noise.images]), torch.cat([some.train.labels, noise.labels]))
    network = ConvNet()
    fit(network, mixed, some.validation, replace(QUICK, augmentation=None))
    assert (predict(network, noise.images).argmax(1) == NOT_A_DIGIT).float().mean() > 0.95
    assert accuracy(network, some.test) > 0.8


def test_a_network_without_that_column_says_so_in_a_sentence(some: Mnist) -> None:
    with pytest.raises(ValueError, match="non_digits=0"):
        fit(LinearNet(), some.train, some.validation, TrainingConfig(epochs=1))


def test_fine_tuning_starts_from_the_given_weights(some: Mnist) -> None:
    before = accuracy(shipped.network(), some.test)
    tuned = Ensemble()
    tuned.load_state_dict(shipped.network().state_dict())
    fit(tuned, rows(some.train, torch.arange(512)), some.validation, replace(QUICK, lr=1e-4))
    assert not same(tuned, shipped.network())
    assert accuracy(tuned, some.test) > before - 0.01


def test_predicting_leaves_the_mode_as_it_was(some: Mnist) -> None:
    network = ConvNet().train()
    predict(network, some.test.images[:10])
    assert network.training


def test_an_ensembles_members_are_each_trained(few: Mnist) -> None:
    torch.manual_seed(0)
    ensemble = Ensemble()
    history = fit(ensemble, few.train, few.validation, replace(QUICK, epochs=2))
    assert 0 < history.epochs[-1].train_accuracy <= 1, "of each member's answers"
    alone = [accuracy(member, few.validation) for member in ensemble.members]
    assert min(alone) > 0.2, "neither is left to chance"
