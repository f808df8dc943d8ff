"""A million labelled drawings are exported in little memory, and a model learns from them."""
# ruff: noqa: T201 - what is measured is printed

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
import torch
from torchvision.datasets import MNIST

from datasets.exporting import FORMATS, download, export_to
from learning.dataset import Digits, Mnist, rows
from learning.evaluation import evaluate
from learning.networks import LinearNet
from learning.recipes import TrainingConfig
from learning.training import fit
from storage.database import Database
from storage.labelled import Wanted
from support.collection import collect, is_approved

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

MILLION = 1_200_000  # rows, of which a million are approved
DISTINCT = 3_000  # digits
TAUGHT = 60_000  # drawings that the model learns from, as many as MNIST's
MEGABYTE = 1024**2
MOST = 300 * MEGABYTE


class Memory:
    """The most memory that this process has taken, above what it had at the start."""

    def __init__(self) -> None:
        self.start, self.most = psutil.Process().memory_info().rss, 0

    @contextmanager
    def watched(self) -> Iterator[Memory]:
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                self.most = max(self.most, psutil.Process().memory_info().rss - self.start)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield self
        finally:
            done.set()
            thread.join()


@pytest.fixture
def million(database: Database, mnist: Mnist) -> Database:
    start = time.perf_counter()
    collect(database, rows(mnist.train, torch.arange(DISTINCT)), MILLION)
    print(f"\n{MILLION:,} rows were made in {time.perf_counter() - start:.0f} s")
    return database


def test_a_million_drawings_are_exported_in_little_memory_and_teach_a_model(
    million: Database, mnist: Mnist, tmp_path: Path
) -> None:
    expected = sum(map(is_approved, range(MILLION)))
    assert expected > 980_000
    for format_ in FORMATS:
        gc.collect()
        start, memory = time.perf_counter(), Memory()
        with memory.watched():
            written = sum(export_to(million, Wanted(), [format_], tmp_path / format_))
        size = sum(path.stat().st_size for path in (tmp_path / format_).rglob("*") if path.is_file())
        print(
            f"{format_}: {written:,} drawings in {time.perf_counter() - start:.0f} s, {size / MEGABYTE:,.0f} MB, "
            f"{memory.most / MEGABYTE:.0f} MB of memory above the start"
        )
        assert written == expected
        assert memory.most < MOST
    assert pq.ParquetFile(tmp_path / "parquet" / "digits.parquet").metadata.num_rows == expected
    loads_and_trains(tmp_path / "idx", mnist)
    for format_ in FORMATS:
        streamed(million, format_)


def loads_and_trains(folder: Path, mnist: Mnist) -> None:
    train = MNIST(str(folder), train=True)
    digits = Digits(train.data.unsqueeze(1), train.targets)
    start, network = time.perf_counter(), LinearNet()
    config = TrainingConfig(epochs=1, augmentation=None, synthetic_digits=0, non_digits=0)
    fit(network, rows(digits, torch.arange(TAUGHT)), rows(mnist.validation, torch.arange(1000)), config)
    accuracy = evaluate(network, mnist.test).accuracy
    print(
        f"torchvision loads {len(digits.labels):,} digits to train on; a linear model that learned from {TAUGHT:,} for "
        f"an epoch, in {time.perf_counter() - start:.0f} s, reads {accuracy:.1%} of MNIST's test digits"
    )
    assert accuracy > 0.8


def streamed(database: Database, format_: str) -> None:
    """The same as a download."""
    gc.collect()
    start, memory = time.perf_counter(), Memory()
    with memory.watched():
        size = sum(len(part) for part in download(database, Wanted(), format_).parts)
    print(
        f"{format_}, streamed: {size / MEGABYTE:,.0f} MB in {time.perf_counter() - start:.0f} s, "
        f"{memory.most / MEGABYTE:.0f} MB of memory above the start"
    )
    assert memory.most < MOST
