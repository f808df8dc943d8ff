"""What personal models promise of people whom nobody has looked at while they were made: p16-p30 only judge."""
# ruff: noqa: T201 - what is measured is printed, for the README

import pytest
import torch

from benchmarks import drawings, personal
from benchmarks.personal import CASES
from support.hands import serving
from support.writers import DRAWINGS

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]


@pytest.mark.skipif(not DRAWINGS.exists(), reason="needs drawings of people, with their writers")
def test_ones_own_labels_help_and_nobody_is_read_worse() -> None:
    torch.set_num_threads(1)
    judges = {name: drawn for name, drawn in drawings.by_writer(DRAWINGS).items() if name >= "p16"}
    people = personal.see(serving(), judges.values())
    found = {case.name: personal.measure(people, case) for case in CASES}
    for name, one in found.items():
        low, high = one.interval
        print(
            f"{name}: {one.shared:.2%} -> {one.personal:.2%}, {one.change:+.0%} ({low:+.0%} to {high:+.0%}), "
            f"worst {100 * one.worst:+.2f} in 100, ECE {one.ece:.4f}"
        )
    _, honest, slips, two, many = found.values()
    assert honest.change < -0.25
    assert many.change < -0.5
    for one in found.values():
        assert one.personal <= one.shared
        assert one.worst < 0.01
        assert one.ece < 0.01
    assert slips.change < 0
    assert two.change < 0
    frames = drawings.frames(drawings.canvases(drawings.generated(200)))[:, 0].numpy()
    cost = personal.cost(serving(), people[0], list(frames))
    print(f"{cost.milliseconds:+.3f} ms a reading (median), {cost.megabytes:.0f} MB for 1,000 people")
    assert cost.milliseconds < 1
    assert cost.megabytes < 60
