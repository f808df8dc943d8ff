"""What reading pictures promises: digits of people on paper of every kind, MNIST's in other sizes, strangers' files."""
# ruff: noqa: T201 - what is measured is printed, for the README

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import drawings, pictures
from frames.images import decode
from frames.segmentation import in_picture
from learning.dataset import Mnist
from learning.weights import SHIPPED_DIR
from serving.predictor import load_model
from serving.whole_numbers import read_lattice, texts_of
from settings import ROOT
from support.writers import DRAWINGS

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]
PICTURES = Path(os.environ.get("PICTURES", ROOT / "../shared/pictures"))
"""Files whose names end in the digit that they show; another folder is named by the environment's PICTURES."""


@pytest.mark.skipif(not DRAWINGS.exists(), reason="needs drawings of people, with their writers")
def test_paper_of_every_kind_is_told_from_ink() -> None:
    torch.set_num_threads(1)
    judges = [drawn for name, drawn in drawings.by_writer(DRAWINGS).items() if name >= "p16"]
    found = pictures.by_kind(load_model(SHIPPED_DIR, "cnn"), judges, 300)
    for name, kind in found.items():
        print(f"{name}: {kind.marked:.1%}, {kind.plain:.1%} without")
    marked, plain = np.mean(list(found.values()), axis=0)
    print(f"mean: {marked:.2%}, {plain:.2%} without")
    assert marked > 0.98
    assert min(kind.marked for kind in found.values()) > 0.95
    assert marked > plain - 0.01


@pytest.mark.parametrize("how", pictures.ENLARGED)
def test_mnists_digits_are_read_in_every_size(mnist: Mnist, how: str) -> None:
    large = pictures.enlarged(mnist.test.images[:, 0].numpy(), *pictures.ENLARGED[how])
    found = pictures.accuracy(load_model(SHIPPED_DIR, "cnn"), large, mnist.test.labels.tolist())
    print(f"MNIST {how}: {found:.2%}")
    assert found > 0.995


@pytest.mark.skipif(not PICTURES.exists(), reason="needs a folder of pictures whose names end in their digit")
def test_strangers_pictures_are_read() -> None:
    read = pictures.in_folder(load_model(SHIPPED_DIR, "cnn"), PICTURES)
    wrong = {name: digit for name, (meant, digit) in read.items() if digit != meant}
    print(f"{len(read) - len(wrong)} of {len(read)} are read right, not {wrong}")
    assert [name for name in wrong if not name.startswith(pictures.HARD)] == []


@pytest.mark.skipif(not PICTURES.exists(), reason="needs a folder of pictures whose names end in their digit")
def test_whoever_asks_for_numbers_gets_a_single_digit_too() -> None:
    model, read = load_model(SHIPPED_DIR, "cnn"), {}
    for file in sorted(PICTURES.iterdir()):
        if file.stem[-1].isdecimal() and not file.stem.startswith(pictures.HARD):
            lines = read_lattice(in_picture(decode(file.read_bytes())), model.predict_all)
            read[file.name] = texts_of([part.prediction for part in line] for line in lines)
    wrong = {name: texts for name, texts in read.items() if texts != [Path(name).stem[-1]]}
    print(f"{len(read) - len(wrong)} of {len(read)} are read right as numbers, not {wrong}")
    assert wrong == {}
