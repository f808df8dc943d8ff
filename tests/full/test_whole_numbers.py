"""What is promised of whole numbers, by people whom nobody has looked at while it was made: p16-p30 only judge."""
# ruff: noqa: T201 - what is measured is printed, for the README

import pytest
import torch

from benchmarks import drawings
from benchmarks.number_reading import KINDS, interval, measure
from support.hands import serving
from support.writers import DRAWINGS

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]


@pytest.mark.skipif(not DRAWINGS.exists(), reason="needs drawings of people, with their writers")
@pytest.mark.parametrize("kind", KINDS)
def test_peoples_numbers_are_read(kind: str) -> None:
    torch.set_num_threads(1)
    judges = {name: drawn for name, drawn in drawings.by_writer(DRAWINGS).items() if name >= "p16"}
    tally = measure(serving(), judges, 20, kind)
    digits, numbers = (
        float(right.sum() / of.sum())
        for right, of in ((tally.right_digits, tally.digits), (tally.right_numbers, tally.numbers))
    )
    low, high = interval(tally.right_digits, tally.digits)
    print(f"{kind}: {digits:.1%} of digits ({low:.1%} to {high:.1%}), {numbers:.1%} of numbers, {tally.seconds:.3f} s")
    assert digits >= (0.97 if kind.startswith("canvas") else 0.95)
    assert numbers >= (0.90 if kind.startswith("canvas") else 0.0)
    assert tally.seconds < 1
