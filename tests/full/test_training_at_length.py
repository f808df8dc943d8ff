"""What the README says of training, measured again: the accuracy over five seeds, and the race against the textbook."""
# ruff: noqa: T201 - what is measured is printed, for the README

from dataclasses import replace
from statistics import mean, stdev

import pytest
import torch

from benchmarks import time_to_accuracy
from learning.dataset import Mnist
from learning.evaluation import evaluate, fit_temperature
from learning.registry import MODELS
from learning.training import fit

FLOORS = {"linear": 0.926, "cnn": 0.996}

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]


@pytest.mark.parametrize("name", MODELS)
def test_the_recipe_holds_over_five_seeds(mnist: Mnist, name: str) -> None:
    found: list[float] = []
    for seed in range(5):
        config = replace(MODELS[name].recipe, seed=seed)
        torch.manual_seed(seed)
        network = MODELS[name].build(config.dropout)
        history = fit(network, mnist.train, mnist.validation, config)
        measured = evaluate(network, mnist.test, fit_temperature(network, mnist.validation))
        found.append(measured.accuracy)
        print(
            f"{name}, seed {seed}: test {measured.accuracy:.2%}, validation "
            f"{history.epochs[-1].validation_accuracy:.2%}, NLL {measured.nll:.4f}, ECE {measured.ece:.4f}, "
            f"{history.seconds:.0f} s"
        )
    print(f"{name}: {mean(found):.3%} ± {stdev(found):.3%}")
    assert mean(found) > FLOORS[name]


def test_training_is_many_times_faster_than_the_textbook(mnist: Mnist) -> None:
    laps = [time_to_accuracy.sprint(mnist, 0.99, seed) for seed in range(3)]
    slow = next(lap for lap in time_to_accuracy.textbook(mnist, seed=0) if lap.accuracy >= 0.99)
    fast = mean(lap.seconds for lap in laps)
    print(f"99.0 %: {fast:.1f} s against {slow.seconds:.0f} s; accuracies {[lap.accuracy for lap in laps]}")
    assert min(lap.accuracy for lap in laps) > 0.985
    assert slow.seconds / fast > 10
