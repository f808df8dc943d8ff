"""Two versions of a model compared on the same drawings."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from frames.images import NotAnImage
from frames.preprocessing import from_png
from serving.prediction import Prediction
from serving.predictor import ServingModel, load_version
from storage import labels, model_store
from storage.database import Database
from storage.labels import Approved


@dataclass(frozen=True)
class Difference:
    """A drawing that two versions read differently. `label` is what its approved label says."""

    image: bytes
    label: int
    readings: tuple[Prediction, Prediction]


@dataclass(frozen=True)
class Tally:
    """Of `drawings` with approved labels, how many each of two versions read right."""

    drawings: int
    right: tuple[int, int]


@dataclass(frozen=True)
class Comparison:
    """What two versions read in the same drawings; `unseen` are those that no version was trained on."""

    versions: tuple[int, int]
    all: Tally
    unseen: Tally
    differences: list[Difference]


def compare(database: Database, model: str, versions: tuple[int, int], limit: int) -> Comparison:
    """Compare two versions on the `limit` drawings that were approved last.

    Raises NoSuchVersion, ModelMissing for a version that is damaged, and DatabaseAway.
    """
    first, second = (_loaded(database, model, version) for version in versions)
    seen = list(_read(first, second, labels.newest_approved(database, limit)))
    differences = [
        Difference(drawing.image, drawing.label, readings)
        for drawing, readings in seen
        if readings[0].predicted_digit != readings[1].predicted_digit
    ]
    return Comparison(versions, _tally(seen), _tally([each for each in seen if each[0].unseen]), differences)


Seen = tuple[Approved, tuple[Prediction, Prediction]]


def _loaded(database: Database, model: str, version: int) -> ServingModel:
    return load_version(model_store.load(database, model, version))


def _read(first: ServingModel, second: ServingModel, drawings: Iterable[Approved]) -> Iterable[Seen]:
    for drawing in drawings:
        with suppress(NotAnImage):  # a damaged picture says nothing about either
            frame = from_png(drawing.image)
            yield drawing, (first.predict(frame), second.predict(frame))


def _tally(seen: list[Seen]) -> Tally:
    first, second = (sum(readings[n].predicted_digit == drawing.label for drawing, readings in seen) for n in (0, 1))
    return Tally(len(seen), (first, second))
