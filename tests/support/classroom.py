"""People who draw and say what it is, without a browser: their rows are written as the app writes them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg2.extensions
import pytest
import torch
from torch import nn

from feedback import gate, retraining, screening
from frames.preprocessing import to_png
from learning.dataset import Digits, Mnist, rows
from learning.networks import digit_logits
from learning.training import predict
from logger import PredictionRow, log_label, log_prediction, statements
from storage import model_store
from storage.database import Database
from storage.labels import Rules
from storage.spool import Spool
from storage.writer import Writer
from support.outage import Known
from support.running_app import RunningApp
from support.shipped import card, shipped


def person(name: object) -> str:
    """A visitor's hash."""
    return hashlib.sha256(str(name).encode()).hexdigest()


def small(mnist: Mnist, train: int = 4000, validation: int = 1000, test: int = 500) -> Mnist:
    """A part of MNIST that is soon read through."""
    parts = zip(mnist, (train, validation, test), strict=True)
    return Mnist(*(rows(part, torch.arange(count)) for part, count in parts))


def register(database: Database, model: str) -> int:
    """Store the shipped weights, as the app does when it starts."""
    return model_store.register_shipped(database, shipped(model))


def draw(
    writer: Writer,
    network: nn.Module,
    digits: Digits,
    says: Sequence[int],
    people: Sequence[str | None],
    model: str = "linear",
) -> list[UUID]:
    """Have drawings read by `network` and labelled by their people; the drawings' ids, all of them committed."""
    logits = digit_logits(predict(network, digits.images)) / card(model).temperature
    probabilities = logits.double().softmax(1)
    written, ids = [], []
    for image, row, label, visitor in zip(digits.images, probabilities.tolist(), says, people, strict=True):
        ids.append(uuid4())
        reading = PredictionRow(
            drawing_id=ids[-1],
            predicted_digit=row.index(max(row)),
            confidence=max(row),
            probabilities=tuple(row),
            digit_score=0.99,
            image=to_png(image[0].numpy()),
            source="api",
            visitor=visitor,
            model=model,
            model_version=1,
            elapsed_ms=1.0,
        )
        written.append(log_prediction(writer, reading))
        written.append(log_label(writer, ids[-1], int(label), visitor or "api"))
    for each in written:
        each.result(60)
    return ids


def fill(app: RunningApp, network: nn.Module, digits: Digits, says: Sequence[int], people: Sequence[str]) -> list[UUID]:
    """The same in the database of a running app."""
    dsn = psycopg2.extensions.make_dsn(host=app.socket_dir(), user="postgres", dbname="digits")
    database = Database(Known(dsn))
    database.open()
    assert database.wait_until_ready(60)
    writer = Writer(database, Spool(app.data_dir / "filling.sqlite"), statements(Rules()))
    writer.open()
    try:
        return draw(writer, network, digits, says, people, "cnn")
    finally:
        writer.close()
        database.close(stop_server=False)


# For tests about something else: tenths of a second instead of seconds.
FEWER = ((screening, "TRUSTED", 300), (retraining, "REHEARSAL", 600), (gate, "NON_DIGITS", 100))


def hasten(patch: pytest.MonkeyPatch) -> None:
    """Make the retrainings of this process rehearse and compare less."""
    for module, knob, value in FEWER:
        patch.setattr(module, knob, value)


def damaged(weights: bytes) -> bytes:
    """The same number of bytes, and another content."""
    return weights[:-100] + bytes(100)


def nudged(model: str, by: float = 1e-3) -> bytes:
    """Weights that read all but the same as the shipped ones, and are others."""
    state = torch.load(io.BytesIO(shipped(model).data), weights_only=True)
    last = list(state)[-1]
    state[last] = state[last] + by
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()
