"""What a training takes of the memory, however many labels there are."""
# ruff: noqa: T201 - what is measured is printed

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from torch import Generator

from feedback import memory, screening
from frames.preprocessing import to_png
from learning import synthetic
from settings import ROOT
from storage.database import Database
from storage.embedded import EmbeddedServer
from support.classroom import person, register
from support.rows import row

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]

SCREENING = 350  # MiB beyond Python, PyTorch and the model: 190 to 250 were measured
_INSERT = """
INSERT INTO predictions (drawing_id, predicted_digit, true_label, confidence, probabilities, digit_score, image, source,
                         visitor, model, model_version, elapsed_ms, review, labelled_at)
VALUES (%(drawing_id)s, %(predicted_digit)s, %(label)s, %(confidence)s, ARRAY[0, 0, 0, 0, 1, 0, 0, 0, 0, 0], 0.9,
        %(image)s, 'canvas', %(visitor)s, 'cnn', 1, 1, 'approved', now())
"""


def fill(database: Database, count: int) -> None:
    """So many approved labels of as many different drawings, by people of forty drawings each."""
    digits = synthetic.digits(count, Generator().manual_seed(3))
    pictures = ((to_png(image[0].numpy()), int(label)) for image, label in zip(*digits, strict=True))
    with database.transaction() as cursor:
        for n, (picture, label) in enumerate(pictures):
            drawing = row(image=picture, visitor=person(n // 40), predicted_digit=label)
            cursor.execute(_INSERT, vars(drawing) | {"drawing_id": str(drawing.drawing_id), "label": label})


@pytest.mark.parametrize("count", [screening.MAX_LABELS, 10 * screening.MAX_LABELS])
@pytest.mark.usefixtures("mnist")
def test_a_training_stays_within_its_memory(server: EmbeddedServer, database: Database, count: int) -> None:
    register(database, "cnn")
    fill(database, count)
    done = subprocess.run(
        [sys.executable, "tests/support/measured_training.py", server.start()],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "src:tests"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    peaks = {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}
    print(f"{count} labels, MiB: {peaks}")
    assert peaks["screened"] - peaks["before"] <= SCREENING
    assert peaks["trained"] - peaks["before"] <= memory.NEEDED / 2**20
