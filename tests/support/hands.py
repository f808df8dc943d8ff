"""A person whose labels are learned from: drawings of a hand, and the cache that knows it, on a real database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import UUID

import numpy as np

from frames.preprocessing import frame_strokes, to_png
from learning.weights import SHIPPED_DIR
from logger import log_label, log_prediction
from serving.hands import HandCache
from serving.loading import ModelLoader
from serving.predictor import Predictor, ServingModel, load_predictor
from settings import load_settings
from storage.database import Database
from storage.writer import Writer, Written
from support.rows import ME, row
from support.running_app import wait_until

RANDOM = np.random.default_rng(11)


@cache
def shipped() -> Predictor:
    """The shipped models, loaded once."""
    return load_predictor(SHIPPED_DIR)


def serving() -> ServingModel:
    """The shipped model that describes drawings."""
    return shipped().models["cnn"]


def hooked_one() -> np.ndarray:
    """A one with so long a hook, differently each time, that everybody's model reads a 7: (28, 28) uint8."""
    top, x = RANDOM.uniform(-3, 3, 2)
    hook = [(70 + x, 75 + top), (140 + x, 60 + top)]
    return frame_strokes([np.array([*hook, (130 + x, 240 + top)]) + RANDOM.uniform(-2, 2, (3, 2))])


def seven() -> np.ndarray:
    """A seven with a bar through it: (28, 28) uint8."""
    x, y = RANDOM.uniform(-4, 4, 2)
    stroke = np.array([(60 + x, 60), (200 + x, 60 + y), (120, 240 + y)])
    return frame_strokes([stroke, np.array([(100.0, 150 + y), (190.0, 150 + y)])])


@contextmanager
def hand_cache(
    database: Database, folder: Path, predictor: Predictor | None = None, **knobs: int
) -> Iterator[HandCache]:
    """An open cache, with the shipped models or others."""
    settings = load_settings({"DATA_DIR": str(folder)}, folder / "no.env")
    models = ModelLoader(settings, load=lambda _: predictor or shipped())
    models.predictor()
    hands = HandCache(database, models, **knobs)
    hands.open()
    wait_until(lambda: hands.listening, 30, "the connection on which changes are heard")
    yield hands
    hands.close()
    models.close()


def labelled(writer: Writer, frame: np.ndarray, label: int, visitor: str | None = ME) -> tuple[UUID, Future[Written]]:
    """Keep a drawing and its label: the drawing's id, and the label's future."""
    drawing = row(image=to_png(frame), visitor=visitor)
    log_prediction(writer, drawing).result(20)
    return drawing.drawing_id, log_label(writer, drawing.drawing_id, label, visitor or "api")
